"""The WebSocket of the live tab: the browser's pictures in, JSON messages out."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from demo.limits import Limits
from demo.live_session import Answer, LiveSession
from demo.live_worker import HEADER
from demo.visitors import Visitor, Visitors
from streamer.errors import MerError

PICTURE_BYTES = 2 * 2**20
_END_WAIT_S = 3.0
_LOOK_S = 1.0  # how often a silent camera is looked after


class LivePlaces:
    """How many cameras run; no more than there are places."""

    def __init__(self, limits: Limits) -> None:
        self._places = threading.BoundedSemaphore(limits.live)
        self.limits = limits

    def take(self) -> bool:
        """Whether there was a place; give it back afterwards."""
        return self._places.acquire(blocking=False)

    def give_back(self) -> None:
        """The camera has stopped."""
        self._places.release()


def add_live_socket(app: FastAPI, visitors: Visitors) -> None:
    """The route `/live/{token}`."""
    places = LivePlaces(visitors.limits)

    @app.websocket("/live/{token}")
    async def live(socket: WebSocket, token: str) -> None:
        visitor = visitors.by_token(token)
        if visitor is None or not _same_origin(socket):
            await socket.close(4403)
            return
        await socket.accept()
        if not places.take():
            await _refuse(socket, "All places for live cameras are taken. Try again later.")
            return
        try:
            await _serve(socket, visitor, visitors.limits)
        except MerError as error:
            await _refuse(socket, str(error))
        finally:
            places.give_back()


async def _serve(socket: WebSocket, visitor: Visitor, limits: Limits) -> None:
    loop = asyncio.get_running_loop()
    answers: asyncio.Queue[Answer | None] = asyncio.Queue()

    def tell(answer: Answer) -> None:  # from the session's thread
        loop.call_soon_threadsafe(answers.put_nowait, answer)

    session = await asyncio.to_thread(LiveSession, visitor, visitor.live_choices, tell, limits)
    visitor.in_use.add(session.name)
    visitor.keep(session.name, limits.results)
    speaking = asyncio.create_task(_speak(socket, session.name, answers))
    try:
        until_s = time.monotonic() + 60.0 * limits.live_minutes
        in_time = await _listen(socket, session, visitor, until_s)
    finally:
        await asyncio.to_thread(session.close)
        visitor.in_use.discard(session.name)
        visitor.sweep()
        answers.put_nowait(None)
        await asyncio.wait([speaking], timeout=_END_WAIT_S)
        speaking.cancel()
    if not in_time:
        await _refuse(socket, f"The camera stops after {limits.live_minutes:g} minutes.")


async def _listen(
    socket: WebSocket, session: LiveSession, visitor: Visitor, until_s: float
) -> bool:
    """Take pictures until the browser stops or leaves; False where its time is over."""
    hearing = asyncio.create_task(socket.receive())
    try:
        while time.monotonic() < until_s:
            await asyncio.wait({hearing}, timeout=_LOOK_S)
            if visitor.gone:
                return True
            if not hearing.done():
                continue
            picture = _picture(hearing)
            if not picture:
                return True
            session.push(picture)
            hearing = asyncio.create_task(socket.receive())
    finally:
        hearing.cancel()
    return False


def _picture(heard: asyncio.Task[Any]) -> bytes:
    """The message of the browser; empty where it has left or, by a text, asks to stop."""
    try:
        message = heard.result()
    except (WebSocketDisconnect, RuntimeError):
        return b""
    picture: bytes = message.get("bytes") or b""
    return picture if HEADER.size < len(picture) <= PICTURE_BYTES else b""


async def _speak(socket: WebSocket, name: str, answers: asyncio.Queue[Answer | None]) -> None:
    """Send answers until the session's last one."""
    first = True
    while (answer := await answers.get()) is not None:
        try:
            await socket.send_json(_message(answer, name, ready=first))
        except (WebSocketDisconnect, RuntimeError):
            return
        if answer.seen.error:
            return
        first = False


def _message(answer: Answer, name: str, *, ready: bool) -> dict[str, Any]:
    if answer.seen.error:
        return {"type": "error", "text": answer.seen.error}
    if ready:
        return {"type": "ready", "result": name}
    return {
        "type": "seen",
        "number": answer.seen.number,
        "faces": answer.seen.faces,
        "events": answer.seen.events,
        "dropped": answer.dropped,
        "work_ms": round(answer.work_ms, 1),
    }


async def _refuse(socket: WebSocket, sentence: str) -> None:
    try:
        await socket.send_json({"type": "error", "text": sentence})
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        return  # the visitor has left before hearing it


def _same_origin(socket: WebSocket) -> bool:
    """A page of another site must not reach a visitor's camera session."""
    origin = socket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == socket.headers.get("host")
