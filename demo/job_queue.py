"""Who analyses next: first come, first served, and everybody knows how many are before them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamer.core.errors import UsageError

FULL = "Too many recordings are waiting here at the moment. Please try again in a few minutes."


def _always() -> bool:
    return True


class JobQueue:
    """A number of places, and a line before them. Thread-safe."""

    def __init__(self, places: int, waiting: int) -> None:
        self._places = places
        self._waiting = waiting
        self._line: list[Ticket] = []
        self._lock = threading.Lock()

    @contextmanager
    def ticket(self, is_there: Callable[[], bool] = _always) -> Iterator[Ticket]:
        """Stand in the line; leaving the block gives the place up.

        is_there: whether who stands there is still waiting; who is not makes room for others.

        Raises UsageError where the line is full.
        """
        ticket = Ticket(self, is_there)
        with self._lock:
            if len(self._line) >= self._places + self._waiting:
                self._drop_one()
            self._line.append(ticket)
        try:
            yield ticket
        finally:
            with self._lock:
                if ticket in self._line:
                    self._line.remove(ticket)

    def _drop_one(self) -> None:
        for ticket in self._line[self._places :]:
            if not ticket.is_there():
                ticket.dropped = True
                self._line.remove(ticket)
                return
        raise UsageError(FULL)

    def before(self, ticket: Ticket) -> int:
        """How many must finish before this one may begin; 0: it is its turn."""
        with self._lock:
            if ticket not in self._line:  # it was dropped, and will hear so
                return 1
            return max(self._line.index(ticket) - self._places + 1, 0)


class Ticket:
    """A place in the line."""

    def __init__(self, queue: JobQueue, is_there: Callable[[], bool]) -> None:
        self._queue = queue
        self.is_there = is_there
        self.dropped = False  # its place was given to somebody who is there

    @property
    def before(self) -> int:
        """How many must finish first; 0: begin."""
        return self._queue.before(self)
