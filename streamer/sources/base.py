"""The contract of every source."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # records import numpy, which `mer-stream --help` does not need
    from streamer.core.records import Frame, SourceInfo, SourceReport


class Source(Protocol):
    """Frames in order of presentation, read once.

    Iterating a second time raises UsageError. A source is a context manager; leaving it, the end of
    the loop over it and `close` all free its files and threads.
    """

    @property
    def info(self) -> SourceInfo:
        """What is known before the first frame; counts and rates are the header's claims."""
        ...

    @property
    def report(self) -> SourceReport:
        """What has happened so far; a snapshot that may be taken at any time."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """Free files and threads. May be called more than once."""
        ...

    def __enter__(self) -> Source: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
