"""The WebSocket of the live tab: the browser's pictures in, JSON messages out.

A place belongs to somebody who sends pictures. The browser shows at once that it does, with a
first picture; a socket that stays silent gets no place, or loses it to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from demo.limits import Limits
from demo.live_session import Answer, LiveSession
from demo.live_worker import HEADER
from demo.places import Place, Places
from demo.request_filter import OWNER
from demo.rules import address_of, is_same_origin
from demo.scratch import without_folders
from demo.visitors import Visitor, Visitors
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


PICTURE_BYTES = 2 * 2**20
TAKEN = "All places for live cameras are taken. Try again later."
SILENT = "No picture of the camera came for {:g} s. Start it again."
_END_WAIT_S = 3.0
_LOOK_S = 0.25  # how often a silent camera is looked after


class Line:
    """Hears one socket, without losing what arrives while nobody listens."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.first: bytes | None = None  # a picture that came before there was a place
        self._hearing: asyncio.Task[Any] | None = None

    async def hear(self, seconds: float) -> bytes | None:
        """The next picture; empty where the browser leaves or asks to stop, None if none came."""
        if self._hearing is None:
            self._hearing = asyncio.create_task(self.socket.receive())
        await asyncio.wait({self._hearing}, timeout=seconds)
        if not self._hearing.done():
            return None
        heard, self._hearing = self._hearing, None
        try:
            message = heard.result()
        except (WebSocketDisconnect, RuntimeError):
            return b""
        picture: bytes = message.get("bytes") or b""
        fits = HEADER.size < len(picture) <= PICTURE_BYTES
        return picture if fits else b""

    def close(self) -> None:
        """Hear nothing more."""
        if self._hearing is not None:
            self._hearing.cancel()


@dataclass
class _Link:
    """What one running camera consists of."""

    line: Line
    place: Place
    places: Places
    visitor: Visitor
    limits: Limits
    session: LiveSession
    answers: asyncio.Queue[Answer | None]
    ready: asyncio.Event = field(default_factory=asyncio.Event)  # the models are loaded

    async def listen(self, speaking: asyncio.Task[None]) -> str:
        """Take pictures until the browser stops or leaves.

        Returns why it has to stop; empty where it wants to.
        """
        heard_s = began_s = time.monotonic()
        picture = self.line.first
        while picture != b"" and not self.visitor.gone:
            now_s = time.monotonic()
            if picture:
                self._take(picture)
                heard_s = now_s
            if not self.ready.is_set():  # while models load, the browser waits for us
                heard_s = began_s = now_s
            if self.place.lost:
                return TAKEN
            if now_s - began_s > 60.0 * self.limits.live_minutes:
                return f"The camera stops after {self.limits.live_minutes:g} minutes."
            if now_s - heard_s > self.limits.silent_s:
                return SILENT.format(self.limits.silent_s)
            if speaking.done():
                return ""
            picture = await self.line.hear(_LOOK_S)
        return ""

    def _take(self, picture: bytes) -> None:
        self.places.sign(self.place)
        if HEADER.unpack_from(picture)[1] > 0:  # number 0 only shows that there is a camera
            self.session.push(picture)

    async def speak(self) -> None:
        """Send answers until the session's last one."""
        while (answer := await self.answers.get()) is not None:
            message = _message(answer, self.session.name, ready=not self.ready.is_set())
            try:
                await self.line.socket.send_json(message)
            except (WebSocketDisconnect, RuntimeError):
                return
            if answer.seen.error:
                return
            self.ready.set()


async def serve(line: Line, place: Place, places: Places, visitor: Visitor, limits: Limits) -> None:
    """Run a camera to its end. Raises UsageError for settings that cannot be used."""
    loop = asyncio.get_running_loop()
    answers: asyncio.Queue[Answer | None] = asyncio.Queue()

    def tell(answer: Answer) -> None:  # from the session's thread
        loop.call_soon_threadsafe(answers.put_nowait, answer)

    session = await asyncio.to_thread(LiveSession, visitor, visitor.live_choices, tell, limits)
    link = _Link(line, place, places, visitor, limits, session, answers)
    visitor.in_use.add(session.name)
    visitor.keep(session.name, limits.results)
    speaking = asyncio.create_task(link.speak())
    ended = ""
    try:
        ended = await link.listen(speaking)
    finally:
        await asyncio.to_thread(session.close)
        visitor.in_use.discard(session.name)
        visitor.sweep()
        answers.put_nowait(None)
        await asyncio.wait([speaking], timeout=_END_WAIT_S)
        speaking.cancel()
    if ended:
        await refuse(line.socket, ended)


def _message(answer: Answer, name: str, *, ready: bool) -> dict[str, Any]:
    if answer.seen.error:
        return {"type": "error", "text": answer.seen.error}
    if ready:
        return {"type": "ready", "result": name}
    return {
        "type": "seen",
        "number": answer.seen.number,
        "faces": answer.seen.faces,
        "missing": answer.seen.missing,
        "events": answer.seen.events,
        "dropped": answer.dropped,
        "work_ms": round(answer.work_ms, 1),
    }


async def refuse(socket: WebSocket, sentence: str) -> None:
    """Say why the camera has to stop, and close."""
    try:
        await socket.send_json({"type": "error", "text": sentence})
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        return  # the visitor has left before hearing it
