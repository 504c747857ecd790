"""Hands messages from the thread of the pipeline to clients in the thread of a server.

Publishing never waits: each client has a bounded store, of which the oldest are dropped and counted
where it reads too slowly. Events have a store of their own, so that signals never push one out.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal

from streamer.core.printable import to_json

MOST_EVENTS = 1024  # that wait for a client, and that a late one is given
MOST_SIGNALS = 256  # rows; about eight seconds of one face
Kind = Literal["source", "event", "signals", "dropped", "end"]
END_SCHEMA, DROPPED_SCHEMA = "mer-stream/end/1", "mer-stream/dropped/1"


@dataclass(frozen=True, slots=True)
class Message:
    """One JSON object with a number that grows by one from message to message."""

    number: int
    kind: Kind
    text: str


class Client:
    """What waits for one client. `put` in any thread, `next` in the client's event loop."""

    def __init__(self, wants_signals: bool) -> None:
        self.wants_signals = wants_signals
        self._lock = threading.Lock()
        self._events: deque[Message] = deque()
        self._signals: deque[Message] = deque()
        self._dropped = 0
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._is_woken = False

    def put(self, message: Message) -> None:
        """Store a message, and drop the oldest of its kind where there are too many."""
        store, most = self._events, MOST_EVENTS
        if message.kind == "signals":
            store, most = self._signals, MOST_SIGNALS
        with self._lock:
            store.append(message)
            if len(store) > most:
                store.popleft()
                self._dropped += 1
        self._rouse()

    def end(self) -> None:
        """No more will come."""
        self._ended = True
        self._rouse()

    async def next(self) -> Message | None:
        """The oldest message, as soon as there is one; None at the end."""
        while True:
            self._is_woken = False
            self._wake.clear()
            message = self._take()
            if message is not None or self._ended:
                return message
            await self._wake.wait()

    def _take(self) -> Message | None:
        with self._lock:
            stores = [store for store in (self._events, self._signals) if store]
            if not stores:
                return None
            store = min(stores, key=lambda store: store[0].number)
            if self._dropped:
                text = to_json({"schema": DROPPED_SCHEMA, "messages": self._dropped})
                self._dropped = 0
                return Message(store[0].number, "dropped", text)
            return store.popleft()

    def _rouse(self) -> None:
        if not self._is_woken:  # else the loop is told already: it may be told without end
            self._is_woken = True
            try:
                self._loop.call_soon_threadsafe(self._wake.set)
            except RuntimeError:  # the server has ended
                return


class Hub:
    """All clients of a run, and its events so far for those that come later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: list[Client] = []
        self._past: deque[Message] = deque(maxlen=MOST_EVENTS)
        self._numbers = itertools.count(1)
        self._ended = False

    @property
    def clients(self) -> int:
        """How many there are."""
        return len(self._clients)

    @property
    def wants_signals(self) -> bool:
        """Whether anybody would get a signal."""
        return any(client.wants_signals for client in self._clients)

    def publish(self, kind: Kind, text: str) -> None:
        """Give a JSON object to all clients that want it; returns at once."""
        with self._lock:
            message = Message(next(self._numbers), kind, text)
            if kind != "signals":
                self._past.append(message)
            for client in self._clients:
                if kind != "signals" or client.wants_signals:
                    client.put(message)

    def join(self, *, wants_signals: bool, after: int = 0) -> Client:
        """A new client, in the running event loop; it gets the events after number `after`."""
        client = Client(wants_signals)
        with self._lock:
            for message in self._past:
                if message.number > after:
                    client.put(message)
            if self._ended:
                client.end()
            self._clients.append(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        with self._lock:
            self._clients = [other for other in self._clients if other is not client]

    def end(self) -> None:
        """Say that the run is over; clients get what waits for them, and no more."""
        self.publish("end", to_json({"schema": END_SCHEMA}))
        with self._lock:
            self._ended = True
            for client in self._clients:
                client.end()
