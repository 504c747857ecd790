"""A part of a recording, with what is read around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streamer.core.errors import SourceFormatError, UsageError
from streamer.core.records import HALF_MS, Frame, Part, SourceInfo
from streamer.sources.config import SourceConfig

# After its end, until all that began in it is decided: a macro-expression lasts up to 4 s.
RUN_OUT_S = 6.0
_JUMP_S = 2.0  # sooner, starting at the beginning is as good


@dataclass(frozen=True, slots=True)
class Cut:
    """A part with what is read around it."""

    part: Part
    warm_up_s: float

    @classmethod
    def of(cls, config: SourceConfig) -> Cut | None:
        """That of the settings; None where all is wanted."""
        if config.start_s is None and config.end_s is None:
            return None
        end_s = float("inf") if config.end_s is None else config.end_s
        return cls(Part(config.start_s or 0.0, end_s), config.warm_up_s)

    @property
    def from_s(self) -> float:
        """Frames before this time are not looked at; that of the start itself always is."""
        return max(0.0, self.part.start_s - self.warm_up_s - HALF_MS)

    @property
    def is_far(self) -> bool:
        """Whether it pays to go there without decoding what is before."""
        return self.from_s > _JUMP_S

    def frames(self, frames: Iterator[Frame], name: str) -> Iterator[Frame]:
        """Those of the part, with those that warm up for it and those that see events out.

        Raises SourceFormatError at the end where the recording ends before the part begins.
        """
        last_s, found = 0.0, False
        for frame in frames:
            last_s = frame.time_s
            if last_s >= self.part.end_s + RUN_OUT_S:
                break
            found = found or self.part.place(last_s) == 0
            if last_s >= self.from_s or found:
                yield frame
        if not found:
            raise SourceFormatError(
                f"{name}: nothing of it lies {_span(self.part)}: its last "
                f"frame is at {last_s:.3f} s. Give another --start or --end."
            )


def refuse_part(config: SourceConfig, info: SourceInfo) -> None:
    """Raise UsageError for a part of what has no end."""
    if info.live and Cut.of(config) is not None:
        raise UsageError(
            f"{info.name} is live: --start and --end are for recordings. To stop after a time give "
            "--max-seconds."
        )


def _span(part: Part) -> str:
    end = "" if part.end_s == float("inf") else f" and before {part.end_s:g} s"
    return f"from {part.start_s:g} s on{end}"
