"""Does one recording of a batch: from its input to its folder in the output."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from streamer.errors import MerError, OutputError
from streamer.jobs import stores
from streamer.jobs.digest import input_digest, sample_path
from streamer.jobs.finish import can_add, facts_of_run, finish
from streamer.jobs.job import Job, Outcome, Progress
from streamer.jobs.output import (
    PARTIAL,
    RUN,
    FolderOutput,
    Output,
    locked,
    open_output_of,
    parse_run,
)
from streamer.jobs.record import Result, outcome_of, outputs_in, run_record, write_run
from streamer.jobs.walk import Pipelines, walk
from streamer.records import JsonObject
from streamer.runner import never
from streamer.sources.naming import url_scheme
from streamer.urls import remember

_LOG = logging.getLogger(__name__)


def nobody(progress: Progress) -> None:
    """For whom progress is of no interest."""


def do_recording(
    job: Job,
    pipelines: Pipelines,
    *,
    tell: Callable[[Progress], None] = nobody,
    stop: Callable[[], bool] = never,
) -> Outcome:
    """Run one recording and publish its folder; what goes wrong with it is in the outcome.

    With `job.resume`, what is done is kept and what was begun is gone on with. Raises the errors
    that every other recording would meet as well: ModelError, InstallError, OutputError.
    """
    started = time.monotonic()
    remember(job.source, job.shown)
    output = open_output_of(job.output)
    work = _work_folder(job, output)
    with locked(work.with_name(work.name + ".lock")), _local_input(job, work) as found:
        if isinstance(found, MerError):
            result = Result("failed", error=found)
        else:
            key = _key(job, found[1])
            kept = output.run_of(job.folder)
            if kept is not None and _may_keep(job, kept) and _stands(job, kept, key, output, work):
                return replace(outcome_of(kept, job.folder), status="kept")
            result = _run(job, found, key, work, pipelines, tell, stop)
        if result.status == "interrupted":
            return Outcome(job.shown, job.folder, "interrupted")
        local = "" if isinstance(found, MerError) else str(found[0])
        return _publish(job, output, work, result, local, time.monotonic() - started)


def _run(
    job: Job,
    found: tuple[Path, str],
    key: str,
    work: Path,
    pipelines: Pipelines,
    tell: Callable[[Progress], None],
    stop: Callable[[], bool],
) -> Result:
    if (job.resume or job.batch) and _is_finished(work, key):
        return Result("done", finished=True)
    try:
        return walk(job, found[0], found[1], key, work, pipelines, tell, stop)
    except OutputError:
        raise
    except MerError as error:
        if pipelines.is_fatal(error):
            raise
        return Result("failed", error=error, sha256=found[1], key=key)


def _publish(
    job: Job, output: Output, work: Path, result: Result, local: str, wall_s: float
) -> Outcome:
    if result.status == "failed":
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
    if not result.finished:
        write_run(work / RUN, run_record(job, result, local, work, wall_s))
    with contextlib.suppress(FileNotFoundError):
        (work / "checkpoint").unlink()
    record = _read_run(work)
    output.publish(work, job.folder)
    return replace(outcome_of(record, job.folder), wall_s=wall_s)


def _read_run(work: Path) -> JsonObject:
    record = parse_run((work / RUN).read_bytes())
    if record is None:
        raise OutputError(f"{work / RUN} was changed while it was written; run again.")
    return record


def _key(job: Job, sha256: str) -> str:
    """The same for the same input under the same name with the same settings."""
    text = f"{job.settings.digest()}\n{sha256}\n{job.shown}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _may_keep(job: Job, run: JsonObject) -> bool:
    return job.resume or (job.batch != "" and run.get("timing", {}).get("batch") == job.batch)


def _is_kept(job: Job, run: JsonObject, key: str) -> bool:
    """Whether a finished recording stands; why it does not is logged."""
    if run.get("status") != "done":
        return False
    if run.get("key") != key:
        _LOG.warning("%s: input or settings have changed; done again.", job.shown)
        return False
    return True


def _stands(job: Job, run: JsonObject, key: str, output: Output, work: Path) -> bool:
    """Whether a finished recording is what is wanted, if need be after adding formats to it."""
    if not _is_kept(job, run, key):
        return False
    if set(job.settings.formats) <= set(run.get("formats", ())):
        return True
    return _add_formats(job, run, output, work)


def _add_formats(job: Job, run: JsonObject, output: Output, work: Path) -> bool:
    """Make more formats from the logs of a finished recording; False where it has to run again."""
    formats = {*job.settings.formats, *run["formats"]}
    if not isinstance(output, FolderOutput):
        return False
    done = output.root / job.folder
    if not can_add(run, done, formats):
        _LOG.warning("%s: its signals were not kept, and the report needs them.", job.shown)
        return False
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(done, work)
    settings = replace(job.settings, formats=tuple(sorted(formats)))
    finish(work, replace(job, settings=settings), facts_of_run(run))
    write_run(work / RUN, run | {"formats": sorted(formats), "outputs": outputs_in(work)})
    output.publish(work, job.folder)
    return True


def _is_finished(work: Path, key: str) -> bool:
    """Whether all was done but for the publishing."""
    with contextlib.suppress(OSError):
        run = parse_run((work / RUN).read_bytes())
        return run is not None and run.get("key") == key and run.get("status") == "done"
    return False


def _work_folder(job: Job, output: Output) -> Path:
    if job.scratch is not None or not isinstance(output, FolderOutput):
        place = hashlib.sha256(f"{job.output}\n{job.folder}".encode()).hexdigest()[:16]
        root = Path(job.scratch) if job.scratch else Path(tempfile.gettempdir()) / "mer-batch"
        return root / place
    return output.root / PARTIAL / job.folder


@contextlib.contextmanager
def _local_input(job: Job, work: Path) -> Iterator[tuple[Path, str] | MerError]:
    """(local path, sha256) of the input, or why it cannot be had."""
    fetched: Path | None = None
    try:
        if url_scheme(job.source):
            fetched = work.with_name(work.name + ".input")
            path = stores.fetch(job.source, fetched)
        else:
            path = Path(job.source).expanduser()
            if job.source == "sample" and not path.exists():
                path = sample_path()
        found: tuple[Path, str] | MerError = (path, input_digest(path))
    except MerError as error:
        found = error
    try:
        yield found
    finally:
        if fetched is not None:
            shutil.rmtree(fetched, ignore_errors=True)
