"""Amplitude-based Eulerian magnification (Le Ngo et al., ICASSP 2016 and 2018), from the onset on.

The tutorial (CCV 2020) prints the local Eulerian model as

    I(x, t + 1) = I(x, t) + sum_k sigma_k dI_k(x, t) / dt

with k the spatial bands. Summed up from the onset it needs no temporal filter:

    I~(x, t) = I(x, 0) + sum_k sigma_k (I_k(x, t) - I_k(x, 0)),  sigma_k = 1 + alpha_k

and the bound (1 + alpha_k) delta_k < lambda_k / 8 is kept with the motion that is there: delta_k is
measured in each band. How delta is measured is our choice, the text leaves it open: the change of
the brightness over its slope in windows as wide as the band's waves, the 95th percentile over the
windows with enough slope and all frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, check_ranges
from streamer.faces.pyramid import Picture, bounded, collapse, laplacian, levels_of
from training.clips.frames import Frames, as_frames

_PERCENTILE = 95.0
_WINDOW_PX = 4.0  # of a level's own pixels: the middle of its waves


@dataclass(frozen=True, slots=True)
class AmplitudeEvm:
    """As a step."""

    alpha: Annotated[float, Range(0.0, 1000.0)] = 10.0

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray) -> Frames:
        """[T, H, W] as long as before; the first frame as it was."""
        return magnify_from_onset(clip, self.alpha)


def magnify_from_onset(clip: NDArray, alpha: float) -> Frames:
    """The clip [T, H, W] with its motion since the first frame up to 1 + alpha times as large.

    Raises:
        ValueError: the clip is none, see `as_frames`.
    """
    frames = as_frames(clip)
    levels = levels_of(*frames.shape[1:])
    pyramids = [laplacian(frame, levels) for frame in frames]
    onset = pyramids[0]
    shares = allowed(pyramids, alpha)
    made = [
        collapse(
            [o + np.float32(1 + a) * (p - o) for o, p, a in zip(onset, now, shares, strict=True)]
        )
        for now in pyramids
    ]
    return np.stack(made)


def allowed(pyramids: Sequence[Sequence[Picture]], alpha: float) -> list[float]:
    """alpha of each level under the bound, by the motion since the first frame."""
    found = []
    for level, onset in enumerate(pyramids[0]):
        moved = [motion_px(onset, now[level]) for now in pyramids[1:]]
        found.append(bounded(alpha, max(moved, default=0.0) * 2.0**level, level))
    return found


def motion_px(onset: Picture, now: Picture) -> float:
    """How far a level has moved where it moved far, in its own pixels; 0 where it has no slope."""
    rise_y, rise_x = np.gradient(onset)
    slope = _window(np.asarray(rise_x**2 + rise_y**2))
    enough = slope > 0.25 * slope.mean()
    if not enough.any():
        return 0.0
    change = _window((now - onset) ** 2)
    return float(np.percentile(np.sqrt(change[enough] / slope[enough]), _PERCENTILE))


def _window(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _WINDOW_PX / 2), dtype=np.float32)
