"""Global Lagrangian motion magnification (Le Ngo et al., IEEE Trans. Affective Computing 2018).

The flow from the onset to every frame is written in the principal components of the whole clip's
flow, the first k of them are kept (k = 9 in the tutorial's picture) and multiplied, and the onset
is warped by it: I_T = warp(I_R, sigma (u, v)). The text leaves the flow open; here it is one of
`recognition.motion.methods`. The mean over time is not taken out before, so that a multiple of the
components is a multiple of the motion since the onset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.config import MapConfig
from recognition.motion.methods import motion_method
from streamer.core.ranges import Range, check_ranges
from training.clips.frames import Frames, as_frames, as_grey

_ROUNDS = 6  # of the search for where a pixel came from

Flow = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Glmm:
    """As a step; for square frames."""

    factor: Annotated[float, Range(0.0, 1000.0)] = 4.0  # sigma; 1 leaves the motion as it is
    components: Annotated[int, Range(1, 128)] = 9
    flow: Literal["dis", "farneback", "tvl1", "lucas-kanade", "horn-schunck"] = "dis"

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray) -> Frames:
        """[T, S, S] as long as before; the first frame as it was.

        Raises:
            ValueError: the clip is none, see `as_frames`, or not square.
        """
        flow = motion_method(self.flow, MapConfig(aligned_size_px=clip.shape[-1]))
        return magnify_globally(clip, self.factor, self.components, flow)


def magnify_globally(clip: NDArray, factor: float, components: int, flow: Flow) -> Frames:
    """The onset [H, W] of the clip [T, H, W] under `factor` times the clip's principal motion.

    Args:
        flow: motion [H, W, 2] in pixels between two grey pictures.
    """
    frames, grey = as_frames(clip), as_grey(clip)
    if len(frames) < 2:
        return frames
    motions = np.stack([flow(grey[0], now) for now in grey[1:]])
    kept = np.float32(factor) * principal(motions, components)
    return np.stack([frames[0], *(move(frames[0], motion) for motion in kept)])


def principal(motions: NDArray[np.float32], components: int) -> NDArray[np.float32]:
    """Motions [T, H, W, 2] as their first principal components give them."""
    flat = motions.reshape(len(motions), -1)
    courses, sizes, shapes = np.linalg.svd(flat, full_matrices=False)
    count = min(components, len(sizes))
    kept = (courses[:, :count] * sizes[:count]) @ shapes[:count]
    return np.asarray(kept.reshape(motions.shape), dtype=np.float32)


def move(picture: NDArray[np.float32], motion: NDArray[np.float32]) -> NDArray[np.float32]:
    """The picture [H, W] after its pixels have moved by `motion` [H, W, 2] (x, y) in pixels.

    The pixel that comes to stand at y was at x with x + motion(x) = y; x is found by repetition.
    """
    height, width = picture.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    here = np.zeros_like(motion)
    for _ in range(_ROUNDS):
        here = _look(motion, x - here[..., 0], y - here[..., 1])
    return _look(picture, x - here[..., 0], y - here[..., 1])


def _look(values: NDArray[np.float32], x: NDArray, y: NDArray) -> NDArray[np.float32]:
    found = cv2.remap(values, x, y, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, dtype=np.float32)
