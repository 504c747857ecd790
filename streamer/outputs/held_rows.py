"""Rows of signals wait until it is certain whether their frame could be judged."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from streamer.core.coverage import CAME_OR_WENT, NO_FACE
from streamer.core.files.strict_json import Pair, Whole, check_shape
from streamer.core.records import FrameResult, JsonObject

RowT = TypeVar("RowT")
Reasons = tuple[str, str]  # why the upper and the lower face could not be judged; "": they could
LONGEST_S = 12.0  # a row waits; no margin of the settings is longer than 10 s
_STATE = [
    {
        **{"frame": Whole, "time_s": float, "face": (Whole, None), "row": str},
        "reasons": (Pair(str, str), None),
    }
]


@dataclass(slots=True)
class _Held(Generic[RowT]):
    frame: int
    time_s: float
    face: int | None
    row: RowT
    reasons: Reasons | None  # None: not known yet


class HeldRows(Generic[RowT]):
    """Gives rows back in order. State: those of the last moments (about 0.15 s)."""

    def __init__(self) -> None:
        self._waiting: deque[_Held[RowT]] = deque()

    def push(
        self, result: FrameResult, rows: Iterable[tuple[int | None, RowT]]
    ) -> list[tuple[RowT, Reasons]]:
        """Take the rows of a result, each with its face or None; those that are complete now."""
        known: dict[tuple[int | None, int], Reasons] = {}
        for motion in result.motions:
            for one in motion.judged:
                known[motion.face_id, one.index] = one.upper, one.lower
        present = {motion.face_id for motion in result.motions}
        frame = result.frame
        since_s = -math.inf if frame is None else frame.time_s - LONGEST_S
        for held in self._waiting:
            if held.reasons is None and (held.face not in present or held.time_s < since_s):
                held.reasons = CAME_OR_WENT, CAME_OR_WENT
            elif held.reasons is None:
                held.reasons = known.get((held.face, held.frame))
        if frame is not None:
            for face, row in rows:
                reasons = (NO_FACE, NO_FACE) if face is None else None
                self._waiting.append(_Held(frame.index, frame.time_s, face, row, reasons))
        return list(self._complete())

    def end(self) -> list[tuple[RowT, Reasons]]:
        """The rest: nothing more will be known."""
        return self.push(FrameResult(None), ())

    def state(self) -> list[JsonObject]:
        """For a checkpoint."""
        return [
            {
                "frame": held.frame,
                "time_s": held.time_s,
                "face": held.face,
                "row": held.row,
                "reasons": None if held.reasons is None else list(held.reasons),
            }
            for held in self._waiting
        ]

    def load(self, state: Any) -> None:
        """Take a state of rows that are text. Raises ValueError for anything else."""
        check_shape(state, _STATE, "signals")
        self._waiting = deque(_held(one) for one in state)

    def _complete(self) -> Iterator[tuple[RowT, Reasons]]:
        while self._waiting and (reasons := self._waiting[0].reasons) is not None:
            yield self._waiting.popleft().row, reasons


def _held(one: Mapping[str, Any]) -> _Held[Any]:
    reasons = None if one["reasons"] is None else tuple(one["reasons"])
    return _Held(one["frame"], one["time_s"], one["face"], one["row"], reasons)
