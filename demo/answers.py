"""The answer to a request, with the headers that every answer of the page carries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from starlette.types import Message, Send

_Header = tuple[bytes, bytes]
_FIXED: tuple[_Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
)
# Nothing may be fetched from, or sent to, another place. Gradio's scripts and Vega need the two
# unsafe- words.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'{sockets}; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'"
)
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")


def security_headers(host: str) -> list[_Header]:
    """The headers for a page that was asked for under the name `host`."""
    # Older browsers do not count WebSockets of the same host as 'self'.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return [*_FIXED, (b"content-security-policy", _POLICY.format(sockets=sockets).encode())]


def without_cors(headers: Iterable[_Header]) -> list[_Header]:
    """Headers of an answer without the leave for other sites that Gradio gives localhost."""
    return [(k, v) for k, v in headers if not k.lower().startswith(b"access-control-")]


class Answer:
    """The answer to one request, with our headers."""

    def __init__(self, send: Send, host: str) -> None:
        self._send = send
        self._headers = security_headers(host)
        self.extra: list[tuple[bytes, bytes]] = []
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            kept = without_cors(message["headers"])
            message = {**message, "headers": [*kept, *self._headers, *self.extra]}
        await self._send(message)

    async def refuse(self, status: int, sentence: str) -> None:
        body = json.dumps({"detail": sentence}).encode()
        headers: list[Any] = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def ask_who(self, *, too_often: bool) -> None:
        if too_often:
            await self.refuse(429, "Too many wrong passwords. Wait a minute and try again.")
            return
        self.extra.append((b"www-authenticate", b'Basic realm="mer-demo", charset="UTF-8"'))
        await self.refuse(401, "A user name and a password are needed here.")
