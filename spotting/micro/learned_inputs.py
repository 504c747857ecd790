"""What the network is told at every tick: 0.8 s of motion round one moment, and its background.

The moment lies `CENTRE` ticks ago, so the network sees what came after it too. A brow that rises by
.03 IOD is an event in a still face and nothing in one that talks: the steps of each region come
divided by its level in the seconds before, its bumps both so and as they are, and the levels are
told. Head motion, blink, gaze, cover, light and new anchors, and what the mesh says of lids, lips
and turning, come as they are measured: the network learns what they spoil, no gate switches it off.

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
CENTRE = 20  # ticks ago: 0.4 s
STEP = 3  # ticks between two places of the window
TAPS = 13  # places: 18 ticks before the moment to 18 after it
BUMP_TICKS = (5, 8, 12)  # half widths of bumps at the moment: 0.1, 0.16 and 0.24 s
_R = N_REGIONS
_HALF = STEP * (TAPS // 2)
_LENGTH = 2 * CENTRE + 1  # of the memory
_OTHERS = (BLINK, GAZE, COVER, LIGHT, VISIBLE, ANCHOR)
_MESH = (LIDS.start, LIDS.start + 1, LIPS, *range(TURN.start, TURN.stop))
# steps, bumps twice, levels of regions, steps of the head, levels of the head, others, mesh
PARTS = (
    2 * _R * (TAPS - 1), 2 * _R * len(BUMP_TICKS), 2 * _R * len(BUMP_TICKS), 3 * _R,
    6 * (TAPS // 2), 2, len(_OTHERS) * (TAPS // 2 + 1), len(_MESH) * (TAPS // 2 + 1),
)  # fmt: skip
INPUTS = sum(PARTS)
_SLOW_S, _FAST_S = 4.0, 0.7  # the levels follow within this time
_FIRST_TICKS = 20.0  # and faster while little is known
_FLOOR = 0.02  # IOD a second
_HEAD_FLOOR = 0.05
_MOST = 6.0  # of what is divided by a level
_BUMP_IOD = 0.01  # bumps are told in this unit,
_MOST_BUMPS = 8.0  # up to so many
_HEAD_STEP = 0.01
_MESH_GAIN = 20.0
_OTHER_GAIN = np.array([2.0, 60.0, 2.0, 5.0, 3.0, 1.0], dtype=np.float32)


class InputMaker:
    """Inputs [..., INPUTS] from ticks [..., ROW], one tick after the other."""

    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        self._past: Array | None = None  # [LENGTH, ..., ROW], a ring
        # Levels [LENGTH, ..., R + 1] of regions and head; means of square roots of speeds: a slip
        # of the tracking moves them little.
        first = np.full((*shape, _R + 1), np.sqrt(_FLOOR), dtype=np.float32)
        self._slow = np.repeat(first[None], _LENGTH, axis=0)
        self._fast = self._slow.copy()
        self._tick = 0

    def step(self, row: NDArray) -> Array:
        """The inputs of one tick."""
        now = row.astype(np.float32)
        if self._past is None:
            self._past = np.repeat(now[None], _LENGTH, axis=0)
        self._follow(now, self._past)
        self._past[self._tick % _LENGTH] = now
        window = self._past[self._places(-_HALF, _HALF + 1)]  # [TAPS, ..., ROW]
        told = np.concatenate(self._parts(window, self._past), axis=-1)
        self._tick += 1
        return told

    def _places(self, first: int, stop: int) -> NDArray[np.intp]:
        """Where in the ring the moments lie that are so many ticks from the one judged."""
        return (self._tick - CENTRE + np.arange(first, stop, STEP)) % _LENGTH

    def _follow(self, now: Array, past: Array) -> None:
        """Take the speed of this tick into the levels."""
        moved = np.abs(now - past[(self._tick - 1) % _LENGTH]) * np.float32(RATE_HZ)
        regions = np.hypot(moved[..., REGIONS][..., 0::2], moved[..., REGIONS][..., 1::2])
        head = moved[..., HEAD].sum(axis=-1, keepdims=True)
        root = np.sqrt(np.concatenate([regions, head], axis=-1))
        here, before = self._tick % _LENGTH, (self._tick - 1) % _LENGTH
        for level, seconds in ((self._slow, _SLOW_S), (self._fast, _FAST_S)):
            share = max(1.0 / (seconds * RATE_HZ), 1.0 / (self._tick + _FIRST_TICKS))
            level[here] = level[before] + np.float32(share) * (root - level[before])

    def _parts(self, window: Array, past: Array) -> list[Array]:
        oldest = (self._tick + 1) % _LENGTH  # before the window
        usual = self._slow[oldest][..., :_R] ** 2 + np.float32(_FLOOR)
        steps = np.diff(window[..., REGIONS], axis=0) * np.float32(RATE_HZ / STEP)
        bumps = np.stack([self._bump(past, half) for half in BUMP_TICKS])
        seconds = (np.array(BUMP_TICKS) / RATE_HZ).astype(np.float32)
        seconds = seconds.reshape(-1, *(1,) * (bumps.ndim - 1))
        levels = (self._slow[oldest], self._fast[oldest], self._fast[self._tick % _LENGTH])
        regions = np.concatenate([_log(level[..., :_R], _FLOOR) for level in levels], axis=-1)
        heads = [_log(level[..., _R:], _HEAD_FLOOR) for level in levels[1:]]
        mesh = window[::2][..., _MESH]
        head = np.diff(window[::2, ..., HEAD], axis=0) / np.float32(_HEAD_STEP)
        return [
            _in_a_row(_relative(steps, usual)),
            _in_a_row(_relative(bumps / seconds, usual)),
            _in_a_row(_bounded(bumps / np.float32(_BUMP_IOD), _MOST_BUMPS)),
            regions,
            _in_a_row(_bounded(head, _MOST)),
            *heads,
            _in_a_row(self._others(window)),
            _in_a_row(_bounded((mesh - mesh[:1]) * np.float32(_MESH_GAIN), _MOST)),
        ]

    def _bump(self, past: Array, half: int) -> Array:
        """How far the regions were off the chord at the moment judged."""
        first, middle, last = (
            past[(self._tick - CENTRE + d) % _LENGTH][..., REGIONS] for d in (-half, 0, half)
        )
        return np.asarray(middle - np.float32(0.5) * (first + last))

    def _others(self, window: Array) -> Array:
        others = window[::2, ..., _OTHERS] * _OTHER_GAIN
        light, visible = _OTHERS.index(LIGHT), _OTHERS.index(VISIBLE)
        others[..., light] -= others[:1, ..., light]
        others[..., visible] = _OTHER_GAIN[visible] - others[..., visible]
        return np.clip(others, -3.0, 3.0)


def _log(level: Array, floor: float) -> Array:
    return np.log2(level**2 / np.float32(floor) + np.float32(0.25))


def _relative(vectors: Array, level: Array) -> Array:
    """[..., 2 R] divided by the level [..., R] of the region, soft-bounded."""
    return _bounded(vectors / np.repeat(level, 2, axis=-1), _MOST)


def _bounded(values: Array, most: float) -> Array:
    """Small values as they are, large ones towards a bound."""
    return np.asarray(values / (np.float32(1.0) + np.abs(values) / np.float32(most)))


def _in_a_row(values: Array) -> Array:
    """[N, ..., M] -> [..., N M]."""
    moved = np.moveaxis(values, 0, -2)
    return np.asarray(moved.reshape(*moved.shape[:-2], -1))
