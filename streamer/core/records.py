"""The records that cross rooms: frozen, with units in the names.

Coordinates are image coordinates: x to the right, y down. "IOD" is the inter-ocular distance, the
distance between the two eye centres of the same face, so a motion of 0.02 IOD means the same at any
resolution and at any distance from the camera.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from streamer.core.day_clock import DayClock
from streamer.core.pictures import Picture, RgbOnDemand, held

Kind = Literal["micro", "macro"]
HALF_MS = 0.0005
EMOTIONS = ("negative", "positive", "surprise")


@dataclass(frozen=True)
class Frame:
    """One decoded frame. `time_s` is the time of capture, from the first frame of the stream.

    Made with an RGB array, or with a decoded picture that becomes one at the first look at `image`.
    """

    index: int
    time_s: float
    if TYPE_CHECKING:
        image: NDArray[np.uint8]  # [H, W, 3] RGB
    else:
        image: NDArray[np.uint8] = RgbOnDemand()
    media_s: float | None = None  # where a player of the file shows it; None: at `time_s`

    @property
    def picture(self) -> Picture:
        """What it was made with."""
        return held(self)

    @classmethod
    def of(cls, index: int, time_s: float, picture: Picture, media_s: float | None = None) -> Frame:
        """A frame with a picture that may not be RGB yet."""
        return cls(index, time_s, cast(Any, picture), media_s)

    def moved_to(self, index: int, time_s: float, media_s: float | None = None) -> Frame:
        """The same picture at another place in a stream."""
        return Frame.of(index, time_s, held(self), media_s)


@dataclass(frozen=True, slots=True)
class Loss:
    """A live source was lost after the frame at `time_s`; if more frames come, there is a gap."""

    time_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Face:
    """One face in one frame."""

    face_id: int
    box_px: tuple[float, float, float, float]  # x0, y0, x1, y1
    landmarks_px: NDArray[np.float32]  # [468, 3]: x, y, relative depth (all in pixels)
    score: float  # 0..1, how sure the tracker is
    measured: bool = True  # False: carried over from the last measured frame


@dataclass(frozen=True)
class AlignedFace:
    """A face warped into the canonical square by the held transform number `anchor`."""

    index: int
    time_s: float
    if TYPE_CHECKING:
        image: NDArray[np.uint8]  # [S, S, 3] RGB
    else:
        image: NDArray[np.uint8] = RgbOnDemand()
    face: Face
    anchor: int
    frame_to_face: NDArray[np.float32]  # [2, 3], frame pixels -> aligned pixels
    landmarks_px: NDArray[np.float32]  # [468, 3] in aligned pixels, at the time of the anchor
    visible: float = 1.0  # share of the face mesh inside the picture

    @property
    def picture(self) -> Picture:
        """What it was made with: an RGB array, or what `image` is made of."""
        return held(self)


class NoFace(str, Enum):
    """Why no face was found in a frame; the value is the word that is written.

    Sentences and cures are in `streamer.core.no_face`.
    """

    DARK = "too dark"
    FLAT = "over-exposed or flat"
    SMALL = "too small"
    TURNED = "perhaps turned"
    BLURRED = "out of focus"
    NOTHING = "nothing like a face"


@dataclass(frozen=True, slots=True)
class MissingFace:
    """Why a frame has no face, as far as its picture tells, with what was measured.

    `value`: DARK and FLAT the mean brightness 0..255, SMALL the width of the largest that looked
    like a face in pixels, TURNED its roll in degrees, BLURRED the sharpness (usual pictures have
    0.05 to 0.2), NOTHING the best confidence 0..1.
    """

    reason: NoFace
    value: float | None = None  # None: not measured


@dataclass(frozen=True, slots=True)
class TrackedFaces:
    """The faces of one frame, aligned: what the first half of a pipeline hands to the second."""

    faces: tuple[AlignedFace, ...] = ()  # lowest id first; empty where no face is seen
    missing: MissingFace | None = None  # why it is empty; None: there are faces, or nobody knows


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


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a recording that is asked for: start_s <= time < end_s, to half a millisecond.

    Frames from before and after it may be delivered too: to warm up, and to see events out.
    """

    start_s: float = 0.0
    end_s: float = float("inf")

    def place(self, time_s: float) -> Literal[-1, 0, 1]:
        """-1: before the part, 0: in it, 1: after it. Times that are printed have milliseconds."""
        if time_s < self.start_s - HALF_MS:
            return -1
        return 1 if time_s >= self.end_s - HALF_MS else 0


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its first frame; counts and rates are only claims."""

    name: str  # credentials removed
    kind: Literal["file", "images", "pipe", "camera", "network"]
    live: bool
    width_px: int
    height_px: int
    declared_fps: float | None
    declared_frames: int | None
    declared_duration_s: float | None
    part: Part | None = None  # None: all of it
    capture_fps: float | None = None  # by which times are given; None: by the container's times
    starts_at: DayClock | None = None  # the time of day of the first frame, where asked for

    @property
    def expected_s(self) -> float | None:
        """How long it lasts in time of capture, as far as the header says."""
        if self.capture_fps and self.declared_frames:
            return self.declared_frames / self.capture_fps
        if self.capture_fps and self.declared_fps and self.declared_duration_s:
            return self.declared_duration_s * self.declared_fps / self.capture_fps
        if self.declared_duration_s:
            return self.declared_duration_s
        if self.declared_frames and self.declared_fps:
            return self.declared_frames / self.declared_fps
        return None


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What happened while a source was read; a snapshot, valid at any time."""

    frames: int  # delivered
    dropped: int  # live only: oldest frames thrown away
    reconnects: int
    truncated: bool
    repairs: Mapping[str, int]  # e.g. {"late_first_pts": 1, "backward_pts": 3}
    errors: tuple[str, ...]  # sentences


JsonObject = dict[str, Any]
