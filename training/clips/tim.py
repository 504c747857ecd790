"""The temporal interpolation model (Zhou et al., CVPR 2011; for micro-expressions Pfister 2011).

The n frames of a clip are the nodes of a path graph. The eigenvectors of its Laplacian are samples
of smooth courses at t = 1/n, 2/n, ..., 1:

    f_k(t) = sin(pi k t + pi (n - k) / (2 n)),  k = 1 .. n - 1

They span all courses of mean zero, so the frames without their mean are an exact sum of them, and
the sum can be asked for at any t: the frames come out again at their own times, the first and the
last among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, check_ranges
from training.clips.frames import Frames, as_frames


@dataclass(frozen=True, slots=True)
class Tim:
    """As a step: every clip becomes `length` frames long, the 10 of the SMIC baseline if unsaid."""

    length: Annotated[int, Range(2, 1024)] = 10

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray) -> Frames:
        """[length, H, W]. Raises ValueError, see `interpolate`."""
        return interpolate(clip, self.length)


def interpolate(clip: NDArray, length: int) -> Frames:
    """The clip [T, H, W] with `length` frames, evenly spread from its first to its last.

    Raises:
        ValueError: the clip is none, see `as_frames`, or has only one frame.
    """
    frames = as_frames(clip, least=2)
    mixed = weights(len(frames), length) @ frames.reshape(len(frames), -1)
    return np.asarray(mixed.reshape(length, *frames.shape[1:]), dtype=np.float32)


def weights(count: int, length: int) -> NDArray[np.float32]:
    """How much each of `count` frames counts in each of the `length` new ones; rows sum to one."""
    known = _courses(np.arange(1, count + 1) / count, count)
    asked = _courses(np.linspace(1.0 / count, 1.0, length), count)
    return (1.0 / count + 2.0 / count * asked.T @ known).astype(np.float32)


def _courses(t: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """f_k at the times t: [count - 1, len(t)]; at the frames' own times they are orthogonal."""
    k = np.arange(1, count)[:, None]
    return np.sin(np.pi * k * t + np.pi * (count - k) / (2.0 * count))
