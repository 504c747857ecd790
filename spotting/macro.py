"""Macro-expressions: a smile, raised brows or a frown, for half a second to four.

Read from the meshes of a face and not from its flow: a mesh follows a head that turns, and does not
drift. What counts is a stretch of `spotting.motion.expressions` that stands out of the half seconds
before and after it, by a multiple of how restless that curve usually is. What stays (a new pose)
scores nothing, nor does what goes to and fro (speech). An expression that was there when the face
came, or is when it leaves, is told from the other end alone, and must be clearer.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig
from spotting.detector import Finding, Interval
from spotting.motion.expressions import EXPRESSIONS
from spotting.motion.history import MotionUpdate
from spotting.motion.mesh_series import STEP_S, MeshSeries
from spotting.motion.stretches import AROUND_STEPS, Stretch, last_stretches, stretches
from streamer.core.records import FaceMotion, Gate, Spot

_WAIT_STEPS = 15  # whether a better one comes that overlaps it
AHEAD_S = (AROUND_STEPS + _WAIT_STEPS) * STEP_S  # when an expression is known after its offset
_LONGEST_STEPS = 60  # what is kept of the meshes reaches no farther
_KEPT_STEPS = 80  # a stretch that waits for others longer is forgotten
_USUAL_STEPS = 7  # half-width of the bumps by which a curve's restlessness is measured
_MEMORY_STEPS = 300  # over so long
_LEAST_STEPS = 5
_SPEECH_KEPT_S, _SPEECH_NEAR_S = 8.0, 0.5
_SAME = 0.2  # of the shorter one: two that share more time are one
_SPEECH_SHARE = 0.3  # of a stretch: then somebody speaks


@dataclass(frozen=True, slots=True)
class _Found:
    """A stretch that is known and waits whether a better one overlaps it."""

    known: int  # step
    stretch: Stretch
    interval: Interval
    factor: float  # so many times as much is asked for

    def overlaps(self, other: _Found) -> bool:
        """Whether they share so much time that they are one."""
        its = other.interval
        return _share(self.interval, its.onset_s, its.offset_s) > _SAME


class MacroDetector:
    """Watches the meshes of one face. State: its last seconds, and how restless each curve is."""

    def __init__(self, face_id: int, config: SpotterConfig) -> None:
        self._face_id, self._config = face_id, config
        self._series = MeshSeries()
        self._usual = np.empty((0, len(EXPRESSIONS.names)))  # heights of the last steps
        self._next = 0  # absolute number of the next step to look at
        self._waiting: list[_Found] = []
        self._spoken_s: deque[float] = deque()  # when the mouth spoke
        self._known: deque[tuple[float, float]] = deque(maxlen=8)  # onset, offset

    def note(self, spot: Spot) -> None:
        """A macro-expression that somebody else has found: it is not reported again."""
        self._known.append((spot.onset_s, spot.offset_s))

    def detect(self, update: MotionUpdate) -> list[Finding]:
        """Expressions that have become certain, as spots or with the reason against them."""
        if update.motion is not None:
            self._note_speech(update.motion)
            if not self._series.push(update.motion.mesh):
                return []
        found = [self._finding(one, score, update) for one, score in self._certain()]
        if update.motion is None:
            found += [self._finding(one, score, update) for one, score in self._last()]
        return [finding for finding in found if finding is not None]

    def _note_speech(self, motion: FaceMotion) -> None:
        if Gate.SPEECH in motion.gates:
            self._spoken_s.append(motion.time_s)
        while self._spoken_s and self._spoken_s[0] < motion.time_s - _SPEECH_KEPT_S:
            self._spoken_s.popleft()

    def _certain(self) -> list[tuple[_Found, float]]:
        """Stretches that no other will outdo, with their scores, step by step."""
        series, curves = self._series, self._curves()
        certain: list[tuple[_Found, float]] = []
        for step in range(max(self._next, series.start), series.end):
            self._next, stop = step, step - series.start + 1
            self._learn(curves[:stop])
            turn, leak = series.turn_rad[:stop], self._config.macro_turn_leak
            self._add(stretches(curves[:stop], turn, self._longest, series.start == 0, leak))
            certain += self._due(step - _WAIT_STEPS)
        self._next = series.end
        return certain

    def _last(self) -> list[tuple[_Found, float]]:
        """What is left at the end, expressions that last to it among them."""
        turn, leak = self._series.turn_rad, self._config.macro_turn_leak
        self._add(last_stretches(self._curves(), turn, self._longest, leak))
        return self._due(self._next)

    def _curves(self) -> NDArray[np.float64]:
        return EXPRESSIONS.curves(self._series.rows_iod, self._series.turn_rad)

    @property
    def _longest(self) -> int:
        """Steps of the longest stretch to look for."""
        return min(int(self._config.macro_max_s / STEP_S + TIE_S), _LONGEST_STEPS)

    def _learn(self, curves: NDArray[np.float64]) -> None:
        """How far each curve goes to and fro around the step that has just become known."""
        if len(curves) > 2 * _USUAL_STEPS:
            low, middle, high = curves[-1 - 2 * _USUAL_STEPS :: _USUAL_STEPS]
            height = np.abs(middle - 0.5 * (low + high))
            self._usual = np.vstack([self._usual, height])[-_MEMORY_STEPS:]

    def _add(self, found: list[Stretch]) -> None:
        """Keep those that can count, whatever is usual."""
        c = self._config
        for stretch in found:
            if stretch.height_iod < self._least_iod[stretch.curve] / c.sensitivity:
                continue
            interval = self._interval(stretch)
            if c.micro_max_s < interval.length_s <= c.macro_max_s + TIE_S:
                factor = self._factor(stretch, interval)
                self._waiting.append(_Found(self._next, stretch, interval, factor))

    def _factor(self, stretch: Stretch, interval: Interval) -> float:
        c, factor = self._config, 1.0 / self._config.sensitivity
        if EXPRESSIONS.one_sided[stretch.curve]:
            factor *= c.macro_side_factor
        if stretch.cut:
            factor *= c.macro_cut_factor
        if EXPRESSIONS.spoken[stretch.curve] and self._speaks(interval):
            factor *= c.macro_speech_factor
        return factor

    def _speaks(self, interval: Interval) -> bool:
        """Whether speech is near to a good part of it."""
        if not self._spoken_s:
            return False
        times_s = np.arange(interval.onset_s, interval.offset_s + TIE_S, STEP_S)
        spoken_s = np.array(self._spoken_s)
        next_s = spoken_s[np.minimum(spoken_s.searchsorted(times_s), len(spoken_s) - 1)]
        before_s = spoken_s[np.maximum(spoken_s.searchsorted(times_s) - 1, 0)]
        away_s = np.minimum(np.abs(next_s - times_s), np.abs(before_s - times_s))
        return bool((away_s < _SPEECH_NEAR_S).mean() > _SPEECH_SHARE)

    def _due(self, known: int) -> list[tuple[_Found, float]]:
        """Of those that were known at a step, the ones that no other outdoes, with scores."""
        if not any(one.known <= known for one in self._waiting):
            return []
        asked_iod = self._asked_iod()
        scores = {
            id(one): one.stretch.height_iod / (one.factor * float(asked_iod[one.stretch.curve]))
            for one in self._waiting
        }
        taken: list[_Found] = []
        kept: list[_Found] = []
        for one in sorted(self._waiting, key=lambda one: scores[id(one)], reverse=True):
            if any(one.overlaps(better) for better in taken):
                continue
            if one.known > known or any(one.overlaps(better) for better in kept):
                kept.append(one)
            elif scores[id(one)] >= 1.0:
                taken.append(one)
        self._waiting = [
            one
            for one in kept
            if one.known > known - _KEPT_STEPS and not any(one.overlaps(best) for best in taken)
        ]
        return [(one, scores[id(one)]) for one in taken]

    def _asked_iod(self) -> NDArray[np.float64]:
        """What each curve [E] must reach, by what is usual by now."""
        if len(self._usual) < _LEAST_STEPS:
            return self._least_iod
        usual_iod = self._config.macro_noise_factor * np.median(self._usual, axis=0)
        clear_iod = self._config.macro_clear_factor * self._least_iod
        return np.minimum(np.maximum(self._least_iod, usual_iod), clear_iod)

    @property
    def _least_iod(self) -> NDArray[np.float64]:
        c = self._config
        return np.where(EXPRESSIONS.spoken, c.macro_open_iod, c.macro_brow_iod)

    def _finding(self, one: _Found, score: float, update: MotionUpdate) -> Finding | None:
        """As a spot; None if it has been reported."""
        interval = one.interval
        if any(_share(interval, on, off) > _SAME for on, off in self._known):
            return None
        self._known.append((interval.onset_s, interval.offset_s))
        if interval.apex_s <= update.baseline_end_s:
            return interval.rejected("baseline", score)
        gate = update.gates.voids_half(interval.onset_s, interval.offset_s)
        if gate is not None and gate is not Gate.LIGHT_JUMP:  # light does not move a mesh
            return interval.rejected(gate.value, score)
        regions = EXPRESSIONS.regions[one.stretch.curve]
        return interval.spot(self._face_id, "macro", score, regions)

    def _interval(self, stretch: Stretch) -> Interval:
        """In seconds, by the frames whose meshes were read."""
        series = self._series
        places = (stretch.onset, stretch.apex, stretch.offset)
        steps = np.arange(len(series.time_s))
        times = [float(np.interp(place, steps, series.time_s)) for place in places]
        onset_s, apex_s, offset_s = times
        frames = [series.frame_at(time_s) for time_s in times]
        return Interval(onset_s, apex_s, offset_s, *frames)


def _share(interval: Interval, onset_s: float, offset_s: float) -> float:
    """Time shared with another interval, of the shorter one."""
    shared_s = min(interval.offset_s, offset_s) - max(interval.onset_s, onset_s)
    return shared_s / min(interval.length_s, offset_s - onset_s)
