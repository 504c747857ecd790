"""The spotters a benchmark can run, by name. All take aligned faces and give spots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from streamer.core.errors import UsageError
from streamer.run.pipeline import Spotter

if TYPE_CHECKING:
    from streamer.run.build import StreamConfig

Maker = Callable[["StreamConfig", float], Spotter]  # settings, frames a second


@dataclass(frozen=True, slots=True)
class Entry:
    """One spotter: what it is, whether it streams, how it is made."""

    about: str
    streams: bool  # False: it needs the whole recording before it says anything
    make: Maker


def _rule(config: StreamConfig, _fps: float) -> Spotter:
    from spotting.spotter import Spotter

    return Spotter(config.spotter)


def _learned(config: StreamConfig, _fps: float) -> Spotter:
    from streamer.run.build import make_spotter

    return make_spotter(replace(config, spotter_model=config.spotter_model or "bundled"))


def _mdmd(relaxed: bool) -> Maker:
    def make(_config: StreamConfig, fps: float) -> Spotter:
        from training.spotting.baselines.mdmd import MdmdWatcher
        from training.spotting.baselines.offline import OfflineSpotter

        return OfflineSpotter(lambda: MdmdWatcher(fps, relaxed))

    return make


def _he(relaxed: bool) -> Maker:
    def make(_config: StreamConfig, fps: float) -> Spotter:
        from training.spotting.baselines.he2021 import HeWatcher
        from training.spotting.baselines.offline import OfflineSpotter

        return OfflineSpotter(lambda: HeWatcher(fps, relaxed))

    return make


def _softnet_like(_config: StreamConfig, fps: float) -> Spotter:
    from training.spotting.baselines.offline import OfflineSpotter
    from training.spotting.baselines.softnet_like import SoftnetLikeWatcher

    return OfflineSpotter(lambda: SoftnetLikeWatcher(fps))


_SHORT = "with its least length relaxed"
SPOTTERS: Mapping[str, Entry] = {
    "rule": Entry("mer-stream, causal", True, _rule),
    "learned": Entry("mer-stream with a learned spotter, causal", True, _learned),
    "mdmd": Entry("MDMD", False, _mdmd(relaxed=False)),
    "mdmd-relaxed": Entry(f"MDMD {_SHORT}, micro only", False, _mdmd(relaxed=True)),
    "he2021": Entry("He 2021 / Zhao 2022 rule", False, _he(relaxed=False)),
    "he2021-relaxed": Entry(f"He 2021 / Zhao 2022 rule {_SHORT}", False, _he(relaxed=True)),
    "softnet-like": Entry("SOFTNet-like threshold, no network", False, _softnet_like),
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
