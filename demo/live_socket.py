"""The WebSocket of the live tab: the browser's pictures in, JSON messages out.

A place belongs to somebody who sends pictures. The browser shows at once that it does, with a
first picture; a socket that stays silent gets no place, or loses it to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, WebSocket

from demo.guard import OWNER
from demo.live_link import SILENT, TAKEN, Line, refuse, serve
from demo.places import Place, Places
from demo.rules import address_of, is_same_origin
from demo.scratch import without_folders
from demo.visitors import Visitors
from streamer.core.errors import MerError, UsageError

_WAITING = 64  # sockets without a place; beyond that the oldest is closed


class LiveCameras:
    """The route `/live/{token}`, and how many cameras run."""

    def __init__(self, visitors: Visitors) -> None:
        limits = visitors.limits
        self.places = Places(limits.live, limits.live_per_address, limits.silent_s)
        self._visitors = visitors
        self._limits = limits
        self._waiting: OrderedDict[WebSocket, asyncio.Task[Any]] = OrderedDict()

    async def serve(self, socket: WebSocket, token: str) -> None:
        """One socket, from its handshake to its end."""
        visitor = self._visitors.by_token(token)
        mine = visitor is not None and socket.scope.get(OWNER, "") == visitor.owner
        if visitor is None or not mine or not _same_origin(socket):
            await socket.close(4403)
            return
        await socket.accept()
        place = None
        line = Line(socket)
        try:
            place = await self._place(line, address_of(socket.scope))
            await serve(line, place, self.places, visitor, self._limits)
        except MerError as error:
            await refuse(socket, without_folders(str(error)))
        finally:
            line.close()
            if place is not None:
                self.places.give_back(place)

    async def _place(self, line: Line, address: str) -> Place:
        """A free place at once, or one of somebody silent for who shows a picture.

        Raises UsageError where there is none, or no picture comes.
        """
        place = self.places.take(address)
        if place is not None:
            return place
        with self._as_waiting(line.socket):
            picture = await line.hear(self._limits.silent_s)
        if picture is None:
            raise UsageError(SILENT.format(self._limits.silent_s))
        place = self.places.take(address, proven=True)
        if not picture or place is None:
            raise UsageError(TAKEN)
        line.first = picture
        return place

    @contextlib.contextmanager
    def _as_waiting(self, socket: WebSocket) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None  # a route always runs in a task
        while len(self._waiting) >= _WAITING:
            self._waiting.popitem(last=False)[1].cancel()
        self._waiting[socket] = task
        try:
            yield
        finally:
            self._waiting.pop(socket, None)


def add_live_socket(app: FastAPI, visitors: Visitors) -> LiveCameras:
    """The route `/live/{token}`."""
    cameras = LiveCameras(visitors)

    @app.websocket("/live/{token}")
    async def live(socket: WebSocket, token: str) -> None:
        await cameras.serve(socket, token)

    return cameras


def _same_origin(socket: WebSocket) -> bool:
    """A page of another site must not reach a visitor's camera session."""
    origin = socket.headers.get("origin")
    return origin is None or is_same_origin(origin, socket.headers.get("host", ""))
