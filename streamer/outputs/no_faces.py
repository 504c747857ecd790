"""In how many frames no face was found, and why: counted, told in a sentence and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamer.core.files.strict_json import OneOf, Whole, check_shape
from streamer.core.no_face import no_face_sentence
from streamer.core.records import FrameResult, JsonObject, MissingFace, NoFace

_REASON = OneOf(tuple(reason.value for reason in NoFace))
SHAPE = [{"reason": _REASON, "frames": Whole, "value": (float, None)}]
_STATE = [{"reason": _REASON, "frames": Whole, "measured": Whole, "total": float}]


@dataclass(frozen=True, slots=True)
class NoFaceReason:
    """A reason, with the mean of what was measured in its frames."""

    missing: MissingFace
    frames: int

    def to_json(self) -> JsonObject:
        """As in `run.json` and the summary."""
        return {
            "reason": self.missing.reason.value,
            "frames": self.frames,
            "value": self.missing.value,
        }


def reasons_of(table: list[Mapping[str, Any]]) -> tuple[NoFaceReason, ...]:
    """The inverse of `NoFaceReason.to_json`. Raises ValueError for what has another shape."""
    check_shape(table, SHAPE, "no_face")
    return tuple(
        NoFaceReason(MissingFace(NoFace(row["reason"]), row["value"]), row["frames"])
        for row in table
    )


def no_face_line(reasons: tuple[NoFaceReason, ...], without_face: int, frames: int) -> str:
    """Frames without a face and what most of them lack; "" where no reason is known."""
    if not reasons or not without_face:
        return ""
    most = reasons[0]
    mostly = "" if most.frames == without_face else "mostly "
    share = without_face / max(frames, 1)
    shown = "less than 1%" if share < 0.01 else f"{share:.0%}"
    return f"no face found in {shown} of the frames: {mostly}{no_face_sentence(most.missing)}"


@dataclass(slots=True)
class _Tally:
    frames: int = 0
    measured: int = 0  # of these, with a value
    total: float = 0.0  # of the values


@dataclass(slots=True)
class NoFaceCount:
    """Counts the reasons of a recording. State: frames and sums per reason."""

    _tallies: dict[NoFace, _Tally] = field(default_factory=dict)

    def write(self, result: FrameResult) -> None:
        """Take a frame."""
        if result.missing is None:
            return
        tally = self._tallies.setdefault(result.missing.reason, _Tally())
        tally.frames += 1
        if result.missing.value is not None:
            tally.measured += 1
            tally.total += float(result.missing.value)

    def reasons(self) -> tuple[NoFaceReason, ...]:
        """So far, the commonest first."""
        order = sorted(self._tallies, key=lambda reason: (-self._tallies[reason].frames, reason))
        return tuple(self._reason(reason, self._tallies[reason]) for reason in order)

    def _reason(self, reason: NoFace, tally: _Tally) -> NoFaceReason:
        value = round(tally.total / tally.measured, 3) if tally.measured else None
        return NoFaceReason(MissingFace(reason, value), tally.frames)

    def state(self) -> list[JsonObject]:
        """For a checkpoint."""
        return [
            {
                "reason": reason.value,
                "frames": tally.frames,
                "measured": tally.measured,
                "total": tally.total,
            }
            for reason, tally in self._tallies.items()
        ]

    @classmethod
    def of(cls, state: list[Mapping[str, Any]]) -> NoFaceCount:
        """The inverse of `state`. Raises ValueError for anything else."""
        check_shape(state, _STATE, "no_face")
        return cls(
            {
                NoFace(one["reason"]): _Tally(one["frames"], one["measured"], one["total"])
                for one in state
            }
        )
