"""A learned spotter for micro-expressions, behind the same Protocol as the rule.

A causal network reads the region motion that `FlowSpotter` measures, 50 times a second, and says
of the moment `delay_s` ago how likely it is an apex, and how far onset and offset are from it. The
highest such moment within 0.15 s on both sides, over the threshold, is a spot; a stretch that a
gate voids (head turn, hand, light, border) is none. Macro-expressions stay with the rule.

Weights are made by `mer-train spotter`; there is no torch here. Those in `weights/` were trained on
synthetic motion of portraits only (`weights/learned.json` says how and what they reached).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spotting.config import SpotterConfig
from spotting.gates import BORDER, COVERED, HEAD, LIGHT, SEPARATOR
from spotting.learned_net import CausalNet, NetState, load_net
from spotting.learned_ticks import INPUTS, RATE_HZ, TickMaker
from spotting.regions import REGION_NAMES
from spotting.spotter import FlowSpotter
from streamer.records import AlignedFace, Motion, Rejected, Spot

BUNDLED = Path(__file__).parent / "weights" / "learned.npz"
OUTPUTS = 3  # apex (logit), seconds back to the onset, seconds on to the offset
SETTINGS = ("threshold", "delay_s", "rate_hz")
PEAK_RADIUS_S = 0.15
_KEEP_S = 2.5
_REFINE_S = 0.07  # the apex is looked for this far around what the network says
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


class LearnedSpotter:
    """Spots micro-expressions with a network, macro-expressions with the rule.

    Raises:
        ModelError: the weights cannot be used.
    """

    def __init__(self, model: Path, config: SpotterConfig | None = None) -> None:
        config = config or SpotterConfig()
        self._net = load_net(model, INPUTS, OUTPUTS, SETTINGS)
        odds = self._net.settings["threshold"] / (1.0 - self._net.settings["threshold"])
        # Sensitivity s divides the odds that are asked for by s squared.
        self._least_logit = float(np.log(odds) - 2.0 * np.log(config.sensitivity))
        self._config = config
        self._rule = FlowSpotter(config)
        self._faces: dict[int, _FaceState] = {}

    @property
    def lookback_s(self) -> float:
        """How long the aligned faces must be kept for the recogniser."""
        return self._rule.lookback_s

    def push(self, faces: Sequence[AlignedFace]) -> tuple[list[Motion], list[Spot]]:
        """Motion of each face of one frame, and the spots that have become certain."""
        motions, ruled = self._rule.push(faces)
        present = {motion.face_id for motion in motions}
        spots = [spot for spot in ruled if spot.kind == "macro"]
        for face_id in [i for i in self._faces if i not in present]:
            spots += self._close(self._faces.pop(face_id))
        shown = []
        for motion in motions:
            state = self._faces.get(motion.face_id)
            if state is None:
                state = _FaceState(motion.face_id, self._net, self._config, self._least_logit)
                self._faces[motion.face_id] = state
            found, rejected = state.push(motion, self._net)
            spots += found
            shown.append(replace(motion, rejected=tuple(rejected)))
        return shown, spots

    def flush(self) -> list[Spot]:
        """Close all faces at the end of the stream."""
        spots = [spot for spot in self._rule.flush() if spot.kind == "macro"]
        for state in self._faces.values():
            spots += self._close(state)
        self._faces.clear()
        return spots

    def reset(self) -> None:
        """Forget everything without reporting it."""
        self._rule.reset()
        self._faces.clear()

    def _close(self, state: _FaceState) -> list[Spot]:
        return state.close(self._net)


def latency_s(net: CausalNet) -> float:
    """Longest time after the apex at which a spot is known (plus a frame and a tick)."""
    return net.settings["delay_s"] + PEAK_RADIUS_S


class _FaceState:
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
        pool = max(1, round(0.03 / max(float(times[1] - times[0]), 1e-3)))
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
