"""Movements put into measured signals: thousands of events from minutes of recordings.

An action unit's displacement field (`training.synthetic.action_units`), pooled over the cells of
each region, says how that region moves; a raised cosine says when. It is added to the region
motion of a real recording, whose own movement, noise and lost tracks stay what they are. What the
recording's own movement hides (by the rule of `training.people.visibility`, on the regions) is not
asked for. Rendered events remain the measure; these only train.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from spotting.micro.learned_ticks import REGIONS
from spotting.motion.regions import LAYOUT
from streamer.faces.config import FaceConfig
from streamer.faces.detector import open_detector
from streamer.faces.known_face import known_face
from training.people.events import draw_event
from training.synthetic.action_units import Activation, displacement
from training.synthetic.face_model import face_coordinates
from training.synthetic.scene import Injection

Array = NDArray[np.float32]
_STRENGTHS_IOD = (0.012, 0.06)
_LENGTH_S = (0.16, 0.5)
_GAP_S = 0.5  # least, between two events
_ENDS_S = 0.3
# How much of a movement is measured: film, flow and the head's fit take the rest. In 170 rendered
# events of filmed people the middle half lay from .30 to .54 (`benchmarks.known_movement`).
_GAIN = (0.3, 0.75)
_GAIN_SPREAD = 0.2  # of single regions
_STRONG = 0.5  # a region that moves half as far as the strongest counts for visibility
_LONG_S, _LONG_IOD = (0.8, 2.5), (0.03, 0.12)  # of movements that are no micro-expressions


@dataclass(frozen=True, slots=True)
class Put:
    """What was added to a stretch of signals."""

    truth_s: NDArray[np.float64]  # [N, 3]
    hidden: NDArray[np.bool_]  # [N]


def put_events(
    rng: np.random.Generator,
    time_s: NDArray[np.float64],
    rows: Array,
    taken_s: NDArray[np.float64],
    every_s: float,
) -> Put:
    """Adds micro-expressions to rows [T, ROW] in place, away from the intervals [N, 3] taken."""
    found: list[Injection] = []
    hidden: list[bool] = []
    now_s = time_s[0] + _ENDS_S + rng.exponential(every_s)
    while True:
        length_s = float(rng.uniform(*_LENGTH_S))
        if now_s + length_s > time_s[-1] - _ENDS_S:
            break
        if not _is_free(taken_s, now_s, now_s + length_s):
            now_s += 0.2
            continue
        strength = float(np.exp(rng.uniform(*np.log(_STRENGTHS_IOD))))
        event = draw_event(rng, bool(rng.random() < 0.6), strength, now_s, length_s)
        found.append(event)
        hidden.append(_put(rng, time_s, rows, event))
        now_s += length_s + _GAP_S + rng.exponential(every_s)
    truth = [(e.onset_s, e.apex_s, e.offset_s) for e in found]
    return Put(np.array(truth, dtype=np.float64).reshape(-1, 3), np.array(hidden, dtype=bool))


def put_long_movement(
    rng: np.random.Generator, time_s: NDArray[np.float64], rows: Array
) -> tuple[float, float]:
    """Adds a longer expression, which is no micro-expression; where it lies."""
    length_s = float(rng.uniform(*_LONG_S))
    onset_s = float(rng.uniform(time_s[0], max(time_s[-1] - length_s, time_s[0] + 0.1)))
    strength = float(rng.uniform(*_LONG_IOD))
    event = draw_event(rng, bool(rng.random() < 0.5), strength, onset_s, length_s)
    _put(rng, time_s, rows, event)
    return onset_s, onset_s + length_s


def _put(
    rng: np.random.Generator, time_s: NDArray[np.float64], rows: Array, event: Injection
) -> bool:
    """Adds one event; whether the recording's own movement hides it."""
    moved = region_motion(event)
    first, last = np.searchsorted(time_s, (event.onset_s, event.offset_s))
    part = slice(max(int(first) - 1, 0), int(last) + 1)
    level = np.array([event.level(float(t)) for t in time_s[part]])
    own = rows[part, REGIONS].reshape(len(level), -1, 2)
    hidden = is_hidden(moved, own)
    gain = rng.uniform(*_GAIN) * np.exp(rng.normal(0.0, _GAIN_SPREAD, (len(moved), 1)))
    added = level[:, None, None] * (gain * moved)
    rows[part, REGIONS] += added.reshape(len(level), -1).astype(np.float32)
    return hidden


def is_hidden(moved_iod: NDArray, own_iod: NDArray) -> bool:
    """Whether regions [R, 2] move less than they did by themselves [T, R, 2] in the meantime.

    Hidden is what is hidden in every region that moves half as far as the strongest, or more.
    """
    size = np.hypot(*moved_iod.T)
    strong = size >= _STRONG * size.max()
    away = np.hypot(*np.moveaxis(own_iod - own_iod[:1], -1, 0)).max(axis=0)
    return bool((away[strong] > size[strong]).all())


def region_motion(event: Injection) -> NDArray[np.float64]:
    """How each region moves at the apex, [R, 2] in IOD."""
    return np.sum(
        [
            unit.left * _of_unit(unit.au, True) + unit.right * _of_unit(unit.au, False)
            for unit in event.activations
        ],
        axis=0,
    )


@cache
def _of_unit(au: str, left: bool) -> NDArray[np.float64]:
    """Region motion of one unit on one side at strength 1."""
    unit = Activation(au, 1.0 if left else 0.0, 0.0 if left else 1.0)
    mesh = _mesh()
    moved = displacement((unit,), LAYOUT.positions(mesh), mesh)
    return np.asarray(LAYOUT.pool(moved), dtype=np.float64)


@lru_cache(maxsize=1)
def _mesh() -> Array:
    """A whole frontal mesh [468, 2] in face coordinates: the mean face has key points only."""
    detector = open_detector(FaceConfig())
    try:
        (mesh,) = detector.detect(known_face())
    finally:
        detector.close()
    return face_coordinates(mesh.landmarks_px)


def _is_free(taken_s: NDArray[np.float64], start_s: float, end_s: float) -> bool:
    before = taken_s[:, 2] + _GAP_S <= start_s
    after = taken_s[:, 0] - _GAP_S >= end_s
    return bool((before | after).all())
