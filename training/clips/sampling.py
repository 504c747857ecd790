"""Fewer frames of a clip, or more of the same: evenly spread, or drawn.

The simple ways that sparse sampling is compared with (Le Ngo et al., "Sparsity in dynamics").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, Seed, check_ranges
from training.clips.frames import Frames, as_frames


@dataclass(frozen=True, slots=True)
class Uniform:
    """As a step."""

    length: Annotated[int, Range(2, 1024)] = 10

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray) -> Frames:
        """[length, H, W]. Raises ValueError, see `as_frames`."""
        return sample_uniformly(clip, self.length)


@dataclass(frozen=True, slots=True)
class Random:
    """As a step; what is drawn depends on the seed and the clip's length alone."""

    length: Annotated[int, Range(2, 1024)] = 10
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray) -> Frames:
        """[length, H, W]. Raises ValueError, see `as_frames`."""
        return sample_randomly(clip, self.length, self.seed)


def sample_uniformly(clip: NDArray, length: int) -> Frames:
    """`length` frames from the first to the last; of a shorter clip some come more than once."""
    frames = as_frames(clip)
    return frames[np.rint(np.linspace(0, len(frames) - 1, length)).astype(int)]


def sample_randomly(clip: NDArray, length: int, seed: int = 0) -> Frames:
    """`length` frames in their order; no frame twice before every frame is there once."""
    frames = as_frames(clip)
    rng = np.random.default_rng([seed, len(frames)])
    whole, rest = divmod(length, len(frames))
    drawn = rng.choice(len(frames), rest, replace=False)
    return frames[np.sort(np.concatenate([np.tile(np.arange(len(frames)), whole), drawn]))]
