"""What units are read as, by tables made by hand from the annotations of real micro-expressions."""

from __future__ import annotations

from itertools import combinations

import pytest

from recognition.readings import (
    ACCOMPANYING,
    GOING_ALONG,
    PROTOTYPES,
    SPEAKING,
    because,
    class_of,
    is_contempt,
    prototype,
)
from streamer.core.records import EMOTIONS, UNITS, ActionUnit, facs_text


def units(text: str) -> list[ActionUnit]:
    """Of FACS notation, 4+7 or L12."""
    found = []
    for one in text.split("+") if text else []:
        side = one[0] if one[0] in "LR" else "both"
        found.append(ActionUnit(one.lstrip("LR"), side, 0.9, 1.0))  # type: ignore[arg-type]
    return found


# The commonest combinations of each class in DFME (2,629 clips) and in CASME II. Left out is what
# occurs in two classes about as often: 12 on both sides, and 24 and 6 among the positive ones.
OF_DATA_SETS = {
    "negative": ("4", "4+7", "7", "24", "14", "17", "4+5", "14+24", "L12", "R12", "L14", "R14",
                 "10", "9", "15", "4+9", "4+10", "15+17"),
    "surprise": ("1+2+5", "1+2", "5", "2", "1", "1+2+25/26", "1+2+7"),
    "positive": ("6+12", "12", "12+24", "6", "12+14", "12+15", "12+17", "10+12", "6+7+12"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("emotion", "text"), [(name, text) for name, own in OF_DATA_SETS.items() for text in own]
)
def test_what_data_sets_have_most_is_read_as_its_class(emotion: str, text: str) -> None:
    assert class_of(units(text)) == emotion
    speaking = because(emotion, units(text))
    assert speaking and set(speaking) <= set(units(text))


@pytest.mark.parametrize("text", ["", "25/26", "4+12", "1+2+12", "9+12", "1+4+6+12", "6+7", "6+10"])
def test_what_fits_no_class_or_two_is_read_as_none(text: str) -> None:
    assert class_of(units(text)) is None


def test_brows_decide_about_lids() -> None:
    """Lids that are raised and tightened at once are a glare, below raised brows a surprise."""
    assert class_of(units("5+7")) == "negative"
    assert class_of(units("1+2+5+7")) == class_of(units("1+7")) == "surprise"
    assert class_of(units("1+2+4+5")) == "negative"  # drawn together as well: fear


@pytest.mark.parametrize(
    ("emotion", "text", "speaking"),
    [
        ("surprise", "1+2+5", "1+2+5"),
        ("surprise", "1+2+L7", "1+2"),
        ("negative", "1+4+7", "4+7"),
        ("negative", "L12", "L12"),
        ("negative", "L12+L14", "L12+L14"),
        ("negative", "12", ""),  # on both sides it speaks for nothing negative
        ("positive", "6+12+24", "6+12"),
        ("positive", "L12", "L12"),
        ("other", "4+12", ""),
        ("surprise", "", ""),
    ],
)
def test_because(emotion: str, text: str, speaking: str) -> None:
    assert facs_text(because(emotion, units(text))) == speaking


# EMFACS and the objective classes of Davison, Merghani and Yap (2018), without units not told.
PROTOTYPES_BY_HAND = {
    "happiness": ("12", "6+12", "6+7+12", "7+12", "6+12+25/26", "12+14", "6+12+24"),
    "surprise": ("1+2", "1+2+5", "1+2+25/26", "1+2+5+25/26"),
    "fear": ("1+2+4", "1+2+4+5", "1+2+4+5+20+25/26", "5+20", "1+2+5+20"),
    "sadness": ("1+4", "1+4+15", "1+4+15+17", "6+15", "15", "15+17"),
    "anger": ("4+7", "4+5", "4+5+7", "4+5+7+10+25/26", "4+5+7+17+24", "17+24", "4+6+7", "4+24"),
    "disgust": ("9", "10", "4+9", "4+7+9", "4+9+17", "4+7+10", "4+5+7+9", "7+10", "9+17", "10+17"),
    "contempt": ("L12", "R12", "L14", "R14", "L12+L14"),
}


@pytest.mark.parametrize(
    ("emotion", "text"), [(name, text) for name, own in PROTOTYPES_BY_HAND.items() for text in own]
)
def test_prototypes(emotion: str, text: str) -> None:
    assert prototype(units(text)) == emotion


@pytest.mark.parametrize(
    "text", ["", "4", "7", "24", "14", "5", "25/26", "4+12", "4+7+12", "9+12", "1+2+12", "1+4+9"]
)
def test_single_units_that_say_little_and_blends_hold_no_prototype(text: str) -> None:
    assert prototype(units(text)) is None


def test_only_one_side_and_nothing_else_is_contempt() -> None:
    assert not is_contempt([])
    assert not is_contempt(units("12")) and not is_contempt(units("L12+6"))
    assert prototype(units("6+L12")) == "happiness" and class_of(units("6+L12")) == "positive"


def test_every_prototype_can_be_read_and_goes_with_itself() -> None:
    known = set(UNITS)
    for emotion, own in PROTOTYPES:
        assert own <= known and own <= GOING_ALONG[emotion]
        assert prototype([ActionUnit(unit, "both", 1.0, 1.0) for unit in own]) == emotion
    for table in (SPEAKING, ACCOMPANYING):
        assert tuple(table) == EMOTIONS and all(own <= known for own in table.values())


def test_readings_agree_wherever_both_are_sure() -> None:
    """All sets of up to three: happiness is positive, surprise surprise, the rest negative."""
    for size in (1, 2, 3):
        for names in combinations(UNITS, size):
            both = [ActionUnit(name, "both", 1.0, 1.0) for name in names]
            emotion, read = class_of(both), prototype(both)
            if emotion is None or read is None:
                continue
            wanted = {"happiness": "positive", "surprise": "surprise"}.get(read, "negative")
            assert emotion == wanted, (names, read)


def test_units_that_classes_share_speak_for_none_twice() -> None:
    for one, other in combinations(EMOTIONS, 2):
        assert not SPEAKING[one] & SPEAKING[other]
