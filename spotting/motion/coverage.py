"""Whether the upper and the lower face could be judged, frame by frame, and why not.

Derived from what the detector does: `MicroDetector.withheld` says which regions it leaves alone
while a gate holds. A gate reaches a margin to each side, so an event is void exactly if it touches
time that is not judged here. A half of the face counts as judged while more than half of its
regions are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, GateConfig
from spotting.motion.regions import REGION_NAMES, UPPER_FACE
from streamer.core.coverage import BASELINE, CAME_OR_WENT, lasts_us
from streamer.core.records import FaceMotion, Gate, Judged

Withheld = Mapping[Gate, NDArray[np.bool_]]  # regions [R] that are left alone while a gate holds
_GATES = tuple(Gate)
_UPPER = np.array([name in UPPER_FACE for name in REGION_NAMES])


def unjudged(gates: Mapping[Gate, NDArray[np.bool_]], half: NDArray[np.bool_]) -> str:
    """Why a half of the face (regions [R]) cannot be judged under gates that take regions; or "".

    The reason is the first gate that takes more than half of it, else the first that takes any.
    """
    taken = {gate: regions & half for gate, regions in gates.items() if (regions & half).any()}
    if not taken or 2 * np.any(list(taken.values()), axis=0).sum() < half.sum():
        return ""
    most = [gate for gate, regions in taken.items() if 2 * regions.sum() >= half.sum()]
    return (most or list(taken))[0].value


class CoverageWatcher:
    """Watches one face. What it says of a frame is certain a margin later.

    Frames of which it has not spoken when the face leaves were not judged: what follows a movement
    could not be seen any more.
    """

    STATE = ("_begun_s", "_held_s", "_waiting")

    def __init__(self, config: GateConfig, withheld: Withheld, lead_s: float) -> None:
        """lead_s: how long the detector must have seen a face before it judges."""
        self._lead_s = lead_s - TIE_S
        self._regions = dict(withheld)
        self._margins_s = {gate: _margin_s(gate, config) + TIE_S for gate in self._regions}
        self._horizon_s = max(self._margins_s.values())
        self._verdicts: dict[int, tuple[str, str]] = {}
        self._begun_s: float | None = None
        self._held_s: dict[int, float] = {}  # number of a gate -> when it held last
        self._waiting: deque[list[float]] = deque()  # frame, time, gates as bits

    def push(self, motion: FaceMotion, baseline_end_s: float) -> tuple[Judged, ...]:
        """Take a frame; the earlier frames of which it makes it certain."""
        now_s = motion.time_s
        if self._begun_s is None:
            self._begun_s = now_s
        self._waiting.append([motion.index, now_s, 0])
        for gate in motion.gates:
            if gate in self._regions:
                self._held_s[_GATES.index(gate)] = now_s
                self._spread(gate, now_s)
        for number, held_s in self._held_s.items():
            if now_s - held_s <= self._margins_s[_GATES[number]]:
                self._waiting[-1][2] = int(self._waiting[-1][2]) | 1 << number
        found = []
        while len(self._waiting) > 1 and self._waiting[0][1] + self._horizon_s <= now_s:
            frame, time_s, bits = self._waiting.popleft()
            reasons = self._reasons(time_s, int(bits), baseline_end_s)
            lasts = lasts_us(time_s, self._waiting[0][1])
            found.append(Judged(int(frame), time_s, lasts, *reasons))
        return tuple(found)

    def _spread(self, gate: Gate, now_s: float) -> None:
        """A gate reaches back over its margin."""
        bit, since_s = 1 << _GATES.index(gate), now_s - self._margins_s[gate]
        for waiting in reversed(self._waiting):
            if waiting[1] < since_s or (int(waiting[2]) & bit and waiting[1] < now_s):
                break
            waiting[2] = int(waiting[2]) | bit

    def _reasons(self, time_s: float, bits: int, baseline_end_s: float) -> tuple[str, str]:
        """Of the upper and the lower face."""
        if time_s <= baseline_end_s:
            return BASELINE, BASELINE
        if self._begun_s is None or time_s - self._begun_s < self._lead_s:
            return CAME_OR_WENT, CAME_OR_WENT
        if bits not in self._verdicts:
            held = {g: r for g, r in self._regions.items() if bits >> _GATES.index(g) & 1}
            self._verdicts[bits] = unjudged(held, _UPPER), unjudged(held, ~_UPPER)
        return self._verdicts[bits]


def _margin_s(gate: Gate, config: GateConfig) -> float:
    """How far to each side a gate reaches; see `GateLog` and `MotionHistory`."""
    if gate is Gate.SPEECH:
        return 0.0
    return config.eyes_margin_s if gate is Gate.BLINK else config.margin_s
