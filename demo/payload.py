"""What a call of the page may carry: plain values, and nothing that names a file.

Gradio takes any mapping with a path in it for a file and copies it before a function of ours is
asked. No part of this page sends files that way, so whatever is not a plain value is refused.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

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
