"""The causal sliding-window spotter: aligned faces in, spots out, one state per face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig
from spotting.macro import Departure, DepartureDetector
from spotting.micro.bumps import HALF_WIDTHS_S, PEAK_RADIUS_S, Bump, BumpDetector, Rows
from spotting.micro.interval import Interval, sharpen
from spotting.motion.extractor import MotionMeter
from spotting.motion.gates import BLINK, SEPARATOR, GateKeeper
from spotting.motion.regions import REGION_NAMES, SHAKEN_BY_BLINK
from spotting.motion.series import MotionSeries
from streamer.core.records import AlignedFace, Kind, Motion, Rejected, Spot

_PAIRS = [
    (i, REGION_NAMES.index(name.replace("_left", "_right")))
    for i, name in enumerate(REGION_NAMES)
    if name.endswith("_left")
]
_LEFT, _RIGHT = np.array(_PAIRS).T
_MIRROR = np.array([-1.0, 1.0])
ROWS = len(REGION_NAMES) + len(_PAIRS)
_NAMES = [*REGION_NAMES, *(REGION_NAMES[left] for left, _ in _PAIRS)]
_ROWS = Rows(
    eyes=np.array([name.startswith("eye") for name in _NAMES]),
    lower=np.array([name.startswith(("mouth", "lip", "chin")) for name in _NAMES]),
)
_BLINKED = np.array([name in SHAKEN_BY_BLINK for name in _NAMES])
_SETTLE_S = 0.1
_LONGEST_S = 6.0  # how far back a macro-movement may look


def with_symmetric_pairs(displacement: NDArray) -> NDArray[np.float32]:
    """Regions [R, 2] and, below them, the mean of each left region with its mirrored right one.

    Spontaneous expressions are near symmetric, so the pair has half the noise power of a side.
    """
    pairs = 0.5 * (displacement[_LEFT] + displacement[_RIGHT] * _MIRROR)
    return np.concatenate([displacement, pairs]).astype(np.float32)


def latency_s(config: SpotterConfig) -> float:
    """Longest time after the apex at which a micro-expression is known (plus one frame).

    The sum of: blinks known, fall seen, and the longer of peak certain and surroundings known.
    """
    settle = max(_SETTLE_S, config.smooth_s / 2)
    wait = PEAK_RADIUS_S if config.low_latency else max(PEAK_RADIUS_S, config.unrest_after_s)
    return settle + float(HALF_WIDTHS_S[-1]) + wait


class _FaceState:
    """Everything known of one face."""

    def __init__(self, face_id: int, config: SpotterConfig) -> None:
        self.face_id = face_id
        self._config = config
        self._meter = MotionMeter()
        self._gates = GateKeeper(config.gates)
        self._series = MotionSeries(ROWS, _LONGEST_S, config.smooth_s, _SETTLE_S)
        self._bumps = BumpDetector(config, _ROWS)
        self._departures = DepartureDetector(ROWS, config)
        self._last_end_s = -np.inf
        self._rejected: list[Rejected] = []

    def push(self, face: AlignedFace) -> tuple[Motion, list[Spot]]:
        motion = self._meter.push(face)
        head = self._meter.head_iod
        speech = self._bumps.unrest.is_speech(face.time_s)
        gates = self._gates.push(face.time_s, self._meter.look, head, speech)
        blinking = BLINK in gates
        self._series.push(
            face.time_s,
            face.index,
            with_symmetric_pairs(motion.displacement_iod),
            np.array([head[0], head[1], np.abs(head[2:]).sum()]),
            _BLINKED & blinking,
            self._config.gates.eyes_margin_s,
        )
        old = face.time_s - self._meter.reference_s > self._config.reference_age_s - TIE_S
        if old and not blinking and not self._departures.is_open:
            self._meter.renew_reference(face)
        spots = self._collect(flush=False)
        rejected, self._rejected = tuple(self._rejected), []
        return replace(motion, gate=SEPARATOR.join(gates), rejected=rejected), spots

    def close(self) -> list[Spot]:
        self._series.flush()
        return self._collect(flush=True)

    def _collect(self, flush: bool) -> list[Spot]:
        if self._series.final.stop < 2:
            return []
        spots = [self._micro(b) for b in self._bumps.advance(self._series, flush)]
        spots += [self._macro(d) for d in self._departures.advance(self._series, flush)]
        return [spot for spot in spots if spot is not None]

    def _micro(self, bump: Bump) -> Spot | None:
        interval = sharpen(self._series, bump, reach_s=self._config.micro_max_s)
        eyes_only = not (bump.row_scores[~_ROWS.eyes] >= 1.0).any()
        reason = bump.rejected or self._gates.voided(interval.onset_s, interval.offset_s, eyes_only)
        if reason:
            self._reject(reason, interval, bump.score)
            return None
        length_s = interval.offset_s - interval.onset_s
        # Onset and offset are each known to half a frame.
        frame_s = length_s / max(interval.offset_frame - interval.onset_frame, 1)
        if not self._config.micro_min_s - frame_s <= length_s <= self._config.micro_max_s + frame_s:
            return None
        if not interval.onset_frame < interval.apex_frame < interval.offset_frame:
            return None  # no rise or no fall
        if interval.onset_s < self._last_end_s - 0.5 * length_s:
            return None  # the tail of the last one
        self._last_end_s = interval.offset_s
        return self._spot("micro", interval, bump.score, bump.row_scores)

    def _reject(self, reason: str, interval: Interval, score: float) -> None:
        times = (interval.onset_s, interval.apex_s, interval.offset_s)
        self._rejected.append(Rejected(reason, *times, round(score, 4)))

    def _macro(self, departure: Departure) -> Spot | None:
        series, dropped = self._series, self._series.dropped
        onset, apex, offset = (
            max(n - dropped, 0) for n in (departure.onset, departure.apex, departure.offset)
        )
        times, frames = series.time_s, series.index
        interval = Interval(
            float(times[onset]),
            float(times[apex]),
            float(times[offset]),
            int(frames[onset]),
            int(frames[apex]),
            int(frames[offset]),
        )
        reason = self._gates.mostly_voided(interval.onset_s, interval.offset_s)
        if reason:
            self._reject(reason, interval, departure.score)
            return None
        return self._spot("macro", interval, departure.score, departure.row_scores)

    def _spot(self, kind: Kind, interval: Interval, score: float, row_scores: NDArray) -> Spot:
        return Spot(
            self.face_id,
            kind,
            interval.onset_s,
            interval.apex_s,
            interval.offset_s,
            interval.onset_frame,
            interval.apex_frame,
            interval.offset_frame,
            round(score, 4),
            _moving(row_scores),
        )


class FlowSpotter:
    """Spots micro- and macro-expressions on any number of faces. `push`, `flush`, `reset`.

    Causal: what it returns for a frame depends on that frame and earlier ones only, so a file and a
    stream of its frames give the same spots.
    """

    def __init__(self, config: SpotterConfig | None = None) -> None:
        self._config = config or SpotterConfig()
        self._faces: dict[int, _FaceState] = {}

    @property
    def lookback_s(self) -> float:
        """How long the aligned faces must be kept for the recogniser."""
        return _LONGEST_S

    def push(self, faces: Sequence[AlignedFace]) -> tuple[list[Motion], list[Spot]]:
        """Motion of each face of one frame, in order, and the spots that have become certain.

        A face that is gone closes what it had open; when it is back it starts anew.
        """
        spots: list[Spot] = []
        present = {face.face.face_id for face in faces}
        for face_id in [i for i in self._faces if i not in present]:
            spots += self._faces.pop(face_id).close()
        motions = []
        for face in faces:
            state = self._faces.get(face.face.face_id)
            if state is None:
                state = _FaceState(face.face.face_id, self._config)
                self._faces[face.face.face_id] = state
            motion, found = state.push(face)
            motions.append(motion)
            spots += found
        return motions, spots

    def flush(self) -> list[Spot]:
        """Close all faces at the end of the stream."""
        spots = [spot for state in self._faces.values() for spot in state.close()]
        self._faces.clear()
        return spots

    def reset(self) -> None:
        """Forget everything without reporting it."""
        self._faces.clear()


def _moving(row_scores: NDArray) -> tuple[str, ...]:
    """Names of the regions that moved, strongest first; pairs count for both sides."""
    scores = row_scores[: len(REGION_NAMES)].astype(np.float64).copy()
    for row, (left, right) in enumerate(_PAIRS, start=len(REGION_NAMES)):
        scores[left] = max(scores[left], 0.999 * row_scores[row])
        scores[right] = max(scores[right], 0.998 * row_scores[row])
    order = np.argsort(-scores, kind="stable")
    limit = max(0.5 * float(scores.max()), 0.0)
    return tuple(REGION_NAMES[i] for i in order if scores[i] >= limit and scores[i] > 0)
