"""Why a stretch of video cannot be trusted: the gates of one face, frame by frame.

A blink closes only the rows that it shakes (their motion is held). A gaze shift makes an event of
the eyes alone void; a head turn, a hand before the face, a jump of light or a face at the border
make any event in or next to them void: it is rejected with that reason. Speech and re-anchoring are
reported for the reader; speech rejects through `spotting.micro.activity`, and a new anchor
continues the curve of the old one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, GateConfig

BLINK, GAZE, HEAD, COVERED, LIGHT, BORDER = (
    "blink", "gaze shift", "head turn", "covered", "light jump", "border",
)  # fmt: skip
SPEECH, REANCHORED = "speech", "re-anchored"
_VOIDING = (HEAD, COVERED, LIGHT, BORDER)
SEPARATOR = "+"
_LIGHT_WINDOW_S = 0.15
_KEEP_S = 8.0


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen of a face besides its motion."""

    eyes: float  # change of the eyes' picture over its usual level
    gaze_iod: float  # how far both irises have just gone to the same side
    covered: float  # as `eyes`, of skin that expressions hardly move
    brightness: float  # mean grey level of the face
    visible: float  # share of the face mesh inside the picture
    new_anchor: bool


class GateKeeper:
    """Gates of one face. State: the head's and the light's last moments, and the voiding gates."""

    def __init__(self, config: GateConfig) -> None:
        self._config = config
        self._head: deque[tuple[float, NDArray[np.float64]]] = deque()
        self._light: deque[tuple[float, float]] = deque()
        self._voids: deque[tuple[float, str]] = deque()
        self._frames: deque[float] = deque()

    def push(
        self, now_s: float, look: Look, head_iod: NDArray[np.float64], speech: bool
    ) -> list[str]:
        """Reasons that hold at this frame; `head_iod` [6] is the path of the head."""
        c = self._config
        head, light = self._head_gate(now_s, head_iod), self._light_gate(now_s, look.brightness)
        holds = {
            BLINK: look.eyes > c.blink_change,
            GAZE: look.gaze_iod > c.gaze_shift_iod and look.eyes <= c.blink_change,
            HEAD: head,
            COVERED: look.covered > c.covered_change,
            LIGHT: light,
            BORDER: look.visible < c.least_visible,
            SPEECH: speech,
            REANCHORED: look.new_anchor,
        }
        reasons = [reason for reason, held in holds.items() if held]
        self._remember(now_s, next((r for r in (*_VOIDING, GAZE) if r in reasons), ""))
        return reasons

    def voided(self, start_s: float, end_s: float, eyes_only: bool) -> str:
        """The first voiding gate within the margin of an event; "" if there is none."""
        margin_s = self._config.margin_s + TIE_S
        for time_s, reason in self._voids:
            near = start_s - margin_s <= time_s <= end_s + margin_s
            if near and (eyes_only or reason != GAZE):
                return reason
        return ""

    def mostly_voided(self, start_s: float, end_s: float) -> str:
        """The commonest voiding gate if such gates hold for half of an interval; else ""."""
        inside = [
            reason
            for time_s, reason in self._voids
            if start_s <= time_s <= end_s and reason != GAZE
        ]
        frames = sum(start_s <= time_s <= end_s for time_s in self._frames)
        if not inside or len(inside) < 0.5 * frames:
            return ""
        return max(sorted(set(inside)), key=inside.count)

    def _remember(self, now_s: float, void: str) -> None:
        self._frames.append(now_s)
        if void:
            self._voids.append((now_s, void))
        while self._frames[0] < now_s - _KEEP_S:
            self._frames.popleft()
        while self._voids and self._voids[0][0] < now_s - _KEEP_S:
            self._voids.popleft()

    def _head_gate(self, now_s: float, head_iod: NDArray[np.float64]) -> bool:
        """Whether the head went farther than allowed within the window, in either direction."""
        c = self._config
        self._head.append((now_s, head_iod))
        while self._head[0][0] < now_s - c.head_window_s - TIE_S:
            self._head.popleft()
        path = np.array([head for _, head in self._head])
        span = path.max(axis=0) - path.min(axis=0)
        return bool(
            np.hypot(span[0], span[1]) > c.head_shift_iod
            or span[2] > c.head_grow
            or span[3:].max() > c.head_turn_rad
        )

    def _light_gate(self, now_s: float, brightness: float) -> bool:
        self._light.append((now_s, brightness))
        while len(self._light) > 2 and self._light[0][0] < now_s - _LIGHT_WINDOW_S - TIE_S:
            self._light.popleft()
        levels = [level for _, level in self._light]
        return max(levels) > (1.0 + self._config.light_change) * max(min(levels), 8.0)
