"""Where a batch's folders go: a local or shared folder, or an object store.

A recording is worked on apart and appears in the output as a whole: by the renaming of its folder,
or, in a store, by its `run.json`, which is written last.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from streamer.batch import stores
from streamer.batch.run_record import parse_run
from streamer.core.errors import OutputError
from streamer.core.files.atomic import replacing, sync_folder
from streamer.core.files.inside import (
    is_plain_file,
    is_safe_name,
    read_inside,
    refuse_link,
    remove_folder,
)
from streamer.core.files.locks import HAS_LOCKS, try_lock
from streamer.core.files.paths import expand_home
from streamer.core.files.strict_json import MAX_BYTES
from streamer.core.files.writing import writing
from streamer.core.records import JsonObject
from streamer.core.url_text import remember
from streamer.sources.naming import url_scheme

_LOG = logging.getLogger(__name__)
RUN = "run.json"
PARTIAL = ".partial"


class Output(Protocol):
    """What is written of a batch, by folder."""

    def run_of(self, folder: str) -> JsonObject | None:
        """The `run.json` of a finished recording, or None."""
        ...

    def publish(self, work: Path, folder: str) -> bool:
        """Put a finished folder in its place; False where the same was there already."""
        ...

    def read(self, name: str) -> bytes | None:
        """A file of the whole batch."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Replace a file of the whole batch."""
        ...


def open_output_of(place: str) -> Output:
    """The output that a folder name or a URL means."""
    return StoreOutput(place) if url_scheme(place) else FolderOutput(Path(place))


class FolderOutput:
    """A folder on a disk, of this machine or shared.

    Only what `run.json` marks as a result is ever replaced, and nothing through a link.
    """

    def __init__(self, root: Path) -> None:
        self.root = expand_home(root)

    def run_of(self, folder: str) -> JsonObject | None:
        name = f"{folder}/{RUN}"
        return parse_run(self.read(name), str(self.root / name))

    def publish(self, work: Path, folder: str) -> bool:
        if not is_safe_name(folder):
            raise OutputError(f"{folder!r} is no folder inside {self.root}; nothing was written.")
        target = self.root / folder
        with writing(target):
            moved = self._bring_near(work, folder)
            run, old = parse_run((moved / RUN).read_bytes()), self.run_of(folder)
            same = old is not None and run is not None and same_result(old, run)
            if same and old is not None and not self.missing(folder, old):
                remove_folder(moved.parent, moved.name)
                return False
            fresh = self._put_in_place(moved, target)
            sync_folder(self.root)
        return fresh

    def read(self, name: str) -> bytes | None:
        path = self.root / name
        try:
            return read_inside(self.root, name, MAX_BYTES)
        except ValueError as error:
            _LOG.warning("%s is not used: %s.", path, error)
            return None
        except OSError as error:
            raise OutputError(
                f"{path} is there and cannot be read: {error.strerror}. Check its permissions, or "
                "choose another --output."
            ) from None

    def write(self, name: str, data: bytes) -> None:
        with replacing(self.root / name) as temporary, writing(self.root / name):
            temporary.write_bytes(data)

    def is_foreign(self, folder: str, name: str) -> bool:
        """Whether something else than the result of the recording `name` has that place."""
        if not os.path.lexists(self.root / folder):
            return False
        if not is_plain_file(self.root, f"{folder}/{RUN}"):
            return True
        run = self.run_of(folder)  # a damaged record is of a result that is done again
        return run is not None and run["name"] != name

    def missing(self, folder: str, run: JsonObject) -> list[str]:
        """The outputs of a result that are not there any more."""
        return [n for n in run["outputs"] if not is_plain_file(self.root, f"{folder}/{n}")]

    def remove_partial(self) -> None:
        """Delete all unfinished work. Raises OutputError for a link in its place."""
        remove_folder(self.root, PARTIAL)

    def _bring_near(self, work: Path, folder: str) -> Path:
        """The finished folder on the same file system as the output."""
        partial = self.root / PARTIAL
        refuse_link(partial)
        if work.parent == partial:
            return work
        partial.mkdir(parents=True, exist_ok=True)
        near = partial / f"{folder}-{uuid.uuid4().hex[:8]}"
        try:
            work.rename(near)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.copytree(work, near, symlinks=True)
            remove_folder(work.parent, work.name)
        return near

    def _put_in_place(self, moved: Path, target: Path) -> bool:
        """Rename to `target`; what was there is deleted after that, or comes back on an error."""
        aside = self._put_aside(target)
        fresh = True
        try:
            moved.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                if aside is not None:
                    _put_back(aside, target)
                raise
            remove_folder(moved.parent, moved.name)  # another run of it was quicker
            fresh = False
        if aside is not None:
            remove_folder(aside.parent, aside.name)
        return fresh

    def _put_aside(self, target: Path) -> Path | None:
        """Free the place of an older result. Raises OutputError where something else is there."""
        if not os.path.lexists(target):
            return None
        refuse_link(target)
        if not is_plain_file(self.root, f"{target.name}/{RUN}"):
            raise OutputError(
                f"{target} is there and is no result of mer-batch (it has no {RUN}): move it "
                "away, or choose another --output."
            )
        aside = self.root / PARTIAL / f"{target.name[:200]}-old-{uuid.uuid4().hex[:8]}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        target.rename(aside)
        return aside


def _put_back(aside: Path, target: Path) -> None:
    try:
        aside.rename(target)
    except OSError as error:
        raise OutputError(
            f"{target} cannot be replaced ({error.strerror}); the result that was there lies in "
            f"{aside}. Move it back."
        ) from error


class StoreOutput:
    """A URL that fsspec knows."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        remember(self._url, is_folder=True)

    def run_of(self, folder: str) -> JsonObject | None:
        return parse_run(self.read(f"{folder}/{RUN}"))

    def publish(self, work: Path, folder: str) -> bool:
        if not is_safe_name(folder):
            raise OutputError(f"{folder!r} is no folder inside the output; nothing was written.")
        old, run = self.run_of(folder), parse_run((work / RUN).read_bytes())
        fresh = old is None or run is None or not same_result(old, run)
        if fresh:
            stores.upload(work, f"{self._url}/{folder}")
        remove_folder(work.parent, work.name)
        return fresh

    def read(self, name: str) -> bytes | None:
        return stores.read_bytes(f"{self._url}/{name}")

    def write(self, name: str, data: bytes) -> None:
        stores.write_bytes(f"{self._url}/{name}", data)


def same_result(old: JsonObject, new: JsonObject) -> bool:
    """Whether two runs are of the same input with the same settings and ended alike."""
    return all(old.get(name) == new.get(name) for name in ("key", "status", "outputs"))


@contextlib.contextmanager
def locked(path: Path, wait_s: float = 10.0) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends. Raises OutputError if it is held."""
    if not HAS_LOCKS:
        yield
        return
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        until_s = time.monotonic() + wait_s
        with writing(path):
            while not try_lock(number):
                if time.monotonic() > until_s:
                    raise OutputError(
                        f"{path.stem}: another run is at work on this recording and output. Wait "
                        "for it to end, or choose another --output."
                    )
                time.sleep(0.2)
        yield
    finally:
        os.close(number)
