"""Which emotion falls into which class, per data set and protocol, as the literature has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from streamer.core.errors import UsageError
from streamer.core.records import EMOTIONS

Classes = Literal[3, 5, "native"]
ClassMap = Mapping[str, str]  # emotion as annotated -> class; what is absent is left out

_NEGATIVE = ("anger", "contempt", "disgust", "fear", "negative", "repression", "sad", "sadness")
_POSITIVE = ("happiness", "happy", "positive")

# MEGC 2019 (See et al. 2019): of CASME II, sadness (7 clips) and fear (2) stay out.
_THREE: ClassMap = {
    **dict.fromkeys(_NEGATIVE, "negative"),
    **dict.fromkeys(_POSITIVE, "positive"),
    "surprise": "surprise",
}
_THREE_CASME2: ClassMap = {
    "disgust": "negative",
    "repression": "negative",
    "happiness": "positive",
    "surprise": "surprise",
}

# Five classes: CASME II 246 clips (Yan et al. 2014), SAMM 136 (as in SelfME and others).
FIVE_CLASSES: Mapping[str, tuple[str, ...]] = {
    "casme2": ("happiness", "disgust", "repression", "surprise", "others"),
    "samm": ("anger", "contempt", "happiness", "surprise", "other"),
}

_SPELLINGS = {"happyiness": "happiness", "happyness": "happiness"}


def spelled(emotion: str) -> str:
    """An emotion in lower case, known misspellings put right."""
    name = " ".join(emotion.lower().split())
    return _SPELLINGS.get(name, name)


def class_map(dataset: str, classes: Classes) -> ClassMap | None:
    """The map for one data set; None for "native", where every emotion is its own class.

    Raises:
        UsageError: the literature has no such classes for this data set.
    """
    if classes == "native":
        return None
    if classes == 3:
        return _THREE_CASME2 if dataset == "casme2" else _THREE
    if classes != 5:
        raise UsageError(f"classes {classes!r}: choose 3, 5 or native")
    names = FIVE_CLASSES.get(dataset)
    if names is None:
        raise UsageError(
            f"{dataset} has no five classes in the literature, only {' and '.join(FIVE_CLASSES)} "
            "have: choose 3 or native classes"
        )
    return {name: name for name in names}


def class_names(dataset: str, classes: Classes) -> tuple[str, ...] | None:
    """The fixed list of classes, in the order of the figures; None for "native"."""
    if classes == 3:
        return EMOTIONS
    if classes == 5:
        class_map(dataset, classes)
        return FIVE_CLASSES[dataset]
    return None
