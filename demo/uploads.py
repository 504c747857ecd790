"""Takes recordings that a browser sends, and gives each to the visitor who sent it.

The body of the request is the file itself. It is written under a name of ours, known by a random
id, and only the browser that sent it can claim it: no path ever comes from outside.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import stat
import threading
import time
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from demo.limits import Limits
from demo.places import Place, Places
from demo.visitors import Visitor
from streamer.core.errors import SourceRefusedError, UsageError

Read = Callable[[], Awaitable[bytes]]
_NAME_BYTES = 150
_CHUNK_BYTES = 2**20
_SPARE_BYTES = 2**30  # of the disk, always left free
BUSY = "One recording at a time: wait for the one that is being analysed, or stop it."
LOST = "No recording has arrived. Choose it again."
CROWDED = "Too many recordings are arriving at the moment. Please try again in a minute."
STALLED = "The recording stopped arriving. Check the connection and choose it again."


@dataclass(frozen=True, slots=True)
class Arrived:
    """A recording that nobody has claimed so far."""

    path: Path
    name: str
    owner: str
    arrived_s: float


class Uploads:
    """The folder where recordings arrive; nothing stays in it for long. Thread-safe."""

    def __init__(
        self, folder: Path, limits: Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._arrived: dict[str, Arrived] = {}
        self._places = Places(limits.uploads, limits.uploads_per_address, limits.silent_s)

    async def receive(self, owner: str, address: str, name: str, size: int, read: Read) -> str:
        """Write a recording of `size` bytes; returns its id.

        read: the next part of it, empty at the end or where the browser has left.

        Raises UsageError or SourceRefusedError: no place, no room, too slow, or cut off.
        """
        if shutil.disk_usage(self._folder).free < size + _SPARE_BYTES:
            raise SourceRefusedError(
                "There is no room for this recording on this machine at the moment."
            )
        place = await self._places.wait(address, self._limits.wait_s)
        if place is None:
            raise UsageError(CROWDED)
        upload = secrets.token_urlsafe(24)
        path = self._folder / upload
        complete = False
        try:
            await self._write(path, size, read, place)
            complete = True
        finally:
            self._places.give_back(place)
            if not complete:
                path.unlink(missing_ok=True)
        self._add(upload, Arrived(path, safe_name(name), owner, self._clock()))
        return upload

    async def _write(self, path: Path, size: int, read: Read, place: Place) -> None:
        received, held = 0, bytearray()
        until_s = self._clock() + 60.0 * self._limits.upload_minutes
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            try:
                while True:
                    chunk = await asyncio.wait_for(read(), self._limits.silent_s)
                    if not chunk:
                        break
                    self._places.sign(place)
                    received += len(chunk)
                    if received > size or place.lost or self._clock() > until_s:
                        raise UsageError(STALLED)
                    held += chunk
                    if len(held) >= _CHUNK_BYTES:
                        await asyncio.to_thread(file.write, held)
                        held = bytearray()
            except asyncio.TimeoutError:
                raise UsageError(STALLED) from None
            await asyncio.to_thread(file.write, held)
        if received != size:
            raise UsageError(LOST)

    def _add(self, upload: str, arrived: Arrived) -> None:
        """Remember it; what the same browser sent before and did not claim is deleted."""
        with self._lock:
            replaced = [u for u, a in self._arrived.items() if a.owner == arrived.owner]
            self._arrived[upload] = arrived
        for old in replaced:
            self._forget(old)

    def take(self, visitor: Visitor, upload: object) -> str:
        """Make it the visitor's pending recording, in place of the one before; returns its name.

        upload: the id that `receive` gave, as the browser sends it back. Raises UsageError.
        """
        with self._lock:
            arrived = self._arrived.get(upload) if isinstance(upload, str) else None
            if arrived is None or not visitor.owner or arrived.owner != visitor.owner:
                raise UsageError(LOST)
            del self._arrived[str(upload)]
        try:
            if visitor.busy.locked():
                raise UsageError(BUSY)
            if not stat.S_ISREG(arrived.path.lstat().st_mode):
                raise UsageError(LOST)
            folder = visitor.folder / visitor.new_name("upload")
            folder.mkdir()
            target = folder / arrived.name
            arrived.path.replace(target)
        except OSError:
            raise UsageError(LOST) from None
        finally:
            arrived.path.unlink(missing_ok=True)
        if visitor.pending is not None:
            shutil.rmtree(visitor.pending[0].parent, ignore_errors=True)
        visitor.pending = (target, arrived.name)
        return arrived.name

    def forget_the_unclaimed(self) -> None:
        """Delete what arrived some time ago and nobody has claimed."""
        oldest_s = self._clock() - self._limits.unclaimed_s
        with self._lock:
            old = [u for u, a in self._arrived.items() if a.arrived_s < oldest_s]
        for upload in old:
            self._forget(upload)

    def _forget(self, upload: str) -> None:
        with self._lock:
            arrived = self._arrived.pop(upload, None)
        if arrived is not None:
            arrived.path.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """The last part of a name, as a printable file name of bearable length."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    last = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    stem, dot, suffix = last.rpartition(".")
    room = _NAME_BYTES - len(suffix.encode()) - 1
    short = stem.encode()[: max(room, 1)].decode("utf-8", "ignore") + dot + suffix
    short = short if len(short.encode()) <= _NAME_BYTES else short[:40]
    if not short.strip(". "):
        return "recording"
    return short if dot else f"recording {short}"  # `sample` and `webcam` mean other sources
