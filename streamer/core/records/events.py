"""What was spotted and recognised, and all that became known with one frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streamer.core.records.faces import AlignedFace, MissingFace
from streamer.core.records.frames import Frame
from streamer.core.records.motion import FaceMotion

Kind = Literal["micro", "macro"]
EMOTIONS = ("negative", "positive", "surprise")
OTHER = "other"  # a movement that is none of EMOTIONS
CLASSES = (*EMOTIONS, OTHER)
# Action units of FACS (Ekman and Friesen) that are told, in the order in which they are written.
UNITS = (
    "1", "2", "4", "5", "6", "7", "9", "10", "12", "14", "15", "17", "20", "24", "25/26",
)  # fmt: skip
Side = Literal["L", "R", "both"]


@dataclass(frozen=True, slots=True)
class Spot:
    """One spotted facial movement, before any emotion is assigned."""

    face_id: int
    kind: Kind
    onset_s: float
    apex_s: float
    offset_s: float
    onset_frame: int
    apex_frame: int
    offset_frame: int
    score: float  # peak motion over the threshold that was in force; >= 1
    regions: tuple[str, ...]  # regions that moved, strongest first


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One action unit that moved; left and right are the person's, in a picture not mirrored."""

    unit: str  # one of UNITS
    side: Side
    probability: float  # calibrated, that it moved there; of both sides, that of the weaker one
    intensity: float  # its displacement over that of the strongest unit of the event, 0..1

    @property
    def text(self) -> str:
        """As FACS coders write it: 12, L12, R14."""
        return self.unit if self.side == "both" else self.side + self.unit


def facs_text(units: Iterable[ActionUnit]) -> str:
    """Units in FACS notation, "1+2+L12"; "" for none.

    >>> facs_text([ActionUnit("12", "L", 0.9, 1.0), ActionUnit("6", "both", 0.7, 0.4)])
    '6+L12'
    """
    return "+".join(unit.text for unit in sorted(units, key=lambda own: UNITS.index(own.unit)))


@dataclass(frozen=True, slots=True)
class Recognition:
    """What the recogniser says of one onset-apex pair."""

    emotion: str  # one of EMOTIONS, or OTHER
    probabilities: Mapping[str, float]  # over EMOTIONS and OTHER, sums to 1
    confidence: float  # calibrated probability that `emotion` is right
    units: tuple[ActionUnit, ...] | None = None  # in the order of UNITS; None: the model tells none
    because: str = ""  # those of the units that speak for `emotion`, in FACS notation
    # The emotion whose prototype the units hold (happiness, disgust, ...): a reading of units, not
    # of `probabilities`; None: they hold none, or nobody asked (`--emotions facs`)
    prototype: str | None = None
    # [S, S, 2] onset to apex on the aligned face, head motion removed; None: not asked for
    motion_iod: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    # With it, where the recogniser knows: keypoints of onset and apex [2, K, 2], coordinates -1..1,
    # and how much each place of the aligned face spoke for the emotion, [S, S] in 0..1
    keypoints: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    attention: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Moments:
    """Onset, apex and offset of an event on another clock than that of its spot, in seconds."""

    onset_s: float
    apex_s: float
    offset_s: float


@dataclass(frozen=True, slots=True)
class EmotionEvent:
    """A spotted and recognised movement: what the pipeline emits."""

    spot: Spot
    recognition: Recognition | None  # None: spotting only
    source: str
    emitted_s: float  # stream time at which the event was known
    cut: bool = False  # the pictures broke off before it was certain; its end may be too early
    media: Moments | None = None  # where a player of the file shows it; None: as in `spot`
    day: tuple[str, str, str] | None = None  # time of day of onset, apex and offset, ISO 8601

    @property
    def place(self) -> Moments:
        """Where a player of the file shows it: what subtitles, ELAN and BORIS count by."""
        spot = self.spot
        return self.media or Moments(spot.onset_s, spot.apex_s, spot.offset_s)


@dataclass(frozen=True, slots=True)
class FrameResult:
    """All that became known with one frame: what a pipeline returns and every output is handed.

    `frame` is None where the pictures ended, or broke off for a while: then only `events` is
    filled, with what was still open. After the end of a part there may be `motions` too, that tell
    of frames in it.
    """

    frame: Frame | None
    faces: tuple[AlignedFace, ...] = ()  # lowest id first; empty where no face is seen
    motions: tuple[FaceMotion, ...] = ()  # one per face, in the same order
    events: tuple[EmotionEvent, ...] = ()  # that have become certain
    missing: MissingFace | None = None  # why `faces` is empty, where the tracker can tell


JsonObject = dict[str, Any]
