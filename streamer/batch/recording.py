"""Does one recording of a batch: from its input to its folder in the output."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from streamer.batch.checkpoints import FILE_NAME as CHECKPOINT
from streamer.batch.job import Job, Progress
from streamer.batch.names import without_name
from streamer.batch.output import (
    RUN,
    FolderOutput,
    Output,
    locked,
    open_output_of,
)
from streamer.batch.pipelines import Pipelines
from streamer.batch.process_recording import LocalRecording, process_recording
from streamer.batch.render import can_add, render_outputs
from streamer.batch.run_record import (
    Result,
    outputs_in,
    parse_run,
    record_of,
    run_json,
    write_run,
)
from streamer.batch.work_folder import local_input, work_folder
from streamer.core.errors import (
    MemoryLimitError,
    MerError,
    OutputError,
    SourceFormatError,
    SourceNotFoundError,
    UnexpectedError,
)
from streamer.core.files.inside import (
    empty_folder,
    has_links,
    is_plain_file,
    read_inside,
    remove_folder,
)
from streamer.core.files.paths import expand_home
from streamer.core.files.strict_json import MAX_BYTES
from streamer.core.files.writing import writing
from streamer.core.process.memory import is_memory_error, memory_limit_mb
from streamer.core.records import JsonObject
from streamer.core.url_text import remember
from streamer.outputs.summary import RunRecord
from streamer.run.recording import never

_LOG = logging.getLogger(__name__)


def ignore_progress(progress: Progress) -> None:
    """Where nobody wants to know how far it is."""


def do_recording(
    job: Job,
    pipelines: Pipelines,
    *,
    report: Callable[[Progress], None] = ignore_progress,
    stop: Callable[[], bool] = never,
) -> RunRecord:
    """Run one recording and publish its folder; what goes wrong with it is in the outcome.

    With `job.resume`, what is done is kept and what was begun is resumed. Raises the errors
    that every other recording would meet as well: ModelError, InstallError, OutputError.
    """
    started = time.monotonic()
    remember(job.source, job.display_name)
    output = open_output_of(job.output)
    work = work_folder(job, output)
    models = job.models or pipelines.models(job.settings.config)
    with locked(work.with_name(work.name + ".lock")), local_input(job, work) as found:
        if isinstance(found, MerError):
            result = Result("failed", error=found, models=models)
        else:
            key = _key(job, found[1], models)
            kept = output.run_of(job.folder)
            if kept is not None and _may_keep(job, kept) and _stands(job, kept, key, output, work):
                return replace(record_of(kept, job.folder), status="kept")
            recording = LocalRecording(job, found[0], found[1], key, models, work)
            result = _run(recording, pipelines, report, stop)
        if result.status == "interrupted":
            return RunRecord(job.display_name, job.folder, "interrupted")
        local = "" if isinstance(found, MerError) else str(found[0])
        return _publish(job, output, work, result, local, time.monotonic() - started)


def _run(
    recording: LocalRecording,
    pipelines: Pipelines,
    report: Callable[[Progress], None],
    stop: Callable[[], bool],
) -> Result:
    job, work = recording.job, recording.work
    if job.goes_on and _is_finished(work, recording.key):
        return Result("done", finished=True)
    begun = job.goes_on and (work / CHECKPOINT).exists()
    failed = functools.partial(
        Result, "failed", sha256=recording.sha256, key=recording.key, models=recording.models
    )
    try:
        return process_recording(recording, pipelines, report, stop)
    except (OutputError, BrokenPipeError):
        raise
    except MerError as error:
        if pipelines.is_fatal(error):
            raise
        return failed(error=error)
    except Exception as error:  # noqa: BLE001  the rest of the batch must not end with it
        pipelines.is_spoilt = True
        pipelines.close()
        sentence = str(unexpected(job, error))
        if begun:
            _LOG.warning("%s Perhaps its checkpoint is to blame; starting over.", sentence)
            empty_folder(work)
            return _run(recording, pipelines, report, stop)
        _LOG.debug("%s", sentence, exc_info=error)
        return failed(error=unexpected(job, error))


def unexpected(job: Job, error: Exception) -> MerError:
    """A sentence for an error that is none of this program's own, with the display name."""
    if is_memory_error(error):
        return too_large(job.display_name, memory_limit_mb())
    text = without_name(str(error), job.source, str(expand_home(job.source)), job.display_name)
    text = " ".join(text.split())[:300] or "no text"
    return UnexpectedError(
        f"{job.display_name}: an error that should not happen, {type(error).__name__}: {text}. "
        "The other recordings are not affected. Please report it, with --verbose."
    )


def too_large(display_name: str, limit_mb: int | None) -> MemoryLimitError:
    """For a recording whose worker ran out of memory."""
    limit = "this machine has" if limit_mb is None else f"the limit of {limit_mb} MB a worker"
    return MemoryLimitError(
        f"{display_name}: it needs more memory than {limit}. Give a higher --worker-memory "
        "with fewer --workers, or make its pictures smaller."
    )


def _publish(
    job: Job, output: Output, work: Path, result: Result, local: str, wall_s: float
) -> RunRecord:
    if result.status == "failed":
        empty_folder(work)
    if not result.finished:
        write_run(work / RUN, run_json(job, result, local, work, wall_s))
    with contextlib.suppress(FileNotFoundError):
        (work / CHECKPOINT).unlink()
    run = _read_run(work)
    output.publish(work, job.folder)
    return replace(record_of(run, job.folder), wall_s=wall_s)


def _read_run(work: Path) -> JsonObject:
    record = parse_run((work / RUN).read_bytes())
    if record is None:
        raise OutputError(f"{work / RUN} was changed while it was written; run again.")
    return record


def _key(job: Job, sha256: str, models: JsonObject) -> str:
    """The same for the same input under the same name with the same settings and models."""
    text = f"{job.settings.digest(models)}\n{sha256}\n{job.display_name}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _may_keep(job: Job, run: JsonObject) -> bool:
    return job.resume or (job.batch != "" and run.get("timing", {}).get("batch") == job.batch)


def _is_kept(job: Job, run: JsonObject, key: str, output: Output) -> bool:
    """Whether a finished recording stands; why it does not is logged."""
    if run["status"] != "done":
        return False
    if run["key"] != key:
        _LOG.warning("%s: input or settings have changed; done again.", job.display_name)
        return False
    if isinstance(output, FolderOutput):
        missing = output.missing(job.folder, run)
        if missing:
            _LOG.warning("%s: %s is not there any more; done again.", job.display_name, missing[0])
            return False
    return True


def _stands(job: Job, run: JsonObject, key: str, output: Output, work: Path) -> bool:
    """Whether a finished recording is what is wanted, if need be after adding formats to it."""
    if not _is_kept(job, run, key, output):
        return False
    if set(job.settings.formats) <= set(run["formats"]):
        return True
    return _add_formats(job, run, output, work)


def _add_formats(job: Job, run: JsonObject, output: Output, work: Path) -> bool:
    """Make more formats from the logs of a finished recording; False where it has to run again."""
    formats = {*job.settings.formats, *run["formats"]}
    if not isinstance(output, FolderOutput):
        return False
    done = output.root / job.folder
    if has_links(done):
        _LOG.warning("%s: there are links among its results; done again.", job.display_name)
        return False
    if not can_add(done, formats):
        _LOG.warning("%s: its signals were not kept, and the report needs them.", job.display_name)
        return False
    remove_folder(work.parent, work.name)
    with writing(work):
        shutil.copytree(done, work, symlinks=True)
    settings = replace(job.settings, formats=tuple(sorted(formats)))
    try:
        render_outputs(work, replace(job, settings=settings), record_of(run))
    except (SourceFormatError, SourceNotFoundError) as error:
        _LOG.warning("%s: %s Done again.", job.display_name, error)
        return False
    write_run(work / RUN, run | {"formats": sorted(formats), "outputs": outputs_in(work)})
    output.publish(work, job.folder)
    return True


def _is_finished(work: Path, key: str) -> bool:
    """Whether all was done but for the publishing."""
    if has_links(work) or not (work / RUN).is_file():
        return False
    with contextlib.suppress(OSError, ValueError):
        run = parse_run(read_inside(work, RUN, MAX_BYTES), str(work / RUN))
        return (
            run is not None
            and run["key"] == key
            and run["status"] == "done"
            and all(is_plain_file(work, name) for name in run["outputs"])
        )
    return False
