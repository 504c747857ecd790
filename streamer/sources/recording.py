"""Sources that are read to their end at the reader's own pace: nothing is ever dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol, TypeAlias, runtime_checkable

from streamer.core.closing import Closing
from streamer.core.errors import UsageError
from streamer.core.pictures import Picture
from streamer.core.records import Frame, SourceInfo, SourceReport
from streamer.sources.counters import SourceCounters
from streamer.sources.part import Cut
from streamer.sources.resume_point import ResumePoint

Stamped: TypeAlias = tuple[float, Picture] | tuple[float, Picture, float | None]
"""time_s, image [H, W, 3] uint8 RGB, and media_s where a player shows it at another time."""


class Reader(Protocol):
    """What reads the frames of a recording."""

    info: SourceInfo
    counters: SourceCounters

    def __iter__(self) -> Iterator[Stamped]: ...

    def skip(self, frames: int) -> None:
        """Before the first one: leave out the pictures of so many frames, but count them."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Jumping(Protocol):
    """A reader that can begin anywhere."""

    def go_to(self, start: ResumePoint) -> bool: ...
    def go_near(self, time_s: float) -> int | None: ...


class RecordingSource(Closing):
    """A file, an image folder, standard input or a finite URL as a `Source`."""

    def __init__(self, reader: Reader, cut: Cut | None = None) -> None:
        """cut: deliver a part only, by the times of the reader."""
        self._reader = reader
        self._cut = cut
        self._begun = False
        self._skipped = self._first = 0
        self.info = reader.info if cut is None else replace(reader.info, part=cut.part)
        self.counters = reader.counters

    @property
    def report(self) -> SourceReport:
        """A snapshot of what has happened so far."""
        return self.counters.report()

    def skip(self, frames: int) -> None:
        """Begin at frame number `frames`, with its own number, time and everything counted before.

        They are decoded all the same, so the frames that follow are those of a run from the start.
        """
        self._skipped = frames
        self._reader.skip(max(frames - self._first, 0))

    def approach(self) -> bool:
        """Go to the part by key frames; False where that failed: open the source again.

        Numbers and times are worked out from what is before, which is read but not decoded.
        """
        reader, cut = self._reader, self._cut
        if cut is None or not cut.is_far or not isinstance(reader, Jumping):
            return True
        first = reader.go_near(cut.from_s)
        self._first = first or 0
        return first is not None

    def go_to(self, start: ResumePoint) -> bool:
        """As `skip`, without decoding all frames before; False where that cannot be done.

        The source has to be opened again then.
        """
        reader = self._reader
        if not (start.plain and isinstance(reader, Jumping) and reader.go_to(start)):
            return False
        self._first = start.frame
        for _ in range(start.frame):
            self.counters.count_frame()
        return True

    def __iter__(self) -> Iterator[Frame]:
        refuse_second_reading(self._begun, self.info.name)
        self._begun = True
        return self._frames(self._reader)

    def _frames(self, reader: Iterable[Stamped]) -> Iterator[Frame]:
        read = (Frame.of(i, *stamped) for i, stamped in enumerate(reader, start=self._first))
        try:
            for frame in read if self._cut is None else self._cut.frames(read, self.info.name):
                self.counters.count_frame()
                if frame.index >= self._skipped:
                    yield frame
        finally:
            self.close()

    def close(self) -> None:
        """Free the files. The frames end here; may be called more than once."""
        self._begun = True
        self._reader.close()


def refuse_second_reading(begun: bool, name: str) -> None:
    """Raise UsageError where a source is iterated over again or after it was closed."""
    if begun:
        raise UsageError(
            f"{name}: a source is read once, and this one was read or closed before. Open it "
            "again with open_source."
        )
