"""The spotters a benchmark can run, by name. All take aligned faces and give spots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamer.errors import UsageError
from streamer.pipeline import Spotter

if TYPE_CHECKING:
    from streamer.build import StreamConfig

Maker = Callable[["StreamConfig", float], Spotter]  # settings, frames a second


@dataclass(frozen=True, slots=True)
class Entry:
    """One spotter: what it is, whether it streams, how it is made."""

    about: str
    streams: bool  # False: it needs the whole recording before it says anything
    make: Maker


def _rule(config: StreamConfig, _fps: float) -> Spotter:
    from spotting.spotter import FlowSpotter

    return FlowSpotter(config.spotter)


SPOTTERS: Mapping[str, Entry] = {
    "rule": Entry("mer-stream, causal", True, _rule),
}


def check_spotters(names: str) -> tuple[str, ...]:
    """Names from "rule,mdmd", each once.

    Raises:
        UsageError: an unknown name, or none.
    """
    wanted = tuple(dict.fromkeys(part.strip().lower() for part in names.split(",") if part.strip()))
    unknown = [name for name in wanted if name not in SPOTTERS]
    if unknown or not wanted:
        raise UsageError(
            f"--spotter {', '.join(unknown) or 'is empty'}: choose among {', '.join(SPOTTERS)}"
        )
    return wanted
