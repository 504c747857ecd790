"""The records of spotting benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

from streamer.core.records import Kind

MICRO_LONGEST_S = 0.5


@dataclass(frozen=True, slots=True)
class SpotRow:
    """One annotated or spotted movement; frames are inclusive, in the data set's own numbers."""

    video: str
    onset: float
    offset: float
    apex: float | None = None
    kind: Kind | None = None
    emotion: str = ""
    source: str = ""  # file and row, for messages
    apex_s: float | None = None  # where it is known finer than to the frame
    strength_iod: float | None = None  # of the motion, where it is known (synthetic recordings)

    @property
    def reversed(self) -> bool:
        """Whether it ends before it begins."""
        return self.offset < self.onset


def kind_by_length(row: SpotRow, fps: float) -> Kind:
    """Micro up to half a second, the inclusive number of frames counted."""
    return "micro" if (row.offset - row.onset + 1) / fps <= MICRO_LONGEST_S + 1e-9 else "macro"
