"""The motion of one face at one frame, and how far it can be judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rejected:
    """A movement that was seen and not reported, and why."""

    reason: str
    onset_s: float
    apex_s: float
    offset_s: float
    score: float  # peak motion over the threshold that was in force


class Gate(str, Enum):
    """A reason not to trust the motion of a frame fully; the value is the word that is written."""

    BLINK = "blink"
    GAZE_SHIFT = "gaze shift"
    HEAD_TURN = "head turn"
    COVERED = "covered"
    LIGHT_JUMP = "light jump"
    BORDER = "border"
    SPEECH = "speech"
    REANCHORED = "re-anchored"


_GATE_SEPARATOR = "+"


def gates_to_text(gates: Iterable[Gate]) -> str:
    """The one written form of gates: "blink+speech"; "" for none."""
    return _GATE_SEPARATOR.join([gate.value for gate in gates])


def gates_from_text(text: str) -> tuple[Gate, ...]:
    """The inverse of `gates_to_text`. Raises ValueError for a word that is no gate."""
    return tuple(Gate(word) for word in text.split(_GATE_SEPARATOR)) if text else ()


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a micro-expression of a face could have been reported at an earlier frame, and why
    not.

    `upper` (brows and lids) and `lower` (nose, cheeks, mouth, chin) are "" where most regions of
    that half could be judged, else the reason: the word of a gate, or one of
    `streamer.core.coverage`. An event that touches time in which nothing could be judged is void.
    """

    index: int
    time_s: float
    lasts_us: int  # microseconds until the next frame, see `coverage.lasts_us`
    upper: str
    lower: str


@dataclass(frozen=True, slots=True)
class FrameQuality:
    """How well a face is seen in one frame."""

    gaze_shift_iod: float = 0.0  # how far both irises have just gone to the same side
    cover_change: float = 0.0  # of skin that expressions hardly move; 0: as usual, 0.35: a hand
    brightness: float = 128.0  # mean grey level of the middle of the face, 0..255
    visible: float = 1.0  # share of the face mesh inside the picture
    new_anchor: bool = False  # the alignment was renewed at this frame
    repeated: bool = False  # the picture of the last frame once more: nothing was measured
    gaze_x_iod: float = 0.0  # where both irises lie between the eye corners, > 0: to the right


@dataclass(frozen=True, slots=True)
class MeshReading:
    """What one measured mesh says of a face, the head turned to the front; in IOD."""

    index: int
    time_s: float
    regions_iod: NDArray[np.float32]  # [R, 2], where each region is
    lids_iod: NDArray[np.float32]  # [2], how far each eye is open
    lips_iod: float  # how far the mouth is open
    turn_rad: NDArray[np.float64]  # [3], how the head is turned from its rest: a rotation vector


@dataclass(frozen=True, slots=True)
class FaceMotion:
    """All that is measured of one face at one frame, against that face's quiet reference."""

    index: int
    time_s: float
    face_id: int
    displacement_iod: NDArray[np.float32]  # [R, 2] per region, head motion removed
    # path of the head in aligned pixels, x and y: `head_iod` in the scale of the aligned face
    head_px: tuple[float, float]
    blink: float  # eyelid change, 0 (as usual) upwards
    gates: tuple[Gate, ...] = ()  # why this frame is not fully trusted
    rejected: tuple[Rejected, ...] = ()  # movements about which this frame brought the decision
    # [6] path of the head, continued across references: x, y, scale, roll, yaw, pitch (IOD, rad)
    head_iod: NDArray[np.float64] = field(default_factory=lambda: np.zeros(6))
    quality: FrameQuality = FrameQuality()
    reference_age_s: float = 0.0  # since the quiet reference was taken
    mesh: MeshReading | None = None  # the last that was measured, at this frame or before
    judged: tuple[Judged, ...] = ()  # earlier frames of which this frame made it certain
