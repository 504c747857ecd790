"""The spotters a benchmark can run, by name. All take aligned faces and give spots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from streamer.core.errors import UsageError
from streamer.core.records import AlignedFace, Spot
from streamer.run.build import make_spotter
from streamer.run.pipeline import Spotter

if TYPE_CHECKING:
    from streamer.run.config import StreamConfig


class WholeRecordingSpotter(Protocol):
    """Watches a whole recording and speaks at its end; it measures no motion for others.

    Less than a `Spotter`, and no part of a pipeline.
    """

    def push(self, faces: Sequence[AlignedFace]) -> None: ...
    def flush(self) -> list[Spot]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One spotter: what it is and how it is made, either for a stream or for whole recordings."""

    about: str
    stream: Callable[[StreamConfig], Spotter] | None = None
    offline: Callable[[float], WholeRecordingSpotter] | None = None  # of the frames a second

    @property
    def streams(self) -> bool:
        """False: it needs the whole recording before it says anything."""
        return self.stream is not None


def _rule(config: StreamConfig) -> Spotter:
    return make_spotter(replace(config, spotter_model=None))


def _learned(config: StreamConfig) -> Spotter:
    try:
        learned = replace(config, spotter_model=config.spotter_model or "bundled")
    except ValueError as error:  # a setting that only the rule knows
        raise UsageError(f"--spotter learned: {error}") from None
    return make_spotter(learned)


def _mdmd(fps: float, relaxed: bool) -> WholeRecordingSpotter:
    from training.spotting.baselines.mdmd import MdmdWatcher
    from training.spotting.baselines.offline import OfflineSpotter

    return OfflineSpotter(lambda: MdmdWatcher(fps, relaxed))


def _he(fps: float, relaxed: bool) -> WholeRecordingSpotter:
    from training.spotting.baselines.he2021 import HeWatcher
    from training.spotting.baselines.offline import OfflineSpotter

    return OfflineSpotter(lambda: HeWatcher(fps, relaxed))


def _softnet_like(fps: float) -> WholeRecordingSpotter:
    from training.spotting.baselines.offline import OfflineSpotter
    from training.spotting.baselines.softnet_like import SoftnetLikeWatcher

    return OfflineSpotter(lambda: SoftnetLikeWatcher(fps))


_SHORT = "with its least length relaxed"
SPOTTERS: Mapping[str, Entry] = {
    "rule": Entry("mer-stream, causal", stream=_rule),
    "learned": Entry("mer-stream with a learned spotter, causal", stream=_learned),
    "mdmd": Entry("MDMD", offline=partial(_mdmd, relaxed=False)),
    "mdmd-relaxed": Entry(f"MDMD {_SHORT}, micro only", offline=partial(_mdmd, relaxed=True)),
    "he2021": Entry("He 2021 / Zhao 2022 rule", offline=partial(_he, relaxed=False)),
    "he2021-relaxed": Entry(
        f"He 2021 / Zhao 2022 rule {_SHORT}", offline=partial(_he, relaxed=True)
    ),
    "softnet-like": Entry("SOFTNet-like threshold, no network", offline=_softnet_like),
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
