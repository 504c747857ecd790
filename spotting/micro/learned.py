"""A learned spotter for micro-expressions, behind the same Protocol as the rule.

A causal network reads the region motion that `FlowSpotter` measures, 50 times a second, and says
of the moment `delay_s` ago how likely it is an apex, and how far onset and offset are from it. The
highest such moment within 0.15 s on both sides, over the threshold, is a spot; a stretch that a
gate voids (head turn, hand, light, border) is none. Macro-expressions stay with the rule.

Weights are made by `mer-train spotter`; there is no torch here. Those in `weights/` were trained on
synthetic motion of portraits only (`weights/learned.json` says how and what they reached).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from spotting.config import SpotterConfig
from spotting.micro.learned_face import PEAK_RADIUS_S, LearnedFace
from spotting.micro.learned_network import CausalNet, load_net
from spotting.micro.learned_ticks import INPUTS, RATE_HZ
from spotting.spotter import FlowSpotter
from streamer.core.errors import ModelError
from streamer.core.records import AlignedFace, Motion, Spot

BUNDLED = Path(__file__).parents[1] / "weights" / "learned.npz"
OUTPUTS = 3  # apex (logit), seconds back to the onset, seconds on to the offset
_LONGEST_DELAY_S = 5.0
SETTINGS = ("threshold", "delay_s", "rate_hz")


class LearnedSpotter:
    """Spots micro-expressions with a network, macro-expressions with the rule.

    Raises:
        ModelError: the weights cannot be used.
    """

    STATE = ("_rule", "_faces")  # see streamer.core.snapshot: the weights need not be kept

    def __init__(self, model: Path, config: SpotterConfig | None = None) -> None:
        config = config or SpotterConfig()
        self._net = load_net(model, INPUTS, OUTPUTS, SETTINGS)
        threshold = self._net.settings["threshold"]
        delay_s, rate_hz = (self._net.settings[name] for name in ("delay_s", "rate_hz"))
        if (
            not 0.0 < threshold < 1.0
            or rate_hz != RATE_HZ
            or not 0.0 <= delay_s <= _LONGEST_DELAY_S
        ):
            raise ModelError(f"{model} was made for other settings: train it anew")
        odds = threshold / (1.0 - threshold)
        # Sensitivity s divides the odds that are asked for by s squared.
        self._least_logit = float(np.log(odds) - 2.0 * np.log(config.sensitivity))
        self._config = config
        self._rule = FlowSpotter(config)
        self._faces: dict[int, LearnedFace] = {}

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
                state = LearnedFace(motion.face_id, self._net, self._config, self._least_logit)
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

    def _close(self, state: LearnedFace) -> list[Spot]:
        return state.close(self._net)


def latency_s(net: CausalNet) -> float:
    """Longest time after the apex at which a spot is known (plus a frame and a tick)."""
    return net.settings["delay_s"] + PEAK_RADIUS_S
