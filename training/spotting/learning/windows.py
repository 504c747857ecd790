"""Training windows for the learned spotter: stretches of signals, varied, as ticks with targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spotting.micro.learned_inputs import INPUTS, InputMaker
from spotting.micro.learned_ticks import HEAD, LIDS, N_REGIONS, POOL_S, RATE_HZ, REGIONS, TURN
from spotting.motion.regions import REGION_NAMES
from training.spotting.learning.disturbance import put_disturbances
from training.spotting.learning.examples import Example
from training.spotting.learning.injection import put_events, put_long_movement

Array = NDArray[np.float32]
DELAY_S = 0.45  # how long after a moment the network judges it
DELAY = round(DELAY_S * RATE_HZ)
_APEX_SIGMA_S = 0.04
_KNOWN_S = 0.08  # onset and offset are asked for this far around an apex
_HIDDEN_S = 0.1  # nothing is asked for this far around what cannot be seen
_AT_ONCE = 50  # windows
_COLD = 75  # ticks after a start in the middle: what was usual before is not known yet
_LOST_SHARE, _SLOWEST_FPS = 0.08, 14.0
_MIRRORED = [
    REGION_NAMES.index(
        name.replace("_left", "_right")
        if name.endswith("_left")
        else name.replace("_right", "_left")
    )
    for name in REGION_NAMES
]
# x, roll and yaw change their sign in the mirror; the mesh turns about x, y, z (pitch, yaw, roll)
_TURNED = np.array([*(HEAD.start + n for n in (0, 3, 4)), TURN.start + 1, TURN.start + 2])


@dataclass(frozen=True, slots=True)
class Variety:
    """How far training strays from the recordings."""

    length: int = 300  # ticks of a window: 6 s
    real_share: float = 0.5  # of the windows, if there are filmed people
    put_every_s: float = 1.5  # mean pause between events put into signals; 0: none
    long_share: float = 0.3  # of the windows get a longer movement
    disturbed_share: float = 0.4  # of the windows get blinks, slips and speech put in


@dataclass(frozen=True, slots=True)
class Targets:
    """What is asked of the network at T ticks; not delayed yet."""

    wanted: Array  # [T, 3] apex 0..1, seconds to onset, seconds to offset
    known: Array  # [T] 1 where onset and offset are asked for
    weight: Array  # [T] 0 where nothing is asked

    @classmethod
    def at(
        cls, times: NDArray[np.float64], truth_s: NDArray[np.float64], hidden: NDArray[np.bool_]
    ) -> Targets:
        """From intervals [N, 3], some of which nobody can see."""
        wanted = np.zeros((len(times), 3), dtype=np.float32)
        known, weight = np.zeros(len(times), np.float32), np.ones(len(times), np.float32)
        for (onset_s, apex_s, offset_s), unseen in zip(truth_s, hidden, strict=True):
            if unseen:
                weight[(times > onset_s - _HIDDEN_S) & (times < offset_s + _HIDDEN_S)] = 0.0
                continue
            bump = np.exp(-0.5 * ((times - apex_s) / _APEX_SIGMA_S) ** 2)
            wanted[:, 0] = np.maximum(wanted[:, 0], bump)
            near = np.abs(times - apex_s) < _KNOWN_S
            wanted[near, 1], wanted[near, 2] = times[near] - onset_s, offset_s - times[near]
            known[near] = 1.0
        return cls(wanted, known, weight)

    def delayed(self) -> Targets:
        """As the network is asked: `DELAY` ticks later."""
        return Targets(*(_later(part) for part in (self.wanted, self.known, self.weight)))


@dataclass(frozen=True, slots=True)
class Pool:
    """N windows of L ticks, drawn once and learned from many times; halves of floats to be small.

    Every network of a cross-validation learns from the windows of its own subjects.
    """

    inputs: NDArray[np.float16]  # [N, L, INPUTS]
    wanted: NDArray[np.float16]  # [N, L, 3], delayed as all targets here
    known: NDArray[np.float16]  # [N, L]
    weight: NDArray[np.float16]  # [N, L]
    subjects: NDArray[np.str_]  # [N]

    def without(self, subjects: Sequence[str]) -> NDArray[np.intp]:
        """Windows of all others."""
        return np.flatnonzero(~np.isin(self.subjects, list(subjects)))


def draw_pool(examples: Sequence[Example], seed: int, count: int, variety: Variety) -> Pool:
    """The same seed gives the same windows."""
    rng = np.random.default_rng(seed)
    shape = (count, variety.length)
    inputs, wanted = np.empty((*shape, INPUTS), np.float16), np.empty((*shape, 3), np.float16)
    known, weight = np.empty(shape, np.float16), np.empty(shape, np.float16)
    subjects = []
    for start in tqdm(range(0, count, _AT_ONCE), desc="windows", disable=None):
        drawn = [_draw(examples, rng, variety) for _ in range(min(_AT_ONCE, count - start))]
        part = slice(start, start + len(drawn))
        inputs[part] = inputs_of(np.stack([rows for _, rows, _ in drawn], axis=1)).swapaxes(0, 1)
        for name, into in (("wanted", wanted), ("known", known), ("weight", weight)):
            into[part] = [getattr(targets, name) for _, _, targets in drawn]
        subjects += [subject for subject, _, _ in drawn]
    return Pool(inputs, wanted, known, weight, np.array(subjects))


def inputs_of(rows: NDArray) -> Array:
    """Ticks [L, ..., ROW] -> inputs [L, ..., INPUTS], by the code that streams."""
    maker = InputMaker(rows.shape[1:-1])
    return np.stack([maker.step(row) for row in rows])


def ticks_of(
    time_s: NDArray[np.float64], rows: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times [L] and rows [L, ROW] of all ticks: what `TickMaker` makes, for all frames at once."""
    first = np.searchsorted(time_s, time_s - POOL_S + 1e-6)
    last = np.arange(1, len(time_s) + 1)
    count = last - first
    summed = np.cumsum(np.vstack([np.zeros((1, rows.shape[1])), rows]), axis=0)
    sums = np.concatenate([[0.0], np.cumsum(time_s)])
    pooled = (summed[last] - summed[first]) / count[:, None]
    pooled_s = (sums[last] - sums[first]) / count
    start = int(np.floor(pooled_s[0] * RATE_HZ)) + 1
    stop = int(np.floor(pooled_s[-1] * RATE_HZ + 1e-9)) + 1
    times = np.arange(start, stop) / RATE_HZ
    place = np.clip(np.searchsorted(pooled_s, times, side="left"), 1, len(pooled_s) - 1)
    part = (times - pooled_s[place - 1]) / np.maximum(pooled_s[place] - pooled_s[place - 1], 1e-9)
    part = np.clip(part, 0.0, 1.0)[:, None]
    return times, pooled[place - 1] + part * (pooled[place] - pooled[place - 1])


def _draw(
    examples: Sequence[Example], rng: np.random.Generator, variety: Variety
) -> tuple[str, NDArray, Targets]:
    """One window of ticks [L, ROW], played faster or slower, mirrored, with events put in."""
    example = _choose(examples, rng, variety.real_share)
    stretch = float(rng.uniform(0.8, 1.2))
    time_s, rows, cold = _cut(example, rng, (variety.length + 2) / RATE_HZ / stretch)
    time_s, truth_s = (time_s - time_s[0]) * stretch, (example.truth_s - time_s[0]) * stretch
    kept = _thinned(rng, time_s)
    time_s, rows = time_s[kept], _varied(rows[kept], rng)
    hidden = example.hidden
    if rng.random() < variety.disturbed_share:
        # Before the events are put in: what hides one of them is seen by the rule of visibility.
        for start_s, end_s in put_disturbances(rng, time_s, rows):
            hidden = hidden | ((truth_s[:, 0] < end_s) & (truth_s[:, 2] > start_s))
    if rng.random() < variety.long_share:
        put_long_movement(rng, time_s, rows)
    if variety.put_every_s > 0.0:
        put = put_events(rng, time_s, rows, truth_s, variety.put_every_s)
        truth_s = np.concatenate([truth_s, put.truth_s])
        hidden = np.concatenate([hidden, put.hidden])
    times, ticks = ticks_of(time_s, rows)
    targets = Targets.at(times, truth_s, hidden).delayed()
    if cold:
        targets.weight[:_COLD] = 0.0
    return example.subject, *_filled(ticks, targets, variety.length)


def _choose(examples: Sequence[Example], rng: np.random.Generator, real_share: float) -> Example:
    """A filmed person or a portrait; every subject as often as another."""
    real = rng.random() < real_share
    some = [e for e in examples if e.real == real] or list(examples)
    subjects = sorted({e.subject for e in some})
    subject = subjects[rng.integers(len(subjects))]
    own = [e for e in some if e.subject == subject]
    return own[rng.integers(len(own))]


def _cut(
    example: Example, rng: np.random.Generator, seconds: float
) -> tuple[NDArray[np.float64], Array, bool]:
    """A stretch of a recording, and whether it begins in the middle of it."""
    time_s, rows = example.signals.time_s, example.signals.rows
    latest = time_s[-1] - seconds
    if latest <= time_s[0] or rng.random() < 0.25:
        start_s = float(time_s[0])
    else:
        start_s = float(rng.uniform(time_s[0], latest))
    first, last = np.searchsorted(time_s, (start_s, start_s + seconds))
    return time_s[first:last], rows[first:last].copy(), bool(first > 0)


def _thinned(rng: np.random.Generator, time_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which frames a slower camera shows, some of them lost now and then."""
    fps = 1.0 / max(float(np.median(np.diff(time_s))), 1e-3)
    most = max(int(fps / _SLOWEST_FPS), 1)
    step = int(rng.integers(1, most + 1)) if rng.random() < 0.4 or fps > 70.0 else 1
    kept = np.arange(int(rng.integers(step)), len(time_s), step)
    if rng.random() < 0.15:
        kept = kept[rng.random(len(kept)) >= _LOST_SHARE]
    return kept


def _varied(rows: Array, rng: np.random.Generator) -> Array:
    """Mirrored, stronger or weaker, noisier; the rows are this function's own."""
    moved = rows[:, REGIONS].reshape(len(rows), -1, 2)
    if rng.random() < 0.5:
        moved = moved[:, _MIRRORED] * np.array([-1, 1], dtype=np.float32)
        rows[:, _TURNED] *= -1.0
        rows[:, LIDS] = rows[:, LIDS][:, ::-1].copy()
    gain = np.exp(rng.uniform(-0.3, 0.3) + rng.normal(0.0, 0.1, (N_REGIONS, 1)))
    noise = rng.normal(0.0, 1.0, moved.shape) * rng.uniform(0.0, 0.0006)
    rows[:, REGIONS] = (moved * gain + noise).reshape(len(rows), -1)
    return rows


def _filled(ticks: NDArray, targets: Targets, length: int) -> tuple[NDArray, Targets]:
    """Exactly `length` ticks: cut, or held at the end with nothing asked."""
    ticks, lacking = ticks[:length], max(length - len(ticks), 0)
    wanted, known, weight = (
        part[:length] for part in (targets.wanted, targets.known, targets.weight)
    )
    if lacking:
        ticks = np.concatenate([ticks, np.repeat(ticks[-1:], lacking, axis=0)])
        wanted = np.concatenate([wanted, np.zeros((lacking, 3), np.float32)])
        known, weight = (
            np.concatenate([part, np.zeros(lacking, np.float32)]) for part in (known, weight)
        )
    return ticks, replace(targets, wanted=wanted, known=known, weight=weight)


def _later(values: Array) -> Array:
    moved = np.zeros_like(values)
    moved[DELAY:] = values[:-DELAY]
    return moved
