"""What the network is told at every tick: motion, and the same against what is usual lately.

A brow that rises by .03 IOD is an event in a still face and nothing in one that talks. So each
region's speed comes twice: as it is, and divided by its own level of the last seconds; the level
itself is told too. Head motion, blink, gaze, cover, light and new anchors, and what the mesh says
of lids, lips and turning, come as they are measured: the network learns what they spoil, no gate
switches it off.

All sums are written for arrays [..., ROW], so training makes its inputs by this very code.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spotting.micro.learned_ticks import (
    ANCHOR,
    BLINK,
    COVER,
    GAZE,
    HEAD,
    LIDS,
    LIGHT,
    LIPS,
    N_REGIONS,
    RATE_HZ,
    REGIONS,
    TURN,
    VISIBLE,
)

Array = NDArray[np.float32]
_R = N_REGIONS
# Speed of regions, of the head sideways and up, blink: all that networks of portraits were told;
# then relative speed, levels, the rest of the head, gaze to anchor, lids and lips, turning.
PARTS = (2 * _R, 2, 1, 2 * _R, _R, 4, 5, 3, 3)
INPUTS = sum(PARTS)
_FASTEST = 1.5  # IOD a second; beyond it tracking has slipped
_MOST = 6.0  # of what is divided by its level
_LEVEL_S = 4.0  # the level follows within this time
_FIRST_TICKS = 20.0  # and faster while little is known
_FLOOR = 0.02  # IOD a second
_REGION_GAIN, _GAIN = 6.0, 3.0
_OTHER_GAIN = np.array([30.0, 1.0, 5.0, 3.0, 1.0], dtype=np.float32)
_LIGHT_TICKS = 5
_OPEN_IOD, _MESH_GAIN = 0.2, 5.0


class InputMaker:
    """Inputs [..., INPUTS] from ticks [..., ROW], one tick after the other."""

    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        self._past: Array | None = None  # [_LIGHT_TICKS, ..., ROW], a ring
        self._tick = 0
        # Levels are means of square roots: a slip of the tracking moves them little.
        self._level = np.full((*shape, _R), np.sqrt(_FLOOR), dtype=np.float32)

    def step(self, row: NDArray) -> Array:
        """The inputs of one tick."""
        now = row.astype(np.float32)
        if self._past is None:
            self._past = np.repeat(now[None], _LIGHT_TICKS, axis=0)
        before = self._past[(self._tick - 1) % _LIGHT_TICKS]
        some_before = self._past[self._tick % _LIGHT_TICKS].copy()
        self._past[self._tick % _LIGHT_TICKS] = now
        speed = np.clip((now - before) * np.float32(RATE_HZ), -_FASTEST, _FASTEST)
        told = np.concatenate(self._parts(now, speed, some_before), axis=-1)
        self._tick += 1
        return told

    def _parts(self, now: Array, speed: Array, some_before: Array) -> list[Array]:
        regions, head = speed[..., REGIONS], np.float32(_GAIN) * speed[..., HEAD]
        usual = self._level**2 + np.float32(_FLOOR)  # of the ticks before
        share = max(1.0 / (_LEVEL_S * RATE_HZ), 1.0 / (self._tick + _FIRST_TICKS))
        size = np.hypot(regions[..., 0::2], regions[..., 1::2])
        self._level += np.float32(share) * (np.sqrt(size) - self._level)
        others = now[..., (GAZE, COVER, LIGHT, VISIBLE, ANCHOR)]
        others[..., 2] -= some_before[..., LIGHT]
        others[..., 3] = 1.0 - others[..., 3]
        eyes = (now[..., (*range(LIDS.start, LIDS.stop), LIPS)] - _EYES_REST) * _MESH_GAIN
        return [
            np.float32(_REGION_GAIN) * regions,
            head[..., :2],
            np.float32(_GAIN) * now[..., BLINK : BLINK + 1],
            _bounded(regions / np.repeat(usual, 2, axis=-1)),
            np.log2(usual / np.float32(2.0 * _FLOOR)),
            head[..., 2:],
            np.clip(others * _OTHER_GAIN, -3.0, 3.0),
            np.clip(eyes, -3.0, 3.0),
            np.float32(_GAIN) * speed[..., TURN],
        ]


_EYES_REST = np.array([_OPEN_IOD, _OPEN_IOD, 0.0], dtype=np.float32)


def _bounded(values: NDArray[np.floating]) -> Array:
    """Small values as they are, large ones towards a bound."""
    return np.asarray(values / (np.float32(1.0) + np.abs(values) / np.float32(_MOST)))
