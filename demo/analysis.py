"""Analyses a visitor's recording in a process of its own.

The process protects the page: a file that crashes a decoder, eats memory or never ends takes only
itself away, and all its memory is given back at the end. It does what `mer-batch` does with one
recording, so the files are those of the command line.
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import shutil
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from demo.limits import Limits, refuse_too_large
from demo.settings_view import Choices
from demo.visitors import GONE, Visitor
from streamer.batch.job import Job, Progress
from streamer.batch.output import PARTIAL
from streamer.batch.pipelines import Pipelines
from streamer.batch.recording import do_recording
from streamer.batch.settings import ALL_FORMATS, BatchSettings
from streamer.core.errors import InstallError, MemoryLimitError, MerError, UsageError
from streamer.core.process.libraries import use_one_thread
from streamer.core.process.memory import limit_memory
from streamer.core.process.stopping import StopFlag
from streamer.outputs.summary import RunRecord

_LOG = logging.getLogger(__name__)
_POLL_S = 0.2
_JOIN_S = 5.0
_OPEN_S = 60.0  # for the process to start, load its models and open the recording
_FORMATS = tuple(name for name in ALL_FORMATS if name not in ("json", "tsv"))  # not offered
_ERROR = "error"
_OPENED = "opened"
CRASHED = (
    "This recording could not be analysed: the program that reads it stopped. It may be damaged, "
    "or need more memory than is allowed here. Convert it to MP4 (H.264) and try again."
)


class AnalysisError(MerError):
    """Why a recording was not analysed, as a sentence for the visitor."""

    exit_code = 4


def analyse(
    visitor: Visitor, source: Path | None, display_name: str, choices: Choices, limits: Limits
) -> Iterator[Progress | RunRecord]:
    """Progress while it runs, and its outcome at the end; the files are in `visitor.folder`.

    Args:
        source: the recording; None: the bundled sample. display_name: its name in the files.

    Raises:
        AnalysisError: the recording was refused, or took too long. UsageError: settings that
        cannot be used, or the visitor has left.
    """
    job = _job(visitor, source, display_name, choices)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, job, limits), daemon=True)
    process.start()
    theirs.close()
    take_back = visitor.on_leaving(process.kill)
    finished = False
    try:
        yield from _follow(visitor, ours, time.monotonic() + 60.0 * limits.work_minutes)
        if visitor.gone:
            raise UsageError(GONE)
        visitor.keep(job.folder, limits.results)
        finished = True
    finally:
        take_back()
        if not finished:
            process.kill()
        process.join(_JOIN_S)
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()
        _tidy(visitor.folder, job.folder, finished)
        visitor.sweep()


def _tidy(folder: Path, name: str, finished: bool) -> None:
    """Delete what is left of the work, and the result of an analysis that did not finish."""
    shutil.rmtree(folder / PARTIAL, ignore_errors=True)
    if not finished:
        shutil.rmtree(folder / name, ignore_errors=True)


def _job(visitor: Visitor, source: Path | None, display_name: str, choices: Choices) -> Job:
    settings = BatchSettings(
        choices.config(), _FORMATS, images=True, faces=True, video=True, checkpoint_s=3600.0
    )
    folder = visitor.new_name("result")
    path = "sample" if source is None else str(source)
    size = 0 if source is None else source.stat().st_size
    return Job(
        path, display_name, folder, str(visitor.folder), settings, size_bytes=size, private=True
    )


def _follow(visitor: Visitor, pipe: Connection, until_s: float) -> Iterator[Progress | RunRecord]:
    """What the process reports, to its outcome."""
    open_until_s = time.monotonic() + _OPEN_S
    while True:
        if visitor.stopped.is_set():
            raise AnalysisError("Stopped.")
        if time.monotonic() > until_s:
            raise AnalysisError(
                "This recording takes too long here. Cut it into shorter parts, or use "
                "mer-stream on your own machine."
            )
        if time.monotonic() > open_until_s:
            raise AnalysisError(CRASHED)
        if not pipe.poll(_POLL_S):
            continue
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            raise AnalysisError(CRASHED) from None
        if isinstance(message, tuple) and message[0] == _ERROR:
            raise AnalysisError(message[1])
        open_until_s = math.inf
        if message == _OPENED:
            continue
        yield message
        if isinstance(message, RunRecord):
            if message.failed:
                raise AnalysisError(_for_visitors(message.error, message.exit_code))
            return


def _for_visitors(sentence: str | None, exit_code: int) -> str:
    """Trouble of the server itself goes to its log: a visitor can neither know nor cure it.

    Too little memory may show as a library that cannot start.
    """
    if sentence and exit_code not in (MemoryLimitError.exit_code, InstallError.exit_code):
        return sentence
    _LOG.warning("%s", sentence)
    return CRASHED


def _work(pipe: Connection, job: Job, limits: Limits) -> None:
    """Entry point of the process."""
    if os.name == "posix":
        os.nice(5)  # the page itself stays quick
    limit_memory(limits.memory_mb)
    use_one_thread()
    from streamer.core.process.console import hushed

    late = StopFlag()
    pipelines = Pipelines()

    def report(progress: Progress) -> None:
        if progress.time_s > 60.0 * limits.minutes:
            late.stop()
        pipe.send(progress)

    with hushed(True):
        try:
            if job.source != "sample":
                refuse_too_large(Path(job.source), job.display_name, limits)
            pipe.send(_OPENED)
            outcome = do_recording(job, pipelines, report=report, stop=late)
        except MerError as error:
            pipe.send((_ERROR, _for_visitors(str(error), error.exit_code)))
            return
    if late():
        sentence = (
            f"{job.display_name} is longer than {limits.minutes:g} minutes, the limit of this page."
        )
        pipe.send((_ERROR, sentence))
    else:
        pipe.send(outcome)
