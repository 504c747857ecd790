"""Counts what happens while a source is read; safe to share between threads."""

from __future__ import annotations

import threading
from collections import Counter

from streamer.core.records import SourceReport

MAX_SENTENCES = 20  # a broken camera must not fill the memory with sentences


class SourceCounters:
    """The writable side of a `SourceReport`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()
        self._errors: list[str] = []
        self._truncated = False

    def count_frame(self) -> None:
        """A frame was delivered."""
        self._add(self._counts, "frames")

    def count_drop(self) -> None:
        """A live frame was thrown away because the reader of the source is too slow."""
        self._add(self._counts, "dropped")

    def count_reconnect(self) -> None:
        """A lost live source is back."""
        self._add(self._counts, "reconnects")

    def repair(self, name: str) -> None:
        """Something was wrong and was put right."""
        self._add(self._repairs, name)

    def damage(self, name: str, sentence: str) -> None:
        """Something was wrong that cannot be put right: the recording is not whole."""
        if self._add(self._repairs, name) == 1:
            self.say(sentence)
        self._truncated = True

    def cut_short(self, sentence: str) -> None:
        """The recording ends before its declared end."""
        self.say(sentence)
        self._truncated = True

    def say(self, sentence: str) -> None:
        """Keep a sentence for the report, unless it is there already or there are too many."""
        with self._lock:
            if sentence and sentence not in self._errors and len(self._errors) < MAX_SENTENCES:
                self._errors.append(sentence)

    def report(self) -> SourceReport:
        """A snapshot."""
        with self._lock:
            return SourceReport(
                frames=self._counts["frames"],
                dropped=self._counts["dropped"],
                reconnects=self._counts["reconnects"],
                truncated=self._truncated,
                repairs=dict(self._repairs),
                errors=tuple(self._errors),
            )

    def _add(self, counter: Counter[str], name: str) -> int:
        with self._lock:
            counter[name] += 1
            return counter[name]
