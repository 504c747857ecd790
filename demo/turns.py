"""Who analyses next: first come, first served, and everybody knows how many are before them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streamer.errors import UsageError

FULL = "Too many recordings are waiting here at the moment. Please try again in a few minutes."


class Turns:
    """A number of places, and a line before them. Thread-safe."""

    def __init__(self, places: int, waiting: int) -> None:
        self._places = places
        self._waiting = waiting
        self._line: list[Ticket] = []
        self._lock = threading.Lock()

    @contextmanager
    def ticket(self) -> Iterator[Ticket]:
        """Stand in the line; leaving the block gives the place up.

        Raises UsageError where the line is full.
        """
        ticket = Ticket(self)
        with self._lock:
            if len(self._line) >= self._places + self._waiting:
                raise UsageError(FULL)
            self._line.append(ticket)
        try:
            yield ticket
        finally:
            with self._lock:
                self._line.remove(ticket)

    def before(self, ticket: Ticket) -> int:
        """How many must finish before this one may begin; 0: it is its turn."""
        with self._lock:
            return max(self._line.index(ticket) - self._places + 1, 0)


class Ticket:
    """A place in the line."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    @property
    def before(self) -> int:
        """How many must finish first; 0: begin."""
        return self._turns.before(self)
