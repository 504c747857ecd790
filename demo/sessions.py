"""Ties each page session to the browser that opened it, by a signed cookie.

The session name of a Gradio page is no secret: it stands in addresses and logs. Only the browser
that used it first, known by a cookie that scripts cannot read, may use it again.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator

_REMEMBERED = 16_384  # sessions of the recent past
_NAME = "mer-visitor"


class Sessions:
    """Who owns which session, and which pages are open. Thread-safe."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)  # cookies end with the server
        self._lock = threading.Lock()
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._open: Counter[str] = Counter()

    def issue(self) -> str:
        """The value of a new cookie."""
        owner = secrets.token_urlsafe(24)
        return f"{owner}.{self._signature(owner)}"

    def owner_of(self, cookies: str, host: str) -> str | None:
        """The owner named by a `Cookie` header, None where it holds no cookie of ours."""
        wanted = cookie_name(host)
        for part in cookies.split(";"):
            name, _, value = part.strip().partition("=")
            owner, _, signature = value.partition(".")
            if name != wanted or not (owner.isascii() and signature.isascii()):
                continue
            if hmac.compare_digest(signature, self._signature(owner)):
                return owner
        return None

    def claim(self, session: str, owner: str) -> bool:
        """Whether the session belongs to this owner; a session nobody has used becomes theirs."""
        with self._lock:
            known = self._owners.setdefault(session, owner)
            self._owners.move_to_end(session)
            while len(self._owners) > _REMEMBERED:
                self._owners.popitem(last=False)
        return hmac.compare_digest(known, owner)

    def owner(self, session: str) -> str:
        """Who owns a session; empty where nobody does."""
        with self._lock:
            return self._owners.get(session, "")

    @contextlib.contextmanager
    def page_open(self, session: str) -> Iterator[None]:
        """While the page of the session holds its heartbeat."""
        with self._lock:
            self._open[session] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[session] -= 1
                if self._open[session] <= 0:
                    del self._open[session]

    def is_open(self, session: str) -> bool:
        """Whether the page of the session is open in a browser."""
        with self._lock:
            return self._open[session] > 0 if session in self._open else False

    def _signature(self, owner: str) -> str:
        return hmac.new(self._key, owner.encode(), "sha256").hexdigest()


def cookie_name(host: str) -> str:
    """Browsers keep one set of cookies for all ports of a host: the name holds the port."""
    port = host.rsplit(":", 1)[-1]
    return f"{_NAME}-{port}" if port.isdigit() else _NAME


def set_cookie(value: str, host: str, *, secure: bool) -> bytes:
    """The value of a `Set-Cookie` header."""
    text = f"{cookie_name(host)}={value}; Path=/; HttpOnly; SameSite=Lax"
    return (text + "; Secure" if secure else text).encode("latin-1")
