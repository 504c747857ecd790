"""Several files of one recording, as cameras cut them: times and frame numbers continue."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from statistics import median

from streamer.core.closing import Closing
from streamer.core.errors import UsageError
from streamer.core.records import Frame, SourceInfo, SourceReport
from streamer.sources import open_source
from streamer.sources.base import Source
from streamer.sources.config import SourceConfig
from streamer.sources.part import Cut

_RECENT = 30  # frames whose distance tells how far the next file's first frame is
_DEFAULT_GAP_S = 1 / 30  # after a file of a single frame


class JoinedSource(Closing):
    """Reads the named sources one after the other as a single recording.

    The first frame of a file follows the last one of the file before at the usual distance.
    """

    def __init__(self, names: Sequence[str], config: SourceConfig | None = None) -> None:
        if len(names) < 2:
            raise UsageError(f"{len(names)} source to join: name the parts in their order")
        self._names = tuple(names)
        self._cut = None if config is None else Cut.of(config)
        self._config = None if config is None else replace(config, start_s=None, end_s=None)
        config = self._config
        for name in names[1:]:  # now, not hours later
            self._check(name)
        self._part: Source = open_source(names[0], config)
        self._refuse_live(self._part)
        self._finished: list[SourceReport] = []
        self._started = False
        self._info = replace(
            self._part.info,
            name=f"{self._part.info.name}+{len(names) - 1}",
            declared_frames=None,
            declared_duration_s=None,
            part=None if self._cut is None else self._cut.part,
        )

    @property
    def info(self) -> SourceInfo:
        """That of the first file, whose length says nothing of the whole."""
        return self._info

    @property
    def report(self) -> SourceReport:
        """Sums over the files so far."""
        reports = [*self._finished, self._part.report]
        repairs: Counter[str] = Counter()
        for report in reports:
            repairs.update(report.repairs)
        return SourceReport(
            sum(report.frames for report in reports),
            0,
            0,
            any(report.truncated for report in reports),
            dict(repairs),
            tuple(error for report in reports for error in report.errors),
        )

    def __iter__(self) -> Iterator[Frame]:
        if self._started:
            raise UsageError(f"{self._info.name} was read already: open it again")
        self._started = True
        frames = self._frames()
        yield from frames if self._cut is None else self._cut.frames(frames, self._info.name)
        self.close()

    def _frames(self) -> Iterator[Frame]:
        start_s, start_index, index = 0.0, 0, -1
        behind_s = late_s = 0.0  # the player's clock behind that of capture: all parts, this one
        recent: deque[float] = deque(maxlen=_RECENT)
        for number, name in enumerate(self._names):
            if number > 0:
                self._finished.append(self._part.report)
                self._part.close()
                self._part = open_source(name, self._config)
                gaps = [b - a for a, b in pairwise(recent)]
                start_s = recent[-1] + (median(gaps) if gaps else _DEFAULT_GAP_S)
                start_index = index + 1
                behind_s, late_s = behind_s + late_s, 0.0
                recent.clear()
            for frame in self._part:
                index, time_s = start_index + frame.index, start_s + frame.time_s
                recent.append(time_s)
                late_s = 0.0 if frame.media_s is None else frame.media_s - frame.time_s
                media_s = time_s + behind_s + late_s if behind_s or late_s else None
                yield frame.moved_to(index, time_s, media_s)

    def _check(self, name: str) -> None:
        """Raise what reading a later part would run into at its start."""
        if name == "-":
            raise UsageError("standard input can only be the first part: it is read once")
        with closing(open_source(name, self._config)) as part:
            self._refuse_live(part)

    def _refuse_live(self, part: Source) -> None:
        if part.info.live:
            part.close()
            raise UsageError(f"{part.info.name} is live: only recordings can be joined")

    def close(self) -> None:
        """Free the open file. May be called more than once."""
        self._part.close()
