import cv2
import numpy as np
import pytest

from streamer.core.records import MissingFace, NoFace
from streamer.faces.absence import LastClue, explain
from streamer.faces.finder import Sighting
from streamer.faces.known_face import known_face

NOBODY = Sighting()


def picture(mean, spread=0.0):
    rng = np.random.default_rng(0)
    coarse = rng.normal(mean, spread, (9, 16, 3))
    return np.clip(np.kron(coarse, np.ones((20, 20, 1))), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("image", "seen", "missing"),
    [
        (picture(0), NOBODY, MissingFace(NoFace.DARK, 0.0)),
        (picture(255), NOBODY, MissingFace(NoFace.FLAT, 255.0)),
        (picture(128), NOBODY, MissingFace(NoFace.FLAT, 128.0)),
        (picture(120, 50), NOBODY, MissingFace(NoFace.NOTHING, 0.0)),
        (picture(120, 50), Sighting(best=0.64), MissingFace(NoFace.NOTHING, 0.64)),
        (picture(120, 50), Sighting(small_px=28.04), MissingFace(NoFace.SMALL, 28.0)),
        (picture(120, 50), Sighting(best=0.8, turned_deg=-90), MissingFace(NoFace.TURNED, -90)),
        (picture(120, 50), Sighting(best=0.6, turned_deg=90), MissingFace(NoFace.NOTHING, 0.6)),
    ],
)
def test_the_reason_by_picture_and_search(image, seen, missing):
    assert explain(image, seen) == missing


def test_a_dark_picture_with_a_lamp_in_it_is_not_called_dark():
    image = picture(6)
    image[:60, :140] = 240
    assert explain(image, NOBODY).reason is not NoFace.DARK


def test_a_blurred_picture_is_out_of_focus():
    sharp = known_face()
    assert explain(sharp, NOBODY).reason is NoFace.NOTHING
    blurred = cv2.GaussianBlur(sharp, (0, 0), 0.04 * sharp.shape[1])
    assert explain(blurred, NOBODY).reason is NoFace.BLURRED
    assert explain(blurred, Sighting(small_px=28.0)).reason is NoFace.SMALL


def test_a_clue_is_remembered_while_the_other_views_are_looked_at():
    nothing, small = MissingFace(NoFace.NOTHING, 0.1), MissingFace(NoFace.SMALL, 30.0)
    dark = MissingFace(NoFace.DARK, 3.0)
    clue = LastClue()
    assert clue.among(nothing, 0.0) == nothing
    assert clue.among(small, 0.25) == small
    assert clue.among(nothing, 0.5) == small
    assert clue.among(dark, 0.75) == dark
    assert clue.among(nothing, 5.2) == small
    assert clue.among(nothing, 5.3) == nothing
