"""One face of the learned spotter: ticks, the network's memory, what it said, and the judgement."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import SpotterConfig
from spotting.micro.learned_network import CausalNet, NetState
from spotting.micro.learned_ticks import RATE_HZ, TickMaker
from spotting.motion.gates import BORDER, COVERED, HEAD, LIGHT, SEPARATOR
from spotting.motion.regions import REGION_NAMES
from streamer.core.records import Motion, Rejected, Spot

PEAK_RADIUS_S = 0.15
_KEEP_S = 2.5
_REFINE_S = 0.05  # the apex is looked for this far around what the network says
_GATE_MARGIN_S = 0.15
_VOIDING = (HEAD, COVERED, LIGHT, BORDER)


@dataclass(frozen=True, slots=True)
class _Sample:
    """One frame as it is remembered."""

    time_s: float
    index: int
    displacement_iod: NDArray[np.float32]  # [R, 2]
    voided: str  # by which gate


@dataclass(frozen=True, slots=True)
class _Guess:
    """What the network said of one moment."""

    apex_s: float
    logit: float
    rise_s: float
    fall_s: float


class LearnedFace:
    """One face: ticks, the network's memory, what it said lately."""

    def __init__(
        self, face_id: int, net: CausalNet, config: SpotterConfig, least_logit: float
    ) -> None:
        self._face_id, self._config, self._least_logit = face_id, config, least_logit
        self._delay_s = net.settings["delay_s"]
        self._ticks = TickMaker()
        self._state = NetState(net)
        self._samples: deque[_Sample] = deque()
        self._guesses: deque[_Guess] = deque()
        self._begun_s: float | None = None
        self._last_end_s = -np.inf

    def push(self, motion: Motion, net: CausalNet) -> tuple[list[Spot], list[Rejected]]:
        if self._begun_s is None:
            self._begun_s = motion.time_s
        voids = [gate for gate in motion.gate.split(SEPARATOR) if gate in _VOIDING]
        sample = _Sample(
            motion.time_s, motion.index, motion.displacement_iod, voids[0] if voids else ""
        )
        self._samples.append(sample)
        while self._samples[0].time_s < motion.time_s - _KEEP_S:
            self._samples.popleft()
        return self._look(net, list(self._ticks.push(motion)))

    def close(self, net: CausalNet) -> list[Spot]:
        """Decide what is open as if the face stayed as it was."""
        ahead_s = self._delay_s + PEAK_RADIUS_S + 2.0 / RATE_HZ
        return self._look(net, list(self._ticks.hold(ahead_s)))[0]

    def _look(
        self, net: CausalNet, ticks: list[tuple[float, NDArray[np.float32]]]
    ) -> tuple[list[Spot], list[Rejected]]:
        spots: list[Spot] = []
        rejected: list[Rejected] = []
        for time_s, inputs in ticks:
            logit, rise_s, fall_s = (float(v) for v in self._state.step(net, inputs))
            self._guesses.append(_Guess(time_s - self._delay_s, logit, rise_s, fall_s))
            judged = self._judge(self._peak())
            if isinstance(judged, Spot):
                spots.append(judged)
            elif judged is not None:
                rejected.append(judged)
        return spots, rejected

    def _peak(self) -> _Guess | None:
        """The guess in the middle of the window if it is the highest one and high enough."""
        guesses, radius = self._guesses, round(PEAK_RADIUS_S * RATE_HZ)
        if len(guesses) > 2 * radius + 1:
            guesses.popleft()
        if len(guesses) < 2 * radius + 1:
            return None
        middle = guesses[radius]
        if middle.logit < self._least_logit:
            return None
        before = max(guesses[i].logit for i in range(radius))
        after = max(guesses[i].logit for i in range(radius + 1, 2 * radius + 1))
        return middle if middle.logit > before and middle.logit >= after else None

    def _judge(self, guess: _Guess | None) -> Spot | Rejected | None:
        if guess is None or self._begun_s is None or guess.apex_s < self._begun_s:
            return None
        frames = list(self._samples)
        times = np.array([sample.time_s for sample in frames])
        frame_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        longest_s = self._config.micro_max_s
        onset_s = guess.apex_s - min(max(guess.rise_s, frame_s), longest_s)
        offset_s = guess.apex_s + min(max(guess.fall_s, frame_s), longest_s)
        onset, offset = _nearest(times, onset_s), _nearest(times, offset_s)
        apex = self._sharpened(frames, times, guess.apex_s, onset, offset)
        length_s = float(times[offset] - times[onset])
        if not onset < apex < offset or length_s > longest_s + 2 * frame_s:
            return None
        if times[onset] < self._last_end_s - 0.5 * length_s:
            return None  # the tail of the last one
        score = round(_probability(guess.logit) / _probability(self._least_logit), 4)
        reason = _voided(frames, times, float(times[onset]), float(times[offset]))
        if reason:
            return Rejected(
                reason, float(times[onset]), float(times[apex]), float(times[offset]), score
            )
        self._last_end_s = float(times[offset])
        return self._spot(frames, onset, apex, offset, score)

    def _sharpened(
        self, frames: list[_Sample], times: NDArray, apex_s: float, onset: int, offset: int
    ) -> int:
        """The frame near the network's apex that is farthest along the movement's direction."""
        rough = _nearest(times, apex_s)
        near = np.flatnonzero(np.abs(times - apex_s) <= _REFINE_S)
        near = near[(near > onset) & (near < offset)]
        if len(near) < 2:
            return rough
        moved = np.stack([frames[i].displacement_iod for i in range(onset, offset + 1)])
        rest = 0.5 * (moved[0] + moved[-1])
        direction = moved[near - onset].mean(axis=0) - rest
        curve = ((moved - rest) * direction).sum(axis=(1, 2))
        pool = round(0.03 / max(float(times[1] - times[0]), 1e-3)) | 1  # odd: no shift
        curve = np.convolve(curve, np.ones(pool) / pool, mode="same")
        return int(near[curve[near - onset].argmax()])

    def _spot(
        self, frames: list[_Sample], onset: int, apex: int, offset: int, score: float
    ) -> Spot:
        first, top, last = frames[onset], frames[apex], frames[offset]
        rest = 0.5 * (first.displacement_iod + last.displacement_iod)
        moved = np.hypot(*(top.displacement_iod - rest).T)
        order = np.argsort(-moved, kind="stable")
        regions = tuple(REGION_NAMES[i] for i in order if moved[i] >= 0.5 * moved.max())
        return Spot(
            self._face_id,
            "micro",
            first.time_s,
            top.time_s,
            last.time_s,
            first.index,
            top.index,
            last.index,
            max(score, 1.0),
            regions,
        )


def _probability(logit: float) -> float:
    return float(1.0 / (1.0 + np.exp(-logit)))


def _nearest(times: NDArray, time_s: float) -> int:
    return int(np.abs(times - time_s).argmin())


def _voided(frames: list[_Sample], times: NDArray, onset_s: float, offset_s: float) -> str:
    """The gate that voids a stretch, or nothing."""
    near = (times >= onset_s - _GATE_MARGIN_S) & (times <= offset_s + _GATE_MARGIN_S)
    reasons = [frames[i].voided for i in np.flatnonzero(near) if frames[i].voided]
    return reasons[0] if reasons else ""
