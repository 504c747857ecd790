"""Motion series with known content."""

from __future__ import annotations

import numpy as np

from spotting.config import SpotterConfig
from spotting.motion.regions import REGION_NAMES
from spotting.motion.series import MotionSeries
from streamer.core.records import FaceMotion

ROWS = 4
CONFIG = SpotterConfig()


def raised_cosine(times, onset_s, apex_s, offset_s):
    """0 at onset and offset, 1 at the apex."""
    up = 0.5 - 0.5 * np.cos(np.pi * (times - onset_s) / (apex_s - onset_s))
    down = 0.5 - 0.5 * np.cos(np.pi * (offset_s - times) / (offset_s - apex_s))
    inside = (times > onset_s) & (times < offset_s)
    return np.where(inside, np.where(times <= apex_s, up, down), 0.0)


def times_of(fps, seconds):
    return np.arange(round(fps * seconds)) / fps


def motion_of(times, curve, row=0, noise=0.0, seed=0):
    """[T, ROWS, 2] with the curve as vertical motion of one row."""
    motion = np.random.default_rng(seed).normal(0, noise, (len(times), ROWS, 2))
    motion[:, row, 1] += curve
    return motion


def fill(times, motion, head=None, gated=None, config=CONFIG, keep_s=1e9):
    """A series with everything pushed and final."""
    rows = motion.shape[1]
    series = MotionSeries(rows, keep_s, config.smooth_s, confirm_s=0.1)
    for k, time_s in enumerate(times):
        series.push(
            float(time_s),
            k,
            motion[k],
            np.zeros(7) if head is None else head[k],
            np.zeros(rows, dtype=bool) if gated is None else gated[k],
            config.gates.eyes_margin_s,
        )
    series.flush()
    return series


def face_motion(index, time_s, lift_iod=0.0, gates=(), blink=0.0, rows=slice(0, 4)):
    """A frame in which some regions, the brows, are lifted."""
    moved = np.zeros((len(REGION_NAMES), 2), dtype=np.float32)
    moved[rows, 1] = -lift_iod
    return FaceMotion(index, time_s, 0, moved, (0.0, 0.0), blink, gates)
