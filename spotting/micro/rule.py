"""The rule for micro-expressions: a bump that stands out, of the right length, in sound frames."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig
from spotting.detector import Finding, Interval, MicroFactory
from spotting.micro.interval import sharpen
from spotting.micro.peaks import Bump, BumpJudge
from spotting.motion.bumps import HALF_WIDTHS_S, PEAK_RADIUS_S
from spotting.motion.coverage import Withheld
from spotting.motion.gates import VOIDED
from spotting.motion.history import CONFIRM_S, MotionUpdate
from spotting.motion.regions import REGION_NAMES
from spotting.motion.rows import FACE_ROWS, moving_regions
from streamer.core.records import Gate, Kind

_N_REGIONS = len(REGION_NAMES)
_LEAST_LONG = 1.5  # score of a bump that is longer than a micro-expression: then it is a macro


class RuleDetector:
    """Judges the bumps of one face."""

    # A blink holds the rows that it shakes; in speech a mouth's bump must stand out by twice.
    withheld: ClassVar[Withheld] = {
        **VOIDED,
        Gate.BLINK: FACE_ROWS.blinked[:_N_REGIONS],
        Gate.SPEECH: FACE_ROWS.spoken[:_N_REGIONS],
    }
    lead_s: ClassVar[float] = float(HALF_WIDTHS_S[-1])

    def __init__(self, face_id: int, config: SpotterConfig) -> None:
        self._face_id, self._config = face_id, config
        self._judge = BumpJudge(config, FACE_ROWS)
        self._last_end_s = -np.inf

    def detect(self, update: MotionUpdate) -> list[Finding]:
        """Bumps that have become certain, as spots or with the reason against them."""
        flush = update.motion is None
        bumps = self._judge.advance(update.moments, update.baseline_end_s, flush)
        found = [self._finding(bump, update) for bump in bumps]
        return [finding for finding in found if finding is not None]

    def _finding(self, bump: Bump, update: MotionUpdate) -> Finding | None:
        interval = sharpen(update.series, bump, reach_s=self._config.micro_max_s)
        if bump.rejected:
            return interval.rejected(bump.rejected, bump.score)
        eyes_only = not (bump.row_scores[~FACE_ROWS.eyes] >= 1.0).any()
        gate = update.gates.voids(interval.onset_s, interval.offset_s, eyes_only)
        if gate is not None:
            return interval.rejected(gate.value, bump.score)
        times_s = update.series.time_s[update.series.final]
        is_short = self._is_short(interval, times_s)
        if not self._has_shape(interval, times_s) or (not is_short and bump.score < _LEAST_LONG):
            return None
        kind: Kind = "micro" if is_short else "macro"
        self._last_end_s = interval.offset_s
        regions = moving_regions(bump.row_scores)
        return interval.spot(self._face_id, kind, bump.score, regions)

    def _has_shape(self, interval: Interval, times_s: NDArray[np.float64]) -> bool:
        """Whether it has a rise and a fall, is long enough, and is not the tail of the last.

        times_s [T]: of the samples; repeated pictures are none.
        """
        length_s = interval.length_s
        return (
            length_s >= self._config.micro_min_s - _length_known_to_s(times_s, interval)
            and interval.onset_frame < interval.apex_frame < interval.offset_frame
            and interval.onset_s >= self._last_end_s - 0.5 * length_s
        )

    def _is_short(self, interval: Interval, times_s: NDArray[np.float64]) -> bool:
        """Whether it is no longer than a micro-expression, as far as the samples tell."""
        known_s = _length_known_to_s(times_s, interval)
        return interval.length_s <= self._config.micro_max_s + known_s


def _length_known_to_s(times_s: NDArray[np.float64], interval: Interval) -> float:
    return _known_to_s(times_s, interval.onset_s) + _known_to_s(times_s, interval.offset_s)


def _known_to_s(times_s: NDArray[np.float64], time_s: float) -> float:
    """Half the time between the sample at `time_s` and the farther of its neighbours."""
    place = int(times_s.searchsorted(time_s - TIE_S))
    around = times_s[max(place - 1, 0) : place + 2]
    return 0.5 * float(np.diff(around).max(initial=0.0)) + TIE_S


def open_rule(config: SpotterConfig, _weights: Path | None) -> MicroFactory:
    """Detectors with these settings; the rule has no weights."""
    return lambda face_id: RuleDetector(face_id, config)


def latency_s(config: SpotterConfig) -> float:
    """Longest time after the apex at which a micro-expression is known (plus one frame).

    The sum of: blinks known, fall seen, and the longer of peak certain and surroundings known.
    """
    confirm_s = max(CONFIRM_S, config.smooth_s / 2)
    wait_s = PEAK_RADIUS_S
    if not config.low_latency:
        wait_s = max(wait_s, config.activity_after_s)
    return confirm_s + float(HALF_WIDTHS_S[-1]) + wait_s
