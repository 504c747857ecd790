"""Settings of FRL-DGT's displacement generation module. Light: no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from streamer.core.ranges import Range, check_ranges

LATTICE = 4  # the displacement is generated on a lattice of a quarter of the face's side
SMALLEST_STEP = 16  # the encoder halves the face four times


@dataclass(frozen=True, slots=True)
class DgmConfig:
    """Size of the module. The paper's sizes are not public to us: these are ours."""

    size_px: Annotated[int, Range(16, 1024)] = 128  # side of the aligned faces
    width: Annotated[int, Range(2, 256)] = 16  # channels of the first layer; deeper 2, 3, 4 times

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.size_px % SMALLEST_STEP:
            raise ValueError(
                f"size_px is {self.size_px}: the displacement module needs a multiple of "
                f"{SMALLEST_STEP}"
            )
