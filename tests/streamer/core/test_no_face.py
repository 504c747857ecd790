import pytest

from streamer.core.no_face import CURES, no_face_sentence, no_face_text
from streamer.core.records import MissingFace, NoFace


def test_a_sentence_names_the_value_and_the_cure() -> None:
    missing = MissingFace(NoFace.DARK, 6.3)
    assert no_face_text(missing) == "too dark (mean brightness 6 of 255)"
    assert no_face_sentence(missing) == (
        "too dark (mean brightness 6 of 255): more light on the face"
    )


@pytest.mark.parametrize("reason", NoFace)
def test_every_reason_has_a_cure_with_and_without_a_value(reason: NoFace) -> None:
    assert no_face_sentence(MissingFace(reason)) == f"{reason.value}: {CURES[reason]}"
    assert "(" in no_face_text(MissingFace(reason, 90.0))
