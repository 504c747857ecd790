"""Sources that are read to their end at the reader's own pace: nothing is ever dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias, runtime_checkable

from streamer.core.closing import Closing
from streamer.core.errors import UsageError
from streamer.core.pictures import Picture
from streamer.core.records import Frame, SourceInfo, SourceReport
from streamer.sources.counters import SourceCounters
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


class RecordingSource(Closing):
    """A file, an image folder, standard input or a finite URL as a `Source`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._begun = False
        self._skipped = self._first = 0
        self.info = reader.info
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
        self._reader.skip(frames)

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
        try:
            for index, stamped in enumerate(reader, start=self._first):
                self.counters.count_frame()
                if index >= self._skipped:
                    yield Frame.of(index, *stamped)
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
