"""Macro-expressions: a region leaves its place for half a second to four, and comes back.

The bump of `spotting.motion.bumps` at a longer scale, on the meshes of a face instead of its flow:
a mesh follows a head that turns and does not drift. What does not come back (a new pose, a jaw
that has opened) scores nothing. Speech never rests, and so raises the threshold of the mouth, which
is a multiple of what each row does usually; brows have their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig
from spotting.detector import Finding, Interval
from spotting.micro.interval import flank_s
from spotting.motion.bumps import lengths
from spotting.motion.history import MotionUpdate
from spotting.motion.mesh_series import STEP_S, MeshSeries
from spotting.motion.rows import FACE_ROWS, N_ROWS, moving_regions
from streamer.core.records import FaceMotion, Gate, Spot

_HALF_STEPS = np.array([4, 7, 11, 16, 21])  # half-widths, in steps of the series
AHEAD_S = float(_HALF_STEPS[-1] + 10) * STEP_S  # when a movement is known after its apex
_USUAL_WIDTH = 1  # where it is learned what a row does usually
_USUAL_STEPS = 300  # and from how many steps
_LEAST_STEPS = 10
_EVERY = 5  # steps between two looks at their median
_SPEECH_KEPT_S, _SPEECH_NEAR_S = 6.0, 1.0
_PEAK_STEPS = 10  # a peak is the highest this far to both sides
_JAW = np.array([name in ("chin", "lip_lower", "lip_upper") for name in FACE_ROWS.names])
_LEFT_OUT = FACE_ROWS.eyes | _JAW  # lids that look down and jaws that chew express nothing


@dataclass(frozen=True, slots=True)
class _Moment:
    """The bumps around one step of the series; H half-widths."""

    step: int  # absolute
    bumps_iod: NDArray[np.float64]  # [H, rows, 2]
    net_iod: NDArray[np.float64]  # [H, rows], what came back, less what the head explains
    factor: NDArray[np.float64]  # [rows], by how much more is asked for; inf: nothing counts

    def scores(self, least_iod: NDArray[np.float64]) -> NDArray[np.float64]:
        """Over what each row must reach, [H, rows]."""
        return np.asarray(self.net_iod / (self.factor * least_iod))


@dataclass(frozen=True, slots=True)
class _Peak:
    """A moment that no other near it outdoes."""

    moment: _Moment
    score: float
    half_steps: int  # the best half-width
    bump_iod: NDArray[np.float64]  # [rows, 2] at that
    row_scores: NDArray[np.float64]  # [rows]


class MacroDetector:
    """Watches the meshes of one face. State: its last seconds, and how restless each row is."""

    def __init__(self, face_id: int, config: SpotterConfig) -> None:
        self._face_id, self._config = face_id, config
        self._series = MeshSeries()
        self._usual = np.empty((0, N_ROWS))  # heights of the last steps
        self._least_iod = np.full(N_ROWS, np.inf)  # what follows from their median
        self._next = 0  # absolute number of the next step to look at
        self._done = -1  # steps up to here have been decided
        self._moments: deque[_Moment] = deque()
        self._last_end_s = -np.inf
        self._spoken_s: deque[float] = deque()  # when the mouth spoke
        self._known: deque[tuple[float, float]] = deque(maxlen=8)  # onset, offset

    def note(self, spot: Spot) -> None:
        """A macro-expression that somebody else has found: it is not reported again."""
        self._known.append((spot.onset_s, spot.offset_s))

    def detect(self, update: MotionUpdate) -> list[Finding]:
        """Movements that have become certain, as spots or with the reason against them."""
        flush = update.motion is None
        if update.motion is not None:
            self._note_speech(update.motion)
            if not self._series.push(update.motion.mesh):
                return []
        found = [self._finding(peak, update) for peak in self._peaks(flush)]
        return [finding for finding in found if finding is not None]

    def _note_speech(self, motion: FaceMotion) -> None:
        if Gate.SPEECH in motion.gates:
            self._spoken_s.append(motion.time_s)
        while self._spoken_s and self._spoken_s[0] < motion.time_s - _SPEECH_KEPT_S:
            self._spoken_s.popleft()

    def _peaks(self, flush: bool) -> Iterator[_Peak]:
        """Moments that no other within `_PEAK_STEPS` outdoes; of equals the first."""
        ahead = int(_HALF_STEPS[0] if flush else _HALF_STEPS[-1])
        while self._next + ahead < self._series.end:
            if self._next - self._series.start >= _HALF_STEPS[0]:
                self._moments.append(self._measure(self._next))
                yield from self._decided(self._next - _PEAK_STEPS)
            self._next += 1
        if flush:
            yield from self._decided(self._next)

    def _decided(self, last: int) -> Iterator[_Peak]:
        """The peaks up to step `last` that were not decided before, by what is usual by now."""
        due = [k for k, m in enumerate(self._moments) if self._done < m.step <= last]
        if due and len(self._usual) >= _LEAST_STEPS:
            tops = [float(m.scores(self._least_iod).max()) for m in self._moments]
            for k in due:
                around = tops[max(k - _PEAK_STEPS, 0) : k], tops[k + 1 : k + _PEAK_STEPS + 1]
                before, after = (max(some, default=0.0) for some in around)
                if tops[k] >= 1.0 and before < tops[k] >= after:
                    yield self._peak(self._moments[k])
        self._done = max(self._done, last)
        while self._moments and self._moments[0].step < self._next - 2 * _PEAK_STEPS:
            self._moments.popleft()

    def _peak(self, moment: _Moment) -> _Peak:
        scores = moment.scores(self._least_iod)
        best = int(scores.max(axis=1).argmax())
        top = float(scores[best].max())
        return _Peak(moment, top, int(_HALF_STEPS[best]), moment.bumps_iod[best], scores[best])

    def _measure(self, step: int) -> _Moment:
        rows, turn = self._series.rows_iod, self._series.turn_rad
        k, c = step - self._series.start, self._config
        before = np.maximum(k - _HALF_STEPS, 0)
        after = np.minimum(k + _HALF_STEPS, len(rows) - 1)
        bumps = rows[k] - 0.5 * (rows[before] + rows[after])
        height = lengths(bumps)
        self._learn(height[_USUAL_WIDTH])
        turned = np.linalg.norm(turn[k] - 0.5 * (turn[before] + turn[after]), axis=1)
        net = height - 0.5 * lengths(rows[after] - rows[before])
        net -= c.macro_turn_leak * turned[:, None]
        now_s = self._series.time_s[k]
        speaks = any(abs(spoken_s - now_s) < _SPEECH_NEAR_S for spoken_s in self._spoken_s)
        factor = np.where(FACE_ROWS.spoken & speaks, c.macro_speech_factor, 1.0)
        return _Moment(step, bumps, net, np.where(_LEFT_OUT, np.inf, factor))

    def _learn(self, height_iod: NDArray[np.float64]) -> None:
        """What each row [rows] must reach, by what it does usually."""
        c = self._config
        self._usual = np.concatenate([self._usual, height_iod[None]])[-_USUAL_STEPS:]
        if self._next % _EVERY == 0 or len(self._usual) <= _LEAST_STEPS:
            usual = c.macro_noise_factor * np.median(self._usual, axis=0)
            self._least_iod = np.maximum(c.macro_open_iod, usual) / c.sensitivity

    def _finding(self, peak: _Peak, update: MotionUpdate) -> Finding | None:
        """As a spot; None if it is as short as a micro-expression, or the tail of the last."""
        interval = self._interval(peak)
        c, score = self._config, peak.score
        if not c.micro_max_s < interval.length_s <= c.macro_max_s + TIE_S:
            return None
        if interval.onset_s < self._last_end_s - 0.5 * interval.length_s:
            return None
        if any(on < interval.offset_s and interval.onset_s < off for on, off in self._known):
            return None
        if interval.apex_s <= update.baseline_end_s:
            return interval.rejected("baseline", score)
        gate = update.gates.voids_half(interval.onset_s, interval.offset_s)
        if gate is not None and gate is not Gate.LIGHT_JUMP:  # light does not move a mesh
            return interval.rejected(gate.value, score)
        self._last_end_s = interval.offset_s
        return interval.spot(self._face_id, "macro", score, moving_regions(peak.row_scores))

    def _interval(self, peak: _Peak) -> Interval:
        """Onset, apex and offset on the movement's own direction, from its steep flanks."""
        series, k = self._series, peak.moment.step - self._series.start
        weight = np.where(peak.row_scores > 0.5 * peak.score, peak.row_scores, 0.0)
        direction = peak.bump_iod * (weight / (lengths(peak.bump_iod) + 1e-9))[:, None]
        curve = np.einsum("trc,rc->t", series.rows_iod, direction)
        reach, near = int(_HALF_STEPS[-1]), max(2, peak.half_steps // 2)
        low, high = max(k - reach, 0), min(k + reach + 1, len(curve))
        first = max(k - near, 0)
        apex = first + int(curve[first : k + near + 1].argmax())
        left, right = curve[low : apex + 1][::-1], curve[apex:high]
        onset_s = flank_s(STEP_S * np.arange(len(left)), left)
        offset_s = flank_s(STEP_S * np.arange(len(right)), right)
        apex_s = series.time_s[apex]
        times = (apex_s - onset_s, apex_s, apex_s + offset_s)
        return Interval(*times, *(series.frame_at(time_s) for time_s in times))
