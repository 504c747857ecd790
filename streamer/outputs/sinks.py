"""Sinks take the results of one recording, frame by frame; `Sinks` feeds several at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Protocol

from streamer.core.errors import MerError
from streamer.core.records import FrameResult


class Sink(Protocol):
    """Takes the results of one source in order. `write` raises OutputError if it fails."""

    def write(self, result: FrameResult) -> None: ...
    def close(self) -> None: ...


class Sinks:
    """Hands each result to all sinks. One that fails is closed; the others get the rest.

    `own` sinks are closed with this object, `shared` ones stay open for the next source.
    """

    def __init__(self, own: Iterable[Sink] = (), shared: Iterable[Sink] = ()) -> None:
        self.own = list(own)
        self.shared = list(shared)
        self.failure: MerError | BrokenPipeError | None = None

    def write(self, result: FrameResult) -> None:
        """Never raises for a sink that cannot write: look at `failure`."""
        for sinks in (self.shared, self.own):
            for sink in list(sinks):
                if not self._try(functools.partial(sink.write, result)):
                    sinks.remove(sink)
                    self._try(sink.close)

    def close(self) -> None:
        """Close the own sinks, whatever happens to one of them."""
        for sink in self.own:
            self._try(sink.close)
        self.own = []

    def check(self) -> None:
        """Raise the first error of a sink, if there was one."""
        if self.failure is not None:
            raise self.failure

    def _try(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except (MerError, BrokenPipeError) as error:
            self.failure = self.failure or error
            return False
        return True
