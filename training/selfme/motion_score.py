"""How well motion is measured: the end-point error against the truth of synthetic pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from recognition.config import MapConfig
from recognition.motion.head import remove_rigid
from recognition.motion.selfme.motion_learner import MotionLearner
from training.synthetic.pairs import Pairs

_BATCH = 16
Motions = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float32]]


def face_window(config: MapConfig) -> tuple[slice, slice]:
    """Rows and columns of the aligned face that the recogniser looks at."""
    (x, y), iod = config.eyes_px, config.iod_px
    rows = slice(round(y + config.crop_top_iod * iod), round(y + config.crop_bottom_iod * iod))
    columns = slice(round(x + config.crop_left_iod * iod), round(x + config.crop_right_iod * iod))
    return rows, columns


def learned_motion(learner: MotionLearner, gamma: float = 1.0) -> Motions:
    """The learner as a function of uint8 faces [N, S, S, 3] -> motions [N, S, S, 2] in pixels."""
    device = next(learner.parameters()).device

    @torch.no_grad()
    def measure(onset: NDArray[np.uint8], apex: NDArray[np.uint8]) -> NDArray[np.float32]:
        parts = []
        for i in range(0, len(onset), _BATCH):
            pair = [torch.from_numpy(x[i : i + _BATCH]).to(device) for x in (onset, apex)]
            parts.append(learner.motion(pair[0], pair[1], gamma).permute(0, 2, 3, 1).cpu().numpy())
        return np.concatenate(parts)

    return measure


def end_point_errors(learner: MotionLearner, pairs: Pairs) -> NDArray[np.float64]:
    """Mean end-point error [N] in pixels of each pair, gamma 1, head motion included."""
    motion = learned_motion(learner.eval())(pairs.onset, pairs.apex)
    return np.array([mean_error(m, p, k) for m, p, k in zip(motion, *_truth(pairs), strict=True)])


def mean_error(
    motion: NDArray[np.float32], truth: NDArray[np.float32], known: NDArray[np.bool_]
) -> float:
    """Mean distance of two fields [S, S, 2] inside the face window, where the truth is known."""
    window = face_window(MapConfig(aligned_size_px=len(motion)))
    miss = np.linalg.norm((motion - truth)[window], axis=-1)
    seen = known[window]
    return float(miss[seen].mean()) if seen.any() else 0.0


def headless(motion_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """The field [S, S, 2] in pixels without its rigid part, as the recogniser uses it."""
    config = MapConfig(aligned_size_px=len(motion_px))
    return remove_rigid(motion_px / np.float32(config.iod_px), config) * np.float32(config.iod_px)


def _truth(pairs: Pairs) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return pairs.motion.astype(np.float32), pairs.known
