"""Receives the calls of the page's functions: in time, at a pace, as plain values."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping

from starlette.types import Message, Receive

from demo.payload import PayloadError, read_call
from demo.rules import CALL_BYTES, RELOAD, Refusal
from demo.sessions import Sessions

_LOG = logging.getLogger(__name__)
_CALL_S = 10.0  # for the body of a call to arrive
_BROWSERS = 4096  # whose pace is remembered
_WRONG = "This is no request of the page."


class Calls:
    """Checks each call before Gradio sees it."""

    def __init__(self, sessions: Sessions, per_s: float) -> None:
        self._sessions = sessions
        self._pace = Pace(per_s)

    async def body(
        self, owner: str, headers: Mapping[str, str], receive: Receive
    ) -> bytes | Refusal:
        """The body of a call, or why it is refused."""
        if not self._pace.allows(owner):
            return 429, "Too many requests. Wait a moment and try again."
        if not headers.get("content-type", "").lower().startswith("application/json"):
            return 415, _WRONG
        try:
            body = await asyncio.wait_for(_whole_body(receive), _CALL_S)
        except asyncio.TimeoutError:
            return 408, "This request took too long to arrive."
        try:
            call = read_call(body)
        except PayloadError as error:
            _LOG.warning("refused a call of the page: %s", error)
            return 400, _WRONG
        return body if self._sessions.claim(call.session, owner) else (403, RELOAD)


class Pace:
    """Allows each browser some calls a second, and a burst of three seconds' worth."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # calls, at that time

    def allows(self, owner: str) -> bool:
        """Whether one more call is within the pace."""
        now_s, most = time.monotonic(), 3.0 * self._per_s
        left, at_s = self._left.pop(owner, (most, now_s))
        left = min(left + (now_s - at_s) * self._per_s, most)
        allowed = left >= 1.0
        self._left[owner] = (left - 1.0 if allowed else left, now_s)
        while len(self._left) > _BROWSERS:
            self._left.popitem(last=False)
        return allowed


async def _whole_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        body += message.get("body", b"")
        if not message.get("more_body", False) or len(body) > CALL_BYTES:
            return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """`receive` for the application: the body that was read already, then what follows."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
