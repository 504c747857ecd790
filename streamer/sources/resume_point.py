"""Where in a recording to resume, so that it can be checked."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """A frame as an earlier reading of the same recording delivered it."""

    frame: int
    time_s: float
    checksum: int  # of its picture
    plain: bool  # nothing had been repaired or damaged up to there


def checksum(image: NDArray[np.uint8]) -> int:
    """CRC-32 of a picture's bytes."""
    return zlib.crc32(np.ascontiguousarray(image).data)
