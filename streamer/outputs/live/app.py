"""The endpoints, as an ASGI application: WebSocket, Server-Sent Events, and a page that shows them.

`/events` streams Server-Sent Events, `/ws` is the WebSocket; `?signals=0` leaves signals out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

from streamer.outputs.live.hub import Client, Hub
from streamer.outputs.live.local_only import own_origin, refusal

MOST_CLIENTS = 32
_ALIVE_S = 15.0  # a line now and then shows a lost client
_NORMAL, _REFUSED, _FULL = 1000, 1008, 1013  # RFC 6455, section 7.4
_PATHS = ("/", "/events", "/ws")  # of the WebSocket
_SAFE = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; script-src 'self'; connect-src 'self'"),
]
_FILES = {"/": ("live.html", b"text/html"), "/live.js": ("live.js", b"text/javascript")}
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class LiveApp:
    """Answers the requests of this machine's programs from a hub."""

    def __init__(self, hub: Hub, *, has_signals: bool) -> None:
        self._hub = hub
        self._has_signals = has_signals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        why = refusal(scope["headers"])
        if why:
            await _answer(send, 403, why)
        elif scope["method"] != "GET":
            await _answer(send, 405, "only GET is answered")
        elif scope["path"] == "/events":
            await self._events(scope, receive, send)
        elif scope["path"] in _FILES:
            name, kind = _FILES[scope["path"]]
            text = (resources.files("streamer") / "assets" / name).read_text(encoding="utf-8")
            await _answer(send, 200, text, kind)
        else:
            await _answer(send, 404, "there are /events (Server-Sent Events) and /ws (WebSocket)")

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Server-Sent Events, as the HTML standard has them, to the end of the run."""
        if self._hub.clients >= MOST_CLIENTS:
            await _answer(send, 503, "too many clients")
            return
        origin = own_origin(scope["headers"])
        let_in = [] if origin is None else [(b"access-control-allow-origin", origin)]
        headers = [*_SAFE, *let_in, (b"content-type", b"text/event-stream; charset=utf-8")]
        client = self._join(scope)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await _while_there(receive, "http.disconnect", _send_lines(client, send))
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._hub.leave(client)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        if refusal(scope["headers"]) or scope["path"] not in _PATHS:
            await send({"type": "websocket.close", "code": _REFUSED})  # 403, before it is open
            return
        if self._hub.clients >= MOST_CLIENTS:
            await send({"type": "websocket.close", "code": _FULL})
            return
        client = self._join(scope)
        try:
            await send({"type": "websocket.accept"})
            there = await _while_there(receive, "websocket.disconnect", _send_texts(client, send))
            if there:
                await send({"type": "websocket.close", "code": _NORMAL, "reason": "end of the run"})
        finally:
            self._hub.leave(client)

    def _join(self, scope: Scope) -> Client:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        wants = self._has_signals and query.get("signals", ["1"])[-1] not in ("0", "false", "no")
        headers = dict(scope["headers"])
        last = (headers.get(b"last-event-id") or b"0").decode("latin-1")
        after = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else 0
        return self._hub.join(wants_signals=wants, after=after)


async def _send_texts(client: Client, send: Send) -> None:
    while (message := await client.next()) is not None:
        await send({"type": "websocket.send", "text": message.text})


async def _send_lines(client: Client, send: Send) -> None:
    while True:
        try:
            message = await asyncio.wait_for(client.next(), _ALIVE_S)
        except asyncio.TimeoutError:
            lines = ": still here\n\n"
        else:
            if message is None:
                return
            lines = f"event: {message.kind}\nid: {message.number}\ndata: {message.text}\n\n"
        body = lines.encode("utf-8", "backslashreplace")
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _while_there(receive: Receive, goodbye: str, sending: Any) -> bool:
    """Send until all is sent, or the client goes away; whether it is still there."""
    task = asyncio.ensure_future(sending)
    leaving = asyncio.ensure_future(_wait_for(receive, goodbye))
    try:
        await asyncio.wait((task, leaving), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        return not leaving.done()
    finally:
        for one in (task, leaving):
            one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(task, leaving, return_exceptions=True)


async def _wait_for(receive: Receive, goodbye: str) -> None:
    while (await receive())["type"] != goodbye:
        pass  # clients have nothing to say


async def _answer(send: Send, status: int, text: str, kind: bytes = b"text/plain") -> None:
    headers = [*_SAFE, (b"content-type", kind + b"; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
