"""The optional password of the page."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from streamer.core.errors import UsageError

VARIABLE = "MER_DEMO_PASSWORD"
_SHORTEST = 8  # characters
_FAILURES, _WITHIN_S = 10, 60.0  # wrong passwords from one address before it has to wait
_ADDRESSES = 4096


@dataclass
class Account:
    """One user name with a password; wrong tries are slowed down by address."""

    user: str
    password: str = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    _failed: dict[str, deque[float]] = field(default_factory=dict)

    def admits(self, authorization: str, address: str) -> bool:
        """Whether a header of HTTP Basic authentication holds the user and the password."""
        if self.must_wait(address):
            return False
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            given = b""
        wanted = f"{self.user}:{self.password}".encode()
        if scheme.lower() == "basic" and hmac.compare_digest(given, wanted):
            self._failed.pop(address, None)
            return True
        if authorization:
            self._note_failure(address)
        return False

    def must_wait(self, address: str) -> bool:
        """Whether too many wrong passwords came from this address within the last minute."""
        failed = self._failed.get(address, ())
        return sum(self.clock() - at_s < _WITHIN_S for at_s in failed) >= _FAILURES

    def _note_failure(self, address: str) -> None:
        if len(self._failed) >= _ADDRESSES:
            self._failed.pop(next(iter(self._failed)))
        self._failed.setdefault(address, deque(maxlen=_FAILURES)).append(self.clock())


def read_account(user: str, password_file: Path | None) -> Account:
    """The account from the environment or a file.

    Raises UsageError; the password is in no message.
    """
    if not user or ":" in user or not user.isprintable():
        raise UsageError("--auth: a user name is needed, without a colon.")
    if password_file is not None:
        try:
            password = password_file.expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, RuntimeError, UnicodeDecodeError):
            raise UsageError(
                f"{password_file}: the password cannot be read. Write it into a text file that "
                "only you can read."
            ) from None
    else:
        password = os.environ.get(VARIABLE, "")
    if len(password) < _SHORTEST:
        raise UsageError(
            f"--auth {user}: the password is missing or shorter than {_SHORTEST} characters. Set "
            f"the environment variable {VARIABLE}, or name a file with --password-file."
        )
    return Account(user, password)
