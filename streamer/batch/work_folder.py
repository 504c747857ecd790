"""Where a recording is worked on: the folder for unfinished work, and the input beside it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from streamer.batch import stores
from streamer.batch.inputs import input_digest, sample_path
from streamer.batch.job import Job
from streamer.batch.output import PARTIAL, FolderOutput, Output
from streamer.core.errors import MerError, OutputError
from streamer.core.files.inside import refuse_link, remove_folder
from streamer.core.files.paths import expand_home
from streamer.core.files.writing import writing
from streamer.sources.naming import url_scheme


def work_folder(job: Job, output: Output) -> Path:
    if job.scratch is None and isinstance(output, FolderOutput):
        refuse_link(output.root / PARTIAL)
        return output.root / PARTIAL / job.folder
    place = hashlib.sha256(f"{job.output}\n{job.folder}".encode("utf-8", "surrogateescape"))
    root = expand_home(job.scratch) if job.scratch else default_scratch()
    return root / place.hexdigest()[:16]


def default_scratch() -> Path:
    """A folder for unfinished work in the system's own for such; nobody else can write there.

    Raises OutputError where somebody else has made it.
    """
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"mer-batch-{owner}"
    with writing(folder):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        refuse_link(folder)
        found = folder.stat()
    if hasattr(os, "getuid") and (found.st_uid != owner or found.st_mode & 0o022):
        raise OutputError(
            f"{folder} is not this user's alone: remove it, or name another with --scratch."
        )
    return folder


@contextlib.contextmanager
def local_input(job: Job, work: Path) -> Iterator[tuple[Path, str] | MerError]:
    """(local path, sha256) of the input, or why it is not available."""
    fetched: Path | None = None
    try:
        if url_scheme(job.source):
            fetched = work.with_name(work.name + ".input")
            remove_folder(fetched.parent, fetched.name)  # of a run that was killed
            path = stores.fetch(job.source, fetched)
        else:
            path = expand_home(job.source)
            if job.source == "sample" and not path.exists():
                path = sample_path()
        found: tuple[Path, str] | MerError = (path, input_digest(path))
    except MerError as error:
        found = error
    try:
        yield found
    finally:
        if fetched is not None:
            remove_folder(fetched.parent, fetched.name)
