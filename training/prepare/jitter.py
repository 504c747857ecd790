"""Wrong pairs of a clip, as a spotter would give them: onset and apex some frames off."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, Seed, check_ranges
from streamer.core.records import AlignedFace
from streamer.faces.alignment import bring_to_anchor


@dataclass(frozen=True, slots=True)
class Jitter:
    """How wrong, and how many wrong pairs of each clip are kept beside the right one."""

    # onset and apex are off by up to so many, each by itself; 0: no wrong pairs
    frames: Annotated[int, Range(0, 1000)] = 0
    draws: Annotated[int, Range(1, 1000)] = 4
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def name(self) -> str:
        """For the settings of a cache; empty without jitter."""
        return f"{self.frames} frames, {self.draws} draws, seed {self.seed}" if self.frames else ""


def wrong_pairs(
    faces: Mapping[int, AlignedFace], onset: int, apex: int, clip_id: str, jitter: Jitter
) -> NDArray[np.uint8]:
    """Pairs [draws, 2, S, S, 3]; the onset's face under the transform of the apex's.

    Args:
        faces: by frame number, those around the clip too. Of a frame that is not there, the nearest
            is taken; where onset and apex would meet or cross, the next frame is the apex.
        onset, apex: the right frames. What is drawn depends on the seed and `clip_id` alone.
    """
    digest = int.from_bytes(hashlib.sha256(clip_id.encode()).digest()[:4], "big")
    rng = np.random.default_rng([jitter.seed, digest])
    drawn = []
    for _ in range(jitter.draws):
        first, top = rng.integers(-jitter.frames, jitter.frames + 1, 2)
        drawn.append(_pair(faces, *place(sorted(faces), onset + int(first), apex + int(top))))
    return np.stack(drawn)


def place(there: list[int], onset: int, apex: int) -> tuple[int, int]:
    """The frames of those `there` (ascending) nearest to the ones wanted, onset before apex."""
    if len(there) < 2:
        return there[0], there[0]
    numbers = np.array(there)
    first = min(int(np.abs(numbers - onset).argmin()), len(there) - 2)
    second = max(int(np.abs(numbers - apex).argmin()), first + 1)
    return there[first], there[second]


def _pair(faces: Mapping[int, AlignedFace], onset: int, apex: int) -> NDArray[np.uint8]:
    return np.stack([bring_to_anchor(faces[onset], faces[apex]), faces[apex].image])
