"""Stands before everything: only what the page needs is answered, and within its limits."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.limits import Limits

_LOG = logging.getLogger(__name__)
_API = "/gradio_api/"
# What Gradio's own page asks for. Its file route is not among them: files of visitors have a route
# of their own, and uploads are moved out of Gradio's folder at once.
_PATHS = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt"
    r"|/(assets|static)/[\w./-]+|/visit/[\w./%-]+|/live/[\w-]+"
    r"|/gradio_api/(queue/(join|data|status)|run/predict|upload|upload_progress|app_id"
    r"|startup-events|reset|cancel|heartbeat/[\w-]+)/?"
)
_JSON_BYTES = 2 * 2**20  # of a request that is no upload
_FORM_BYTES = 64 * 2**10  # what an upload is larger than its file
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    # Nothing may be fetched from, or sent to, another place. Gradio's scripts and Vega need the
    # two unsafe- words.
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        b"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        b"media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; "
        b"worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'",
    ),
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Guard:
    """ASGI middleware: host, path, size and headers."""

    def __init__(self, app: ASGIApp, limits: Limits, hosts: Collection[str] | None) -> None:
        """hosts: names under which the page may be asked for; None: any."""
        self._app = app
        self._limits = limits
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused is not None and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403})
        elif refused is not None:
            await _answer(send, *refused)
        elif scope["type"] == "http":
            await self._guarded(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:  # noqa: BLE001  the last line of defence: no trace reaches the browser
            _LOG.exception("an error while answering %s", scope["path"])
            if not begun:
                await _answer(send, 500, "Something went wrong here. Reload the page.")

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        path = scope["path"]
        if "transfer-encoding" in headers:  # a browser says how long its request is
            return 411, "This request does not say how long it is."
        if self._hosts is not None and _name(headers.get("host", "")) not in self._hosts:
            return 403, "This page is not served under this name."
        if not _PATHS.fullmatch(path) or ".." in path:
            return 404, "There is nothing here."
        size = headers.get("content-length", "0")
        size_bytes = int(size) if size.isdigit() else 0
        if path.rstrip("/") == _API + "upload":
            if size_bytes > self._limits.upload_mb * 10**6 + _FORM_BYTES:
                return 413, f"This file is larger than {self._limits.upload_mb} MB, the limit here."
        elif size_bytes > _JSON_BYTES:
            return 413, "This request is too large."
        return None


def _name(host: str) -> str:
    """A Host header without its port."""
    return host if host.endswith("]") else host.rsplit(":", 1)[0].lower()


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"detail": sentence}).encode()
    headers: list[Any] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *_HEADERS,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
