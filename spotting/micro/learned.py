"""A learned detector of micro-expressions, in the place of the rule.

A causal network reads the motion of a face, 50 times a second, and says of the moment `delay_s`
ago how likely it is an apex, and how far onset and offset are from it. The highest such moment
within 0.15 s on both sides that is high enough is a spot, unless the face could not be seen or it
lies in the baseline. High enough is what `Calibration` says of the rate of false events that is
allowed.

Weights are made by `mer-train spotter`; there is no torch here. `weights/learned.json` says what
those in `weights/` were trained on, and what they reached.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spotting.config import SpotterConfig, check_learned
from spotting.detector import Finding, Interval, MicroFactory
from spotting.micro.calibration import SETTINGS as CALIBRATION
from spotting.micro.calibration import Calibration
from spotting.micro.interval import nearest
from spotting.micro.learned_inputs import INPUTS, InputMaker
from spotting.micro.learned_network import CausalNet, NetState, load_net
from spotting.micro.learned_ticks import RATE_HZ, TickMaker, row_of
from spotting.motion.coverage import Withheld
from spotting.motion.gates import ALL_REGIONS, GateLog
from spotting.motion.history import MotionUpdate
from spotting.motion.regions import REGION_NAMES
from spotting.motion.rows import FACE_ROWS
from streamer.core.errors import ModelError
from streamer.core.records import Gate

BUNDLED = Path(__file__).parents[1] / "weights" / "learned.npz"
OUTPUTS = 3  # apex (logit), seconds back to the onset, seconds on to the offset
SETTINGS = ("delay_s", "rate_hz", *CALIBRATION)
PEAK_RADIUS_S = 0.15
_LONGEST_DELAY_S = 5.0
_LOOK_BACK_S = 2.5
_REFINE_S = 0.05  # the apex is looked for this far around what the network says
_N_REGIONS = len(REGION_NAMES)
_VOIDS = (Gate.COVERED, Gate.BORDER)


@dataclass(frozen=True, slots=True)
class _Guess:
    """What the network said of one moment."""

    apex_s: float
    logit: float
    rise_s: float
    fall_s: float


@dataclass(frozen=True, slots=True)
class _Recent:
    """The last seconds as they were measured, T frames."""

    times: NDArray[np.float64]  # [T]
    frames: NDArray[np.int64]  # [T]
    displacement_iod: NDArray[np.float32]  # [T, R, 2]

    @classmethod
    def of(cls, update: MotionUpdate) -> _Recent:
        series = update.series
        times = series.time_s[series.raw]
        start = int(np.searchsorted(times, times[-1] - _LOOK_BACK_S))
        part = slice(start, series.raw.stop)
        return cls(times[start:], series.index[part], series.value[part, :_N_REGIONS])

    @property
    def frame_s(self) -> float:
        """The usual time between two frames."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 0.0


class LearnedDetector:
    """One face: ticks, the network's memory, what it said lately."""

    # All but the weights.
    STATE = (
        *("_ticks", "_inputs", "_memory", "_guesses"),
        *("_unseen", "_begun_s", "_last_end_s"),
    )
    # The network is told of blinks and has learned what they spoil; only what cannot be seen at
    # all is void. Of a mouth that talks it has learned to report nothing.
    withheld: ClassVar[Withheld] = {
        **dict.fromkeys(_VOIDS, ALL_REGIONS),
        Gate.SPEECH: FACE_ROWS.lower[:_N_REGIONS],
    }
    lead_s: ClassVar[float] = 0.0

    def __init__(self, face_id: int, config: SpotterConfig, net: CausalNet) -> None:
        self._face_id, self._config, self._net = face_id, config, net
        self._calibration = Calibration.of(net.settings)
        self._least_logit = least_logit(self._calibration, config)
        self._unseen = GateLog(config.gates.margin_s, _VOIDS)
        self._delay_s = net.settings["delay_s"]
        self._ticks = TickMaker()
        self._inputs = InputMaker()
        self._memory = NetState(net)
        self._guesses: deque[_Guess] = deque()
        self._begun_s: float | None = None
        self._last_end_s = -np.inf

    def detect(self, update: MotionUpdate) -> list[Finding]:
        """What the ticks of this frame decide; at the end, as if the face stayed as it was."""
        if update.motion is None:
            ticks = self._ticks.hold(self._delay_s + PEAK_RADIUS_S + 2.0 / RATE_HZ)
        else:
            if self._begun_s is None:
                self._begun_s = update.motion.time_s
            self._unseen.push(update.motion.time_s, update.motion.gates)
            ticks = self._ticks.push(update.motion.time_s, row_of(update.motion))
        found = [self._finding(guess, update) for guess in self._peaks(ticks)]
        return [finding for finding in found if finding is not None]

    def _peaks(self, ticks: Iterable[tuple[float, NDArray[np.float64]]]) -> Iterable[_Guess]:
        """Guesses that are higher than all around them, and high enough."""
        guesses, radius = self._guesses, round(PEAK_RADIUS_S * RATE_HZ)
        for time_s, row in ticks:
            inputs = self._inputs.step(row)
            logit, rise_s, fall_s = self._memory.step(self._net, inputs).tolist()
            guesses.append(_Guess(time_s - self._delay_s, logit, rise_s, fall_s))
            if len(guesses) > 2 * radius + 1:
                guesses.popleft()
            if len(guesses) < 2 * radius + 1 or guesses[radius].logit < self._least_logit:
                continue
            logits = [guess.logit for guess in guesses]
            if max(logits[:radius]) < logits[radius] >= max(logits[radius + 1 :]):
                yield guesses[radius]

    def _finding(self, guess: _Guess, update: MotionUpdate) -> Finding | None:
        if self._begun_s is None or guess.apex_s < self._begun_s:
            return None
        recent = _Recent.of(update)
        places = self._places(guess, recent)
        interval = Interval.of(recent.times, recent.frames, places)
        if not self._has_shape(interval, places, recent.frame_s):
            return None
        score = round(self._calibration.rarity(guess.logit, self._least_logit), 4)
        if guess.apex_s <= update.baseline_end_s:
            return interval.rejected("baseline", score)
        gate = self._unseen.voids(interval.onset_s, interval.offset_s, eyes_only=False)
        if gate is not None:
            return interval.rejected(gate.value, score)
        self._last_end_s = interval.offset_s
        moved = _moved(recent.displacement_iod, places)
        clearly = moved >= 0.5 * moved.max()
        order = np.argsort(-moved, kind="stable")
        regions = tuple(REGION_NAMES[i] for i in order if clearly[i])
        return interval.spot(self._face_id, "micro", max(score, 1.0), regions)

    def _places(self, guess: _Guess, recent: _Recent) -> tuple[int, int, int]:
        """Places of onset, apex and offset among the recent frames."""
        times, longest_s = recent.times, self._config.micro_max_s
        rise_s, fall_s = (
            min(max(side_s, recent.frame_s), longest_s) for side_s in (guess.rise_s, guess.fall_s)
        )
        onset = nearest(times, guess.apex_s - rise_s)
        offset = nearest(times, guess.apex_s + fall_s)
        return onset, _sharpened(recent, guess.apex_s, onset, offset), offset

    def _has_shape(self, interval: Interval, places: tuple[int, int, int], frame_s: float) -> bool:
        """Whether it has a rise and a fall of the right length, and is not the tail of the last."""
        onset, apex, offset = places
        length_s, c = interval.length_s, self._config
        return (
            onset < apex < offset
            and c.micro_min_s - frame_s <= length_s <= c.micro_max_s + 2 * frame_s
            and interval.onset_s >= self._last_end_s - 0.5 * length_s
        )


def open_learned(config: SpotterConfig, weights: Path | None) -> MicroFactory:
    """Detectors that share one network; None: the bundled weights.

    Raises:
        ModelError: the weights cannot be used.
        ValueError: a setting would have no effect.
    """
    check_learned(config)
    path = weights or BUNDLED
    net = load_net(path, INPUTS, OUTPUTS, SETTINGS)
    delay_s, rate_hz = net.settings["delay_s"], net.settings["rate_hz"]
    if rate_hz != RATE_HZ or not 0.0 <= delay_s <= _LONGEST_DELAY_S:
        raise ModelError(f"{path} was made for other settings: train it anew")
    try:
        Calibration.of(net.settings)
    except ValueError as error:
        raise ModelError(f"{path}: {error}: train it anew") from None
    return lambda face_id: LearnedDetector(face_id, config, net)


def _sharpened(recent: _Recent, apex_s: float, onset: int, offset: int) -> int:
    """The frame near the network's apex that is farthest along the movement's direction."""
    times = recent.times
    near = np.flatnonzero(np.abs(times - apex_s) <= _REFINE_S)
    near = near[(near > onset) & (near < offset)]
    if len(near) < 2:
        return nearest(times, apex_s)
    moved = recent.displacement_iod[onset : offset + 1]
    rest = 0.5 * (moved[0] + moved[-1])
    direction = moved[near - onset].mean(axis=0) - rest
    curve = ((moved - rest) * direction).sum(axis=(1, 2))
    pool = round(0.03 / max(float(times[1] - times[0]), 1e-3)) | 1  # odd: no shift
    curve = np.convolve(curve, np.ones(pool) / pool, mode="same")
    return int(near[curve[near - onset].argmax()])


def _moved(displacement_iod: NDArray, places: tuple[int, int, int]) -> NDArray:
    """How far each region [R] is from rest at the apex."""
    first, top, last = (displacement_iod[place] for place in places)
    return np.asarray(np.hypot(*(top - 0.5 * (first + last)).T))


def least_logit(calibration: Calibration, config: SpotterConfig) -> float:
    """The output that is asked for. Sensitivity s divides the odds asked for by s squared."""
    allowed = config.false_per_minute or calibration.false_per_minute
    return float(calibration.logit_at(allowed) - 2.0 * np.log(config.sensitivity))


def latency_s(net: CausalNet) -> float:
    """Longest time after the apex at which a spot is known (plus a frame and a tick)."""
    return net.settings["delay_s"] + PEAK_RADIUS_S
