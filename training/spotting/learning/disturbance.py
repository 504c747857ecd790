"""What is no expression, put into measured signals: blinks, slips of the tracking, speech.

A dozen filmed people blink and talk in a dozen ways. A network that has seen only those takes the
thirteenth's blink, which drags the brows along, for an event. So every window gets a few of its
own: sizes, directions and couplings are drawn widely. They come before the events that are put in,
so that what they hide is not asked for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spotting.micro.learned_ticks import BLINK, HEAD, LIDS, LIPS, REGIONS, TURN
from spotting.motion.regions import REGION_NAMES

Array = NDArray[np.float32]
_EVERY_S = 2.5  # mean pause
_BLINK_S, _SLIP_S, _SPEECH_S = (0.12, 0.45), (0.1, 0.6), (0.4, 2.0)
_SYLLABLE_S = (0.15, 0.4)
_PLACES = np.array(
    [
        (-0.75, -0.35), (-0.35, -0.35), (0.35, -0.35), (0.75, -0.35), (-0.5, 0.0), (0.5, 0.0),
        (-0.25, 0.55), (0.25, 0.55), (-0.65, 0.5), (0.65, 0.5), (-0.4, 1.0), (0.4, 1.0),
        (0.0, 0.85), (0.0, 1.15), (0.0, 1.4),
    ]
)  # fmt: skip
_KINDS = {name: np.array([n.startswith(name) for n in REGION_NAMES]) for name in (
    "brow", "eye", "nose", "cheek", "mouth", "lip", "chin",
)}  # fmt: skip


def put_disturbances(
    rng: np.random.Generator, time_s: NDArray[np.float64], rows: Array
) -> NDArray[np.float64]:
    """Adds some to rows [T, ROW] in place; where they lie [N, 2]."""
    found = []
    now_s = float(time_s[0] + rng.exponential(_EVERY_S))
    while now_s < time_s[-1] - 0.2:
        put = (_blink, _blink, _slip, _speak)[rng.integers(4)]
        end_s = put(rng, time_s, rows, now_s)
        found.append((now_s, end_s))
        now_s = end_s + float(rng.exponential(_EVERY_S))
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def _blink(
    rng: np.random.Generator, time_s: NDArray[np.float64], rows: Array, start_s: float
) -> float:
    """Lids and what they drag along, up to a tenth of the eye distance; the eyes' picture."""
    length_s = float(rng.uniform(*_BLINK_S))
    level = _bump(time_s, start_s, length_s, float(rng.uniform(0.25, 0.6)))
    size, angle = float(np.exp(rng.uniform(np.log(0.01), np.log(0.15)))), rng.uniform(0, 2 * np.pi)
    lid = size * np.array([np.cos(angle), np.sin(angle)])
    moved = _mirrored(_KINDS["eye"], lid)
    for kind, most in (("brow", 0.8), ("nose", 0.2), ("cheek", 0.3)):
        turn = rng.normal(0.0, 0.3, 2) * size
        moved += _mirrored(_KINDS[kind], float(rng.uniform(0.0, most)) * lid + turn * most)
    moved *= np.exp(rng.normal(0.0, 0.25, (len(moved), 1)))
    _add(rows, level, moved)
    rows[:, BLINK] += (float(rng.uniform(0.15, 1.3)) * level).astype(np.float32)
    rows[:, LIDS] -= (float(rng.uniform(0.02, 0.2)) * level[:, None]).astype(np.float32)
    return start_s + length_s


def _slip(
    rng: np.random.Generator, time_s: NDArray[np.float64], rows: Array, start_s: float
) -> float:
    """The whole face moves as no face does: an affine leak of the head, and a part of it alone."""
    length_s = float(rng.uniform(*_SLIP_S))
    returns = rng.random() < 0.6
    level = _bump(time_s, start_s, length_s, 0.5) if returns else _rise(time_s, start_s, length_s)
    size = float(np.exp(rng.uniform(np.log(0.004), np.log(0.1))))
    affine = rng.normal(0.0, size, (2, 2))
    moved = _PLACES @ affine + rng.normal(0.0, size, 2)
    alone = rng.random(len(moved)) < 0.2
    moved[alone] += rng.normal(0.0, size, (int(alone.sum()), 2))
    _add(rows, level, moved)
    rows[:, HEAD] += (level[:, None] * rng.normal(0.0, 2.0 * size, 6)).astype(np.float32)
    rows[:, TURN] += (level[:, None] * rng.normal(0.0, 2.0 * size, 3)).astype(np.float32)
    return start_s + length_s


def _speak(
    rng: np.random.Generator, time_s: NDArray[np.float64], rows: Array, start_s: float
) -> float:
    """A few syllables of the lower face."""
    end_s = start_s + float(rng.uniform(*_SPEECH_S))
    now_s = start_s
    lower = _KINDS["mouth"] | _KINDS["lip"] | _KINDS["chin"] | _KINDS["cheek"]
    while now_s < end_s:
        length_s = float(rng.uniform(*_SYLLABLE_S))
        size = float(np.exp(rng.uniform(np.log(0.01), np.log(0.1))))
        moved = rng.normal(0.0, 0.4 * size, (len(lower), 2)) * lower[:, None]
        moved[:, 1] += lower * float(rng.uniform(0.2, 1.0)) * size
        moved[_KINDS["cheek"]] *= 0.3
        level = _bump(time_s, now_s, length_s, float(rng.uniform(0.3, 0.7)))
        _add(rows, level, moved)
        rows[:, LIPS] += (size * float(rng.uniform(0.0, 1.5)) * level).astype(np.float32)
        now_s += length_s * float(rng.uniform(0.6, 1.3))
    return end_s


def _mirrored(kind: NDArray[np.bool_], moved: NDArray) -> NDArray[np.float64]:
    """The same movement on both sides, outwards or inwards on each."""
    side = np.where(_PLACES[:, 0] < 0.0, 1.0, -1.0)
    return np.asarray(kind[:, None] * np.stack([side * moved[0], np.full(len(side), moved[1])], 1))


def _bump(
    time_s: NDArray[np.float64], start_s: float, length_s: float, peak: float
) -> NDArray[np.float64]:
    part = np.clip((time_s - start_s) / length_s, 0.0, 1.0)
    phase = np.where(part < peak, part / peak, (1.0 - part) / (1.0 - peak))
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * phase))


def _rise(time_s: NDArray[np.float64], start_s: float, length_s: float) -> NDArray[np.float64]:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip((time_s - start_s) / length_s, 0.0, 1.0)))


def _add(rows: Array, level: NDArray[np.float64], moved: NDArray[np.float64]) -> None:
    rows[:, REGIONS] += (level[:, None, None] * moved).reshape(len(rows), -1).astype(np.float32)
