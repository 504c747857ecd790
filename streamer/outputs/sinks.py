"""Sinks take the results of one recording, frame by frame; `Sinks` feeds several at once."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from streamer.core.errors import MerError
from streamer.core.records import EmotionEvent, FrameResult
from streamer.faces.face_buffer import FaceBuffer


class Sink(Protocol):
    """Takes the results of one source in order. `write` raises OutputError if it fails."""

    def write(self, result: FrameResult) -> None: ...
    def close(self) -> None: ...


class EventFaces(ABC):
    """A sink that writes, into a folder, faces of the seconds before an event is known."""

    def __init__(self, folder: Path, recent: FaceBuffer) -> None:
        """recent: the faces before the first result, for a recording that is resumed."""
        self.folder = folder
        self.recent = recent
        folder.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def write_event(self, event: EmotionEvent) -> None:
        """Write what is wanted of `recent`."""

    def write(self, result: FrameResult) -> None:
        if result.frame is not None:
            self.recent.push(result.frame.time_s, result.faces)
        for event in result.events:
            self.write_event(event)
        if result.frame is None and not result.motions:  # what follows has nothing to do with it
            self.recent.clear()

    def close(self) -> None:  # noqa: B027  a sink must have it
        """Nothing stays open."""


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
