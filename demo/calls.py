"""Receives the calls of the page's functions: in time, at a pace, as plain values.

Gradio takes any mapping with a path in it for a file and copies it before a function of ours is
asked. No part of this page sends files that way, so whatever is not a plain value is refused.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.types import Message, Receive

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


_KEYS = frozenset({"data", "event_data", "fn_index", "trigger_id", "session_hash", "event_id"})
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: no text
_EVENT_KEYS = frozenset({"result", "event", "index", "value", "selected", "id", "reason"})
_VALUES = 24  # of one call
_TEXT = 1000  # characters of one value


class PayloadError(ValueError):
    """The call is not one that the page makes."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function of the page."""

    session: str


def read_call(body: bytes) -> Call:
    """Raises PayloadError for anything but a flat call with plain values."""
    try:
        call = json.loads(body, parse_constant=_refuse, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        raise PayloadError("not JSON") from None
    if not isinstance(call, dict) or not set(call) <= _KEYS:
        raise PayloadError("unknown keys")
    session = call.get("session_hash")
    if not isinstance(session, str) or not is_session(session):
        raise PayloadError("no session")
    for key in ("fn_index", "trigger_id"):
        if not _is_index(call.get(key)):
            raise PayloadError(key)
    if not (call.get("event_id") is None or _is_plain(call["event_id"])):
        raise PayloadError("event_id")
    data = call.get("data", [])
    if not isinstance(data, list) or len(data) > _VALUES or not all(map(_is_plain, data)):
        raise PayloadError("data")
    if not _is_event(call.get("event_data")):
        raise PayloadError("event_data")
    return Call(session)


def is_session(text: str) -> bool:
    """Whether the text can be the name of a session."""
    return _SESSION.fullmatch(text) is not None


def _is_index(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _TEXT and _SURROGATE.search(value) is None
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return -(2**53) <= value <= 2**53
    return value is None


def _is_event(value: Any) -> bool:
    if isinstance(value, dict):
        return set(value) <= _EVENT_KEYS and all(map(_is_plain, value.values()))
    return _is_plain(value)


def _refuse(constant: str) -> NoReturn:
    raise PayloadError(constant)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of a repeated key could see two different calls."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise PayloadError("a repeated key")
    return found
