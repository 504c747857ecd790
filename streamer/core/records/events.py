"""What was spotted and recognised, and all that became known with one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streamer.core.records.faces import AlignedFace, MissingFace
from streamer.core.records.frames import Frame
from streamer.core.records.motion import FaceMotion

Kind = Literal["micro", "macro"]
EMOTIONS = ("negative", "positive", "surprise")


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
class Recognition:
    """What the recogniser says of one onset-apex pair."""

    emotion: str
    probabilities: Mapping[str, float]  # over EMOTIONS, sums to 1
    confidence: float  # calibrated probability that `emotion` is right
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
