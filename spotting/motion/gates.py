"""Why a stretch of video cannot be trusted: the gates of one face, frame by frame.

A gate speaks where it can and switches off only what cannot be seen. A blink closes the rows that
it shakes (their motion is held). A head turn asks for a higher bump, by how far the head turns
(`spotting.motion.bumps`). Speech has the mouth, chin and cheeks judged against their own movement
(`spotting.micro.peaks`); brows, lids and nose go on being watched. A gaze shift voids an event of
the eyes alone; a hand before the face, a jump of light or a face at the border void any event in or
next to them: it is rejected with that reason. A new anchor is told for the reader; it continues the
curve of the old one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, GateConfig
from spotting.motion.blinks import BlinkWatcher
from spotting.motion.regions import REGION_NAMES
from spotting.motion.speech import SpeechWatcher
from streamer.core.records import FaceMotion, Gate

_VOIDING = (Gate.COVERED, Gate.LIGHT_JUMP, Gate.BORDER)
ALL_REGIONS = np.ones(len(REGION_NAMES), dtype=bool)
_EYES = np.array([name.startswith("eye") for name in REGION_NAMES])
# Regions [R] in which the rule and the detector of macro-expressions take an event for void near a
# gate; of several gates the first counts.
VOIDED: Mapping[Gate, NDArray[np.bool_]] = {
    **dict.fromkeys(_VOIDING, ALL_REGIONS),
    Gate.GAZE_SHIFT: _EYES,
}
_STILL_IOD, _STILL_RAD = 0.08, 0.05  # within the window: a head that keeps still
_LIGHT_WINDOW_S = 0.15
_KEEP_S = 8.0


class GateWatcher:
    """Tells the gates of one face. State: the last moments of its head, light, eyes and mouth."""

    def __init__(self, config: GateConfig) -> None:
        self._config = config
        self._blinks, self._speech = BlinkWatcher(config), SpeechWatcher(config)
        self._head: deque[tuple[float, NDArray[np.float64]]] = deque()
        self._light: deque[tuple[float, float]] = deque()

    def push(self, motion: FaceMotion) -> tuple[Gate, ...]:
        """Gates that hold at this frame."""
        c, quality = self._config, motion.quality
        shifted_iod, turned_rad = self._head_moves(motion)
        still = shifted_iod < _STILL_IOD and turned_rad < _STILL_RAD
        light = self._light_jumps(motion.time_s, quality.brightness)
        blinks = self._blinks.push(motion.time_s, motion.blink, motion.mesh, still)
        if motion.mesh is not None:
            self._speech.push(motion.mesh)
        turns = shifted_iod > c.head_shift_iod or turned_rad > c.head_turn_rad
        holds = (
            (Gate.BLINK, blinks),
            (Gate.GAZE_SHIFT, quality.gaze_shift_iod > c.gaze_shift_iod and not blinks),
            (Gate.HEAD_TURN, turns),
            (Gate.COVERED, quality.cover_change > c.covered_change and not turns),
            (Gate.LIGHT_JUMP, light),
            (Gate.BORDER, quality.visible < c.least_visible),
            (Gate.SPEECH, self._speech.is_speaking(motion.time_s)),
            (Gate.REANCHORED, quality.new_anchor),
        )
        return tuple(gate for gate, held in holds if held)

    def _head_moves(self, motion: FaceMotion) -> tuple[float, float]:
        """How far the head has gone (IOD) and turned (rad) within the window."""
        now_s = motion.time_s
        turn = np.zeros(3) if motion.mesh is None else motion.mesh.turn_rad
        self._head.append((now_s, np.concatenate([motion.head_iod[:2], turn])))
        while self._head[0][0] < now_s - self._config.head_window_s - TIE_S:
            self._head.popleft()
        path = np.array([head for _, head in self._head])
        span = (np.maximum.reduce(path) - np.minimum.reduce(path)).tolist()
        return math.hypot(*span[:2]), math.hypot(*span[2:])

    def _light_jumps(self, now_s: float, brightness: float) -> bool:
        self._light.append((now_s, brightness))
        while len(self._light) > 2 and self._light[0][0] < now_s - _LIGHT_WINDOW_S - TIE_S:
            self._light.popleft()
        levels = [level for _, level in self._light]
        return max(levels) > (1.0 + self._config.light_change) * max(min(levels), 8.0)


class GateLog:
    """Remembers the gates of the last seconds and says which of them void an event."""

    def __init__(self, margin_s: float, voiding: Collection[Gate] = VOIDED) -> None:
        """voiding: the gates that void an event; of several the first counts."""
        self._voiding = tuple(voiding)
        self._margin_s = margin_s + TIE_S
        self._frames: deque[float] = deque()
        self._voids: deque[tuple[float, Gate]] = deque()

    def push(self, time_s: float, gates: tuple[Gate, ...]) -> None:
        """Note a frame."""
        self._frames.append(time_s)
        void = next((gate for gate in self._voiding if gate in gates), None)
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
