"""Why a stretch of video cannot be trusted: the gates of one face, frame by frame.

A blink closes only the rows that it shakes (their motion is held). A gaze shift voids an event of
the eyes alone; a head turn, a hand before the face, a jump of light or a face at the border void
any event in or next to them: it is rejected with that reason. Speech and re-anchoring are reported
for the reader; speech rejects through `spotting.micro.peaks`, and a new anchor continues the
curve of the old one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, GateConfig
from spotting.motion.regions import REGION_NAMES
from streamer.core.records import FaceMotion, Gate

_VOIDING = (Gate.HEAD_TURN, Gate.COVERED, Gate.LIGHT_JUMP, Gate.BORDER)
ALL_REGIONS = np.ones(len(REGION_NAMES), dtype=bool)
_EYES = np.array([name.startswith("eye") for name in REGION_NAMES])
# Regions [R] in which the rule and the detector of macro-expressions take an event for void near a
# gate; of several gates the first counts.
VOIDED: Mapping[Gate, NDArray[np.bool_]] = {
    **dict.fromkeys(_VOIDING, ALL_REGIONS),
    Gate.GAZE_SHIFT: _EYES,
}
_LIGHT_WINDOW_S = 0.15
_KEEP_S = 8.0


class GateWatcher:
    """Tells the gates of one face. State: the last moments of its head and of its light."""

    def __init__(self, config: GateConfig) -> None:
        self._config = config
        self._head: deque[tuple[float, NDArray[np.float64]]] = deque()
        self._light: deque[tuple[float, float]] = deque()

    def push(self, motion: FaceMotion, speaking: bool) -> tuple[Gate, ...]:
        """Gates that hold at this frame."""
        c, quality = self._config, motion.quality
        head = self._head_turns(motion.time_s, motion.head_iod)
        light = self._light_jumps(motion.time_s, quality.brightness)
        blinks = motion.blink > c.blink_change
        holds = (
            (Gate.BLINK, blinks),
            (Gate.GAZE_SHIFT, quality.gaze_shift_iod > c.gaze_shift_iod and not blinks),
            (Gate.HEAD_TURN, head),
            (Gate.COVERED, quality.cover_change > c.covered_change),
            (Gate.LIGHT_JUMP, light),
            (Gate.BORDER, quality.visible < c.least_visible),
            (Gate.SPEECH, speaking),
            (Gate.REANCHORED, quality.new_anchor),
        )
        return tuple(gate for gate, held in holds if held)

    def _head_turns(self, now_s: float, head_iod: NDArray[np.float64]) -> bool:
        """Whether the head went farther than allowed within the window, in either direction."""
        c = self._config
        self._head.append((now_s, head_iod))
        while self._head[0][0] < now_s - c.head_window_s - TIE_S:
            self._head.popleft()
        path = np.array([head for _, head in self._head])
        span = (np.maximum.reduce(path) - np.minimum.reduce(path)).tolist()
        return bool(
            math.hypot(span[0], span[1]) > c.head_shift_iod
            or span[2] > c.head_grow
            or max(span[3:]) > c.head_turn_rad
        )

    def _light_jumps(self, now_s: float, brightness: float) -> bool:
        self._light.append((now_s, brightness))
        while len(self._light) > 2 and self._light[0][0] < now_s - _LIGHT_WINDOW_S - TIE_S:
            self._light.popleft()
        levels = [level for _, level in self._light]
        return max(levels) > (1.0 + self._config.light_change) * max(min(levels), 8.0)


class GateLog:
    """Remembers the gates of the last seconds and says which of them void an event."""

    def __init__(self, margin_s: float) -> None:
        self._margin_s = margin_s + TIE_S
        self._frames: deque[float] = deque()
        self._voids: deque[tuple[float, Gate]] = deque()

    def push(self, time_s: float, gates: tuple[Gate, ...]) -> None:
        """Note a frame. Of several voiding gates the first in the order of `Gate` counts."""
        self._frames.append(time_s)
        void = next((gate for gate in VOIDED if gate in gates), None)
        if void is not None:
            self._voids.append((time_s, void))
        while self._frames[0] < time_s - _KEEP_S:
            self._frames.popleft()
        while self._voids and self._voids[0][0] < time_s - _KEEP_S:
            self._voids.popleft()

    def voids(self, start_s: float, end_s: float, eyes_only: bool) -> Gate | None:
        """The first gate that voids an event: within the margin of it. None: it stands."""
        for time_s, gate in self._voids:
            near = start_s - self._margin_s <= time_s <= end_s + self._margin_s
            if near and (eyes_only or gate is not Gate.GAZE_SHIFT):
                return gate
        return None

    def voids_half(self, start_s: float, end_s: float) -> Gate | None:
        """The commonest voiding gate if such gates hold for half of an interval; else None."""
        inside = [
            gate
            for time_s, gate in self._voids
            if start_s <= time_s <= end_s and gate is not Gate.GAZE_SHIFT
        ]
        frames = sum(start_s <= time_s <= end_s for time_s in self._frames)
        if not inside or len(inside) < 0.5 * frames:
            return None
        return max(sorted(set(inside)), key=inside.count)
