"""Stands before everything: only what the page needs is answered, and to whom it belongs; every
answer carries the same headers.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.account import Account
from demo.calls import Calls, is_session, replayed
from demo.limits import Limits
from demo.rules import (
    CALL,
    HEARTBEAT,
    LIVE,
    PAGE,
    PUBLIC,
    RELOAD,
    Refusal,
    address_of,
    headers_of,
    host_name,
    listened_session,
    refused_origin,
    refused_path,
    refused_size,
    refused_stranger,
)
from demo.sessions import Sessions, set_cookie

_LOG = logging.getLogger(__name__)
OWNER = "mer-demo.owner"  # in the scope: who asks, by the cookie


class RequestFilter:
    """ASGI middleware: host, origin, path, method, size, owner, payload, pace and headers."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        hosts: Collection[str] | None,
        sessions: Sessions | None = None,
        account: Account | None = None,
    ) -> None:
        """hosts: names under which the page may be asked for; None: any."""
        self._app = app
        self._limits = limits
        self._hosts = hosts
        self._sessions = sessions or Sessions()
        self._account = account
        self._calls = Calls(self._sessions, limits.calls_per_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        owner = self._owner(headers)
        refused = self._refused_host(headers) or refused_origin(headers)
        if refused or owner is None or not LIVE.fullmatch(scope["path"]):
            await send({"type": "websocket.close", "code": 4403})
            return
        await self._app({**scope, OWNER: owner}, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        answer = Answer(send, headers.get("host", ""))
        refused = self._refused(scope, headers)
        if refused is not None:
            await answer.refuse(*refused)
        elif PUBLIC.fullmatch(scope["path"]):
            await self._pass_on(scope, receive, answer)
        elif PAGE.fullmatch(scope["path"]):
            await self._page(scope, headers, receive, answer)
        else:
            await self._owned(scope, headers, receive, answer)

    async def _page(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, answer: Answer
    ) -> None:
        """The page itself: whoever may see it gets a cookie."""
        if self._owner(headers) is None:
            account, address = self._account, address_of(scope)
            if account and not account.admits(headers.get("authorization", ""), address):
                await answer.ask_who(too_often=account.must_wait(address))
                return
            secure = scope.get("scheme") == "https"
            cookie = set_cookie(self._sessions.issue(), headers.get("host", ""), secure=secure)
            answer.extra.append((b"set-cookie", cookie))
        await self._pass_on(scope, receive, answer)

    async def _owned(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, answer: Answer
    ) -> None:
        """What belongs to one browser."""
        owner = self._owner(headers)
        if owner is None:
            await answer.refuse(*refused_stranger(scope["path"]))
            return
        if CALL.fullmatch(scope["path"]):
            body = await self._calls.body(owner, headers, receive)
            if not isinstance(body, bytes):
                await answer.refuse(*body)
                return
            receive = replayed(body, receive)
        session = listened_session(scope)
        if session is not None and not self._claims(session, owner):
            await answer.refuse(403, RELOAD)
            return
        await self._pass_on({**scope, OWNER: owner}, receive, answer)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        beat = HEARTBEAT.fullmatch(scope["path"])
        open_page = self._sessions.page_open(beat[1]) if beat else contextlib.nullcontext()
        try:
            with open_page:
                await self._app(scope, receive, answer.send)
        except Exception:  # noqa: BLE001  the last line of defence: no trace reaches the browser
            _LOG.exception("an error while answering %s", scope["path"])
            if not answer.begun:
                await answer.refuse(500, "Something went wrong here. Reload the page.")

    def _refused(self, scope: Scope, headers: Mapping[str, str]) -> Refusal | None:
        """What can be refused by the head of a request."""
        if "transfer-encoding" in headers:  # a browser says how long its request is
            return 411, "This request does not say how long it is."
        return (
            self._refused_host(headers)
            or refused_path(scope)
            or refused_origin(headers)
            or refused_size(scope["path"], headers, self._limits.upload_mb)
        )

    def _refused_host(self, headers: Mapping[str, str]) -> Refusal | None:
        if self._hosts is not None and host_name(headers.get("host", "")) not in self._hosts:
            return 403, "This page is not served under this name."
        return None

    def _owner(self, headers: Mapping[str, str]) -> str | None:
        return self._sessions.owner_of(headers.get("cookie", ""), headers.get("host", ""))

    def _claims(self, session: str, owner: str) -> bool:
        return is_session(session) and self._sessions.claim(session, owner)


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
