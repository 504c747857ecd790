"""What a detector is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from numpy.typing import NDArray

from spotting.motion.coverage import Withheld
from spotting.motion.history import MotionUpdate
from streamer.core.records import Kind, Rejected, Spot

Finding = Spot | Rejected


class MicroDetector(Protocol):
    """Finds micro-expressions in the motion of one face.

    Its attributes are the state that a checkpoint keeps; weights are left out by naming the others
    in `STATE` (see `streamer.core.snapshot.state_of`).
    """

    withheld: ClassVar[Withheld]  # what it leaves alone while a gate holds
    lead_s: ClassVar[float]  # how long it must have seen a face before it judges

    def detect(self, update: MotionUpdate) -> list[Finding]:
        """What has become certain by this frame; by the end where `update.motion` is None."""


MicroFactory = Callable[[int], MicroDetector]  # a detector for the face of this id


@dataclass(frozen=True, slots=True)
class Interval:
    """Times in seconds and the numbers of the nearest frames."""

    onset_s: float
    apex_s: float
    offset_s: float
    onset_frame: int
    apex_frame: int
    offset_frame: int

    @classmethod
    def of(cls, times: NDArray, frames: NDArray, places: tuple[int, int, int]) -> Interval:
        """From places (onset, apex, offset) in times [T] and frame numbers [T]."""
        onset, apex, offset = (float(times[place]) for place in places)
        return cls(onset, apex, offset, *(int(frames[place]) for place in places))

    @property
    def length_s(self) -> float:
        """From onset to offset."""
        return self.offset_s - self.onset_s

    def spot(self, face_id: int, kind: Kind, score: float, regions: tuple[str, ...]) -> Spot:
        """As a spotted movement."""
        return Spot(
            face_id,
            kind,
            self.onset_s,
            self.apex_s,
            self.offset_s,
            self.onset_frame,
            self.apex_frame,
            self.offset_frame,
            round(score, 4),
            regions,
        )

    def rejected(self, reason: str, score: float) -> Rejected:
        """As a movement that is not reported."""
        return Rejected(reason, self.onset_s, self.apex_s, self.offset_s, round(score, 4))
