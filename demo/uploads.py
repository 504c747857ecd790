"""Takes an uploaded recording out of Gradio's folder and gives it to its visitor."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.visitors import Visitor
from streamer.errors import UsageError

_NAME_BYTES = 150
BUSY = "One recording at a time: wait for the one that is being analysed, or stop it."
_LOST = "No recording has arrived. Choose it again."


class Uploads:
    """The folder where uploads arrive; nothing stays in it.

    Gradio keeps an upload under the digest of its content: two visitors who send the same file at
    the same time share one. The second then gets a link to what the first has taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._lock = threading.Lock()
        self._taken: dict[Path, Path] = {}  # where it arrived -> where it went

    def take(self, visitor: Visitor, upload: Mapping[str, Any] | None) -> str:
        """Make it the visitor's pending recording, in place of the one before; returns its name.

        Args:
            upload: `path` and `orig_name`, as the browser tells them.

        Raises UsageError.
        """
        if not upload or not isinstance(upload.get("path"), str):
            raise UsageError(_LOST)
        source = Path(upload["path"]).resolve()
        if source.parent.parent != self._folder:  # not a file that was uploaded
            raise UsageError(_LOST)
        name = _safe_name(str(upload.get("orig_name") or source.name))
        try:
            if visitor.busy.locked():
                raise UsageError(BUSY)
            folder = visitor.folder / visitor.new_name("upload")
        except UsageError:
            self.discard(upload)
            raise
        folder.mkdir()
        target = folder / name
        try:
            self._move(source, target)
        except OSError:
            folder.rmdir()
            raise UsageError(_LOST) from None
        if visitor.pending is not None:
            shutil.rmtree(visitor.pending[0].parent, ignore_errors=True)
        visitor.pending = (target, name)
        return name

    def discard(self, upload: Mapping[str, Any] | None) -> None:
        """Delete an upload that nobody takes."""
        source = Path(str((upload or {}).get("path", ""))).resolve()
        if source.parent.parent == self._folder:
            source.unlink(missing_ok=True)

    def _move(self, source: Path, target: Path) -> None:
        with self._lock:
            self._taken = {a: b for a, b in self._taken.items() if b.is_file()}
            if source.is_file():
                source.replace(target)
                with contextlib.suppress(OSError):  # another upload is in it
                    source.parent.rmdir()
            else:
                os.link(self._taken.get(source, source), target)
            self._taken[source] = target


def _safe_name(name: str) -> str:
    """The last part of a name, as a file name of bearable length."""
    last = (
        name.encode("utf-8", "ignore")
        .decode()
        .replace("\\", "/")
        .rsplit("/", 1)[-1]
        .replace("\0", "")
    )
    stem, dot, suffix = last.rpartition(".")
    room = _NAME_BYTES - len(suffix.encode()) - 1
    short = stem.encode()[: max(room, 1)].decode("utf-8", "ignore") + dot + suffix
    short = short if len(short.encode()) <= _NAME_BYTES else short[:40]
    if not short.strip(". "):
        return "recording"
    return short if dot else f"recording {short}"  # `sample` and `webcam` mean other sources
