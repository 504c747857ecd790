"""What the network is told at every tick: motion, and the same against what is usual lately.

A brow that rises by .03 IOD is an event in a still face and nothing in one that talks. So each
region's speed and bumps come twice or are divided by its own level of the last seconds; the level
itself is told too. Head motion, blink, gaze, cover, light and new anchors come as they are
measured: the network learns what they spoil, no gate switches it off.

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
    LIGHT,
    N_REGIONS,
    RATE_HZ,
    REGIONS,
    VISIBLE,
)

Array = NDArray[np.float32]
_R = N_REGIONS
BUMP_TICKS = (5, 10)  # half widths: 0.1 and 0.2 s
INPUTS = 2 * _R * (2 + len(BUMP_TICKS)) + _R + 7 + 6
_FASTEST = 1.5  # IOD a second; beyond it tracking has slipped
_MOST = 8.0  # of what is divided by its level
_LEVEL_S = 4.0  # the level follows within this time
_FIRST_TICKS = 20.0  # and faster while little is known
_SPEED_FLOOR, _BUMP_FLOOR, _HEAD_FLOOR = 0.02, 0.001, 0.05  # IOD a second, IOD, IOD a second


class InputMaker:
    """Inputs [..., INPUTS] from ticks [..., ROW], one tick after the other."""

    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        self._past: NDArray[np.float32] | None = None  # [2 x longest + 1, ..., ROW], a ring
        self._tick = 0
        # Levels are means of square roots: a slip of the tracking moves them little.
        self._speed_level = np.full((*shape, _R), np.sqrt(_SPEED_FLOOR), dtype=np.float32)
        self._bump_level = np.full((*shape, _R), np.sqrt(_BUMP_FLOOR), dtype=np.float32)
        self._head_level = np.full((*shape, 1), np.sqrt(_HEAD_FLOOR), dtype=np.float32)

    def step(self, row: NDArray) -> Array:
        """The inputs of one tick."""
        now = row.astype(np.float32)
        if self._past is None:
            self._past = np.repeat(now[None], 2 * max(BUMP_TICKS) + 1, axis=0)
        self._past[self._tick % len(self._past)] = now
        speed = np.clip((now - self._ago(1)) * np.float32(RATE_HZ), -_FASTEST, _FASTEST)
        bumps = [self._bump(now, half) for half in BUMP_TICKS]
        parts = self._parts(now, speed, bumps)
        self._tick += 1
        return np.concatenate(parts, axis=-1)

    def _ago(self, ticks: int) -> Array:
        assert self._past is not None
        return np.asarray(self._past[(self._tick - ticks) % len(self._past)])

    def _bump(self, now: Array, half: int) -> Array:
        """How far the regions were off the chord, `half` ticks ago."""
        middle, first = self._ago(half)[..., REGIONS], self._ago(2 * half)[..., REGIONS]
        return np.asarray(middle - np.float32(0.5) * (first + now[..., REGIONS]))

    def _parts(self, now: Array, speed: Array, bumps: list[Array]) -> list[Array]:
        regions, head = speed[..., REGIONS], speed[..., HEAD]
        share = np.float32(max(1.0 / (_LEVEL_S * RATE_HZ), 1.0 / (self._tick + _FIRST_TICKS)))
        self._speed_level += share * (np.sqrt(_size(regions)) - self._speed_level)
        self._bump_level += share * (np.sqrt(_size(bumps[0])) - self._bump_level)
        head_size = np.sqrt(np.abs(head).sum(axis=-1, keepdims=True))
        self._head_level += share * (head_size - self._head_level)
        usual = self._speed_level**2 + np.float32(_SPEED_FLOOR)
        usual_bump = self._bump_level**2 + np.float32(_BUMP_FLOOR)
        other = now[..., [BLINK, GAZE, COVER, LIGHT, VISIBLE, ANCHOR]].copy()
        other[..., 1] *= 30.0
        other[..., 3] = 5.0 * (now[..., LIGHT] - self._ago(round(0.1 * RATE_HZ))[..., LIGHT])
        other[..., 4] = 3.0 * (1.0 - now[..., VISIBLE])
        return [
            6.0 * regions,
            _relative(regions, usual),
            *(_relative(bump, usual_bump) for bump in bumps),
            np.log2(usual / np.float32(2.0 * _SPEED_FLOOR)),
            3.0 * head,
            np.log2(self._head_level**2 / np.float32(_HEAD_FLOOR) + np.float32(0.1)),
            np.clip(other, -3.0, 3.0),
        ]


def _size(vectors: Array) -> Array:
    """Length of each region's vector: [..., 2 R] -> [..., R]."""
    return np.asarray(np.hypot(vectors[..., 0::2], vectors[..., 1::2]))


def _relative(vectors: Array, level: Array) -> Array:
    """[..., 2 R] divided by the level [..., R] of the region."""
    pairs = vectors.reshape(*vectors.shape[:-1], -1, 2) / level[..., None]
    return np.clip(pairs.reshape(vectors.shape), -_MOST, _MOST) * np.float32(0.5)
