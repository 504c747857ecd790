"""What combinations of action units are read as: the three classes, and prototypes of emotions.

A class follows the units by which data sets of micro-expressions label their clips (CASME II, Yan
et al. 2014; DFME, Zhao et al. 2023). A prototype follows the tables of EMFACS (Ekman, Friesen and
Hager, FACS Investigator's Guide, 2002), shortened to what micro-expressions show of them, as the
objective classes of Davison, Merghani and Yap (J. Imaging 4(10), 2018) are. Both are readings of
movements, not of what a person feels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamer.core.records import ActionUnit

# A unit speaks for a class; those that several classes share speak for none.
SPEAKING: Mapping[str, frozenset[str]] = {
    "negative": frozenset({"4", "7", "9", "10", "14", "15", "17", "20", "24"}),
    "positive": frozenset({"12", "6"}),
    "surprise": frozenset({"1", "2", "5"}),
}
# These go along with a class without speaking for it.
ACCOMPANYING: Mapping[str, frozenset[str]] = {
    "negative": frozenset({"1", "2", "5", "6", "25/26"}),
    "positive": frozenset({"7", "10", "14", "15", "17", "24", "25/26"}),  # suppressed smiles too
    "surprise": frozenset({"7", "25/26"}),
}
CONTEMPT = frozenset({"12", "14"})  # on one side

# The first that fits wholly is taken, so longer ones come first; the nose and the upper lip before
# the brows and lids that they pull along.
PROTOTYPES: tuple[tuple[str, frozenset[str]], ...] = (
    ("fear", frozenset({"1", "2", "4", "5"})),
    ("surprise", frozenset({"1", "2", "5"})),
    ("fear", frozenset({"1", "2", "4"})),
    ("sadness", frozenset({"1", "4", "15"})),
    ("happiness", frozenset({"6", "12"})),
    ("disgust", frozenset({"9"})),
    ("anger", frozenset({"4", "5", "7"})),
    ("disgust", frozenset({"10"})),
    ("anger", frozenset({"4", "5"})),
    ("anger", frozenset({"4", "7"})),
    ("anger", frozenset({"4", "24"})),
    ("anger", frozenset({"17", "24"})),
    ("sadness", frozenset({"1", "4"})),
    ("sadness", frozenset({"6", "15"})),
    ("sadness", frozenset({"15", "17"})),
    ("surprise", frozenset({"1", "2"})),
    ("fear", frozenset({"5", "20"})),
    ("happiness", frozenset({"12"})),
    ("sadness", frozenset({"15"})),
)
# What may move with a prototype; with any other unit it is a blend, and is not read.
GOING_ALONG: Mapping[str, frozenset[str]] = {
    "fear": frozenset({"1", "2", "4", "5", "7", "20", "25/26"}),
    "surprise": frozenset({"1", "2", "5", "7", "25/26"}),
    "sadness": frozenset({"1", "4", "6", "7", "14", "15", "17", "24", "25/26"}),
    "happiness": frozenset({"6", "12"}) | ACCOMPANYING["positive"],
    "disgust": frozenset({"4", "5", "6", "7", "9", "10", "14", "15", "17", "24", "25/26"}),
    "anger": frozenset({"4", "5", "6", "7", "10", "14", "17", "24", "25/26"}),
}


def class_of(units: Sequence[ActionUnit]) -> str | None:
    """The class that a set of units is read as; None: it fits no class, or several.

    >>> class_of([ActionUnit("1", "both", 0.9, 1.0), ActionUnit("2", "both", 0.9, 0.8)])
    'surprise'
    """
    if not units:
        return None
    if is_contempt(units):
        return "negative"
    names = {unit.unit for unit in units}
    fits = [
        emotion
        for emotion, speaking in SPEAKING.items()
        if names & speaking and names <= speaking | ACCOMPANYING[emotion]
    ]
    if fits == ["negative", "surprise"]:  # 7 with 1, 2, 5: a glare, unless the brows are raised
        return "surprise" if names & {"1", "2"} else "negative"
    return fits[0] if len(fits) == 1 else None


def because(emotion: str, units: Sequence[ActionUnit]) -> tuple[ActionUnit, ...]:
    """The units that speak for a class, in their order; none where nothing does."""
    if emotion == "negative" and is_contempt(units):
        return tuple(units)
    speaking = SPEAKING.get(emotion, frozenset())
    return tuple(unit for unit in units if unit.unit in speaking)


def prototype(units: Sequence[ActionUnit]) -> str | None:
    """The emotion whose prototype the units hold: happiness, disgust, contempt and so on.

    None where they hold none, or where another unit makes it a blend.

    >>> prototype([ActionUnit("6", "both", 0.9, 0.8), ActionUnit("12", "both", 0.9, 1.0)])
    'happiness'
    """
    if is_contempt(units):
        return "contempt"
    names = {unit.unit for unit in units}
    held = (emotion for emotion, own in PROTOTYPES if own <= names <= GOING_ALONG[emotion])
    return next(held, None)


def is_contempt(units: Sequence[ActionUnit]) -> bool:
    """Whether the units are the lip corner puller or the dimpler on one side, and nothing else."""
    return bool(units) and all(u.unit in CONTEMPT and u.side != "both" for u in units)
