"""Training windows for the learned spotter: ticks of recordings, targets, and their variations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.micro.learned_ticks import INPUTS, RATE_HZ, TickMaker
from spotting.motion.regions import REGION_NAMES
from streamer.core.records import FaceMotion
from training.spotting.signals import Signals

Array = NDArray[np.float32]
DELAY_S = 0.45  # how long after a moment the network judges it
_APEX_SIGMA_S = 0.04
_KNOWN_S = 0.08  # onset and offset are asked for this far around an apex
_SPEEDS = 2 * len(REGION_NAMES)
_MIRRORED = [
    REGION_NAMES.index(
        name.replace("_left", "_right")
        if name.endswith("_left")
        else name.replace("_right", "_left")
    )
    for name in REGION_NAMES
]


@dataclass(frozen=True, slots=True)
class Ticks:
    """One recording on the grid of ticks: T of them."""

    time_s: NDArray[np.float64]  # [T]
    inputs: Array  # [T, INPUTS]
    targets: Array  # [T, 3] apex 0..1, seconds to onset, seconds to offset; not delayed
    known: NDArray[np.bool_]  # [T] where onset and offset are asked for


def ticks_of(signals: Signals) -> Ticks:
    """Exactly what a stream of the same motion would feed to the network."""
    maker = TickMaker()
    rows = zip(
        signals.time_s, signals.displacement_iod, signals.head_px, signals.blink, strict=True
    )
    ticks = [
        tick
        for index, (time_s, moved, head, blink) in enumerate(rows)
        for tick in maker.push(
            FaceMotion(index, float(time_s), 0, moved, (head[0], head[1]), float(blink))
        )
    ]
    times = np.array([time_s for time_s, _ in ticks])
    targets, known = targets_of(times, signals.truth_s)
    inputs = np.array([inputs for _, inputs in ticks], dtype=np.float32).reshape(-1, INPUTS)
    return Ticks(times, inputs, targets, known)


def targets_of(
    times: NDArray[np.float64], truth_s: NDArray[np.float64]
) -> tuple[Array, NDArray[np.bool_]]:
    """Targets [T, 3] and where the last two hold."""
    targets = np.zeros((len(times), 3), dtype=np.float32)
    known = np.zeros(len(times), dtype=bool)
    for onset_s, apex_s, offset_s in truth_s:
        bump = np.exp(-0.5 * ((times - apex_s) / _APEX_SIGMA_S) ** 2)
        targets[:, 0] = np.maximum(targets[:, 0], bump)
        near = np.abs(times - apex_s) < _KNOWN_S
        targets[near, 1], targets[near, 2] = times[near] - onset_s, offset_s - times[near]
        known |= near
    return targets, known


def draw_batch(
    recordings: list[Ticks], rng: np.random.Generator, count: int, length: int
) -> tuple[Array, Array, Array]:
    """Varied windows: inputs [N, INPUTS, L], delayed targets [N, 3, L], known [N, L]."""
    windows = [_draw(recordings, rng, length) for _ in range(count)]
    inputs, targets, known = (np.stack(part) for part in zip(*windows, strict=True))
    return inputs, targets, known


def _draw(
    recordings: list[Ticks], rng: np.random.Generator, length: int
) -> tuple[Array, Array, Array]:
    """One window, played faster or slower, mirrored, stronger or weaker, noisier."""
    stretch = float(rng.uniform(0.8, 1.25))
    span = int(length * stretch)
    long_enough = [r for r in recordings if len(r.time_s) > span]
    chosen = long_enough[rng.integers(len(long_enough))]
    start = int(rng.integers(len(chosen.time_s) - span))
    part = slice(start, start + span)
    grid = np.linspace(0, span - 1, length)
    inputs = _resampled(_varied(chosen.inputs[part], rng), grid)
    inputs[:, :-1] *= stretch  # faster play: higher speed
    targets = _resampled(chosen.targets[part], grid)
    targets[:, 1:] /= stretch
    known = np.interp(grid, np.arange(span), chosen.known[part]) > 0.99
    return inputs.T, _delayed(targets).T, _delayed(known.astype(np.float32))


def _varied(inputs: Array, rng: np.random.Generator) -> Array:
    varied = inputs.copy()
    if rng.random() < 0.5:
        speeds = varied[:, :_SPEEDS].reshape(-1, len(REGION_NAMES), 2)
        varied[:, :_SPEEDS] = (speeds[:, _MIRRORED] * np.array([-1, 1], dtype=np.float32)).reshape(
            -1, _SPEEDS
        )
        varied[:, _SPEEDS] *= -1.0
    varied[:, :-1] *= np.exp(rng.uniform(-0.4, 0.4))
    varied[:, :_SPEEDS] *= np.exp(rng.normal(0.0, 0.15, _SPEEDS)).astype(np.float32)
    jitter_iod = rng.normal(0.0, 1.0, (len(varied) + 1, _SPEEDS)) * rng.uniform(0.0, 0.0008)
    varied[:, :_SPEEDS] += (np.diff(jitter_iod, axis=0) * RATE_HZ).astype(np.float32)
    return varied


def _resampled(values: Array, grid: NDArray[np.float64]) -> Array:
    places = np.arange(len(values))
    columns = [np.interp(grid, places, values[:, n]) for n in range(values.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)


def _delayed(values: NDArray) -> NDArray:
    late = round(DELAY_S * RATE_HZ)
    moved = np.zeros_like(values)
    moved[late:] = values[:-late]
    return moved
