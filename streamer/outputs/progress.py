"""A progress bar on standard error: speed in times real time, time left, events so far."""

from __future__ import annotations

import sys
import time

from streamer.core.printable import printable
from streamer.core.records import FrameResult, SourceInfo

_BAR = "{desc}: {percentage:3.0f}%|{bar:30}| {n:.0f}/{total:.0f} s{postfix}, {remaining} left"
_OPEN_END = "{desc}: {n:.0f} s{postfix}"
_EVERY_S = 0.25


class ProgressBar:
    """Follows one source. Without a declared duration it counts seconds and shows no end."""

    def __init__(self, info: SourceInfo) -> None:
        from tqdm import tqdm

        name = printable(info.name)
        total_s = None if info.live else _duration_s(info)
        self._bar = tqdm(
            desc=name if len(name) <= 40 else "..." + name[-37:],
            total=total_s,
            bar_format=_BAR if total_s else _OPEN_END,
            file=sys.stderr,
            mininterval=_EVERY_S,
            leave=False,
            dynamic_ncols=True,
            postfix="starting",
        )
        self._started = time.monotonic()
        self._shown = self._started
        self._time_s = 0.0
        self._frames = 0
        self._events = 0

    def write(self, result: FrameResult) -> None:
        self._events += len(result.events)
        if result.frame is None:
            return
        self._frames += 1
        self._time_s = max(self._time_s, result.frame.time_s)
        now = time.monotonic()
        if now - self._shown >= _EVERY_S:
            self._shown = now
            self._bar.set_postfix_str(self._speed(now - self._started), refresh=False)
            shown_s = self._time_s if not self._bar.total else min(self._time_s, self._bar.total)
            self._bar.update(shown_s - self._bar.n)

    def close(self) -> None:
        self._bar.close()

    def _speed(self, wall_s: float) -> str:
        return (
            f"{self._time_s / wall_s:.1f}x real time ({self._frames / wall_s:.0f} fps), "
            f"events: {self._events}"
        )


def _duration_s(info: SourceInfo) -> float | None:
    if info.declared_duration_s:
        return info.declared_duration_s
    if info.declared_frames and info.declared_fps:
        return info.declared_frames / info.declared_fps
    return None
