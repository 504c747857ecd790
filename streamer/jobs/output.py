"""Where a batch's folders go: a local or shared folder, or an object store.

A recording is worked on apart and appears in the output as a whole: by the renaming of its folder,
or, in a store, by its `run.json`, which is written last.
"""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from streamer.errors import OutputError
from streamer.jobs import stores
from streamer.outputs.files import replacing, sync_folder, writing
from streamer.records import JsonObject
from streamer.sources.naming import url_scheme
from streamer.urls import remember

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
    """A folder on a disk, of this machine or shared."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser()

    def run_of(self, folder: str) -> JsonObject | None:
        return parse_run(self.read(f"{folder}/{RUN}"))

    def publish(self, work: Path, folder: str) -> bool:
        target = self.root / folder
        with writing(target):
            moved = self._bring_near(work, folder)
            with self._put_aside(target, parse_run((moved / RUN).read_bytes())) as free:
                if not free:
                    shutil.rmtree(moved)
                    return False
                try:
                    moved.rename(target)
                except OSError as error:
                    if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
                    shutil.rmtree(moved)  # another run of the same recording was quicker
                    return False
            sync_folder(self.root)
        return True

    def read(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        with replacing(self.root / name) as temporary, writing(self.root / name):
            temporary.write_bytes(data)

    def _bring_near(self, work: Path, folder: str) -> Path:
        """The finished folder on the same file system as the output."""
        partial = self.root / PARTIAL
        if work.parent == partial:
            return work
        partial.mkdir(parents=True, exist_ok=True)
        near = partial / f"{folder}-{uuid.uuid4().hex[:8]}"
        try:
            work.rename(near)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.copytree(work, near)
            shutil.rmtree(work)
        return near

    @contextlib.contextmanager
    def _put_aside(self, target: Path, run: JsonObject | None) -> Iterator[bool]:
        """Free the place of an older result; not free where this very result is there."""
        old = parse_run(self.read(f"{target.name}/{RUN}"))
        if old is not None and run is not None and same_result(old, run):
            yield False
            return
        aside = None
        if target.exists():
            aside = self.root / PARTIAL / f"{target.name}-old-{uuid.uuid4().hex[:8]}"
            aside.parent.mkdir(parents=True, exist_ok=True)
            target.rename(aside)
        yield True
        if aside is not None:
            shutil.rmtree(aside)


class StoreOutput:
    """A URL that fsspec knows."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        remember(self._url, is_folder=True)

    def run_of(self, folder: str) -> JsonObject | None:
        return parse_run(self.read(f"{folder}/{RUN}"))

    def publish(self, work: Path, folder: str) -> bool:
        old, run = self.run_of(folder), parse_run((work / RUN).read_bytes())
        fresh = old is None or run is None or not same_result(old, run)
        if fresh:
            stores.upload(work, f"{self._url}/{folder}")
        shutil.rmtree(work)
        return fresh

    def read(self, name: str) -> bytes | None:
        return stores.read_bytes(f"{self._url}/{name}")

    def write(self, name: str, data: bytes) -> None:
        stores.write_bytes(f"{self._url}/{name}", data)


def parse_run(data: bytes | None) -> JsonObject | None:
    """The record in a `run.json`; None where it is not whole."""
    try:
        run = json.loads(data) if data else None
    except ValueError:
        return None
    return run if isinstance(run, dict) else None


def same_result(old: JsonObject, new: JsonObject) -> bool:
    """Whether two runs are of the same input with the same settings and ended alike."""
    return all(old.get(name) == new.get(name) for name in ("key", "status", "outputs"))


@contextlib.contextmanager
def locked(path: Path, wait_s: float = 10.0) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends. Raises OutputError if it is held."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path), path.open("a") as stream:
        until_s = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until_s:
                    raise OutputError(
                        f"{path.stem}: another run is at work on this recording and output. Wait "
                        "for it to end, or choose another --output."
                    ) from None
                time.sleep(0.2)
        yield
