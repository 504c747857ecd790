"""Runs a batch: finds the recordings, spreads them over workers or machines, sums up."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from streamer.batch.inputs import LeftOut, find_inputs
from streamer.batch.job import Job
from streamer.batch.manifest import NAME, Manifest, known_folders, mark_lost
from streamer.batch.names import folder_names, shown_name
from streamer.batch.output import PARTIAL, FolderOutput, Output, open_output_of
from streamer.batch.progress import BatchView, format_totals
from streamer.batch.settings import ALL_FORMATS, BatchSettings, model_facts
from streamer.batch.tasks import Execution
from streamer.batch.worker import run_recordings
from streamer.core.errors import EXIT_INTERRUPTED, EXIT_TRUNCATED, OutputError, UsageError
from streamer.core.files.inside import refuse_link
from streamer.core.process.memory import default_limit_mb
from streamer.core.process.stopping import StopFlag
from streamer.core.ranges import Megabytes, Threads, Workers, check_ranges
from streamer.core.urls import display_name
from streamer.outputs.formats import FILE_NAMES, check_format
from streamer.outputs.report.index import index_page
from streamer.outputs.signals import import_pyarrow
from streamer.outputs.summary import RunRecord


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch is run; none of it changes what is found."""

    output: str
    workers: Workers | None = None  # None: one per core
    # of one recording; None: two where there are cores for them
    threads: Threads | None = None
    resume: bool = False
    overwrite: bool = False
    engine: Literal["local", "ray"] = "local"
    address: str | None = None  # of a Ray cluster
    scratch: str | None = None
    quiet: bool = False
    progress: bool | None = None  # None: if standard error is a terminal
    verbose: bool = False
    # that one worker may take; None: its share of the machine
    worker_memory_mb: Megabytes | None = None

    def __post_init__(self) -> None:
        check_ranges(self)


def run_jobs(settings: BatchSettings, options: BatchOptions, specs: Sequence[str]) -> int:
    """Run a batch to its end; returns the exit code: the first failure's, or 0.

    Raises a MerError before any work where an option, an output, a format or the model cannot be
    used, later for what every recording would meet, and at the end for results that are gone.
    """
    check_settings(settings)
    models = model_facts(settings.config)
    output = open_output_of(options.output)
    _check_output(output, options)
    workers = options.workers or len(_cores())
    settings = replace(settings, threads=_threads(workers, options))
    left_out = LeftOut()
    jobs = [
        replace(j, models=models) for j in make_jobs(settings, options, specs, output, left_out)
    ]
    manifest = Manifest(output, jobs)
    manifest.write()
    stop = StopFlag()
    started = time.monotonic()
    bars = sys.stderr.isatty() if options.progress is None else options.progress
    slots = min(workers, len(jobs))
    view = BatchView(jobs, slots, bars=bars, quiet=options.quiet)
    running = run_recordings(jobs, _execution(options, slots), stop)
    try:
        with stop.catching(), contextlib.closing(running) as events:
            for job, message in events:
                if isinstance(message, RunRecord):
                    manifest.add(message)
                    view.end(job, message)
                else:
                    view.move(job, message)
    finally:
        view.close()
        _close(settings, output, manifest)
    if not options.quiet:
        print(format_totals(manifest.outcomes, time.monotonic() - started), file=sys.stderr)
        if passed_over := left_out.sentence(hashed=settings.hash_names):
            print(passed_over, file=sys.stderr)
    return _exit_code(manifest.outcomes, stop)


def check_settings(settings: BatchSettings) -> None:
    """Raise before any work for formats, libraries and options that cannot be used."""
    unknown = [name for name in settings.formats if name not in ALL_FORMATS]
    if unknown:
        raise UsageError(
            f"--formats {','.join(unknown)}: unknown; choose from {', '.join(ALL_FORMATS)}."
        )
    for name in settings.formats:
        if name in FILE_NAMES:
            check_format(name)
    if settings.csv_dialect is not None and "csv" not in settings.formats:
        raise UsageError("--csv-dialect is of events.csv: add csv to --formats.")
    if settings.signals == "parquet":
        import_pyarrow()
    if settings.redact != "off" and not settings.video:
        raise UsageError(
            f"--redact {settings.redact} is for the annotated recording: add --save-video."
        )
    for option in ("images", "faces"):
        if settings.redact != "off" and getattr(settings, option):
            raise UsageError(f"--{option} shows faces and --redact hides them: choose one of them.")


def make_jobs(
    settings: BatchSettings,
    options: BatchOptions,
    specs: Sequence[str],
    output: Output,
    left_out: LeftOut | None = None,
) -> list[Job]:
    """One job per recording, each with a folder of its own. See `find_inputs` for `left_out`."""
    root = output.root if isinstance(output, FolderOutput) else None
    inputs = find_inputs(specs, settings.config.source.fps, root, left_out)
    hashed, key = settings.hash_names, settings.hash_key
    display_names = [
        shown_name(item.source, hashed=hashed, key=key, name=item.name) for item in inputs
    ]
    known = known_folders(output) if options.resume else {}
    if isinstance(output, FolderOutput):
        folders = folder_names(display_names, known, output.is_foreign)
        _check_folders(output, folders, options)
    else:
        folders = folder_names(display_names, known)
    return [
        Job(
            item.source, name, folder, options.output, settings,
            options.resume, options.scratch, item.size_bytes,
        )
        for item, name, folder in zip(inputs, display_names, folders, strict=True)
    ]  # fmt: skip


def _execution(options: BatchOptions, workers: int) -> Execution:
    if options.engine == "ray":
        return Execution("ray", memory_mb=options.worker_memory_mb, address=options.address)
    memory_mb = options.worker_memory_mb or default_limit_mb(workers)
    return Execution("processes", workers, memory_mb, verbose=options.verbose)


def _check_output(output: Output, options: BatchOptions) -> None:
    """Refuse an output that holds results, unless it is clear what is to become of them."""
    if options.resume and options.overwrite:
        raise UsageError("--resume keeps what is done and --overwrite does it again: choose one.")
    if isinstance(output, FolderOutput):
        if output.root.exists() and not output.root.is_dir():
            raise OutputError(f"--output {output.root} is a file; name a folder.")
        refuse_link(output.root / PARTIAL)
        if options.overwrite:
            output.remove_partial()
    if not options.resume and not options.overwrite and output.read(f"{NAME}.json") is not None:
        raise _holds_a_batch(options)


def _check_folders(output: FolderOutput, folders: Sequence[str], options: BatchOptions) -> None:
    """Results whose manifest was lost are not replaced unasked either."""
    if not options.resume and not options.overwrite:
        for folder in folders:
            if os.path.lexists(output.root / folder):
                raise _holds_a_batch(options)


def _holds_a_batch(options: BatchOptions) -> OutputError:
    return OutputError(
        f"{display_name(options.output)} holds a batch already; add --resume to continue it, "
        "or --overwrite to do it again."
    )


def _threads(workers: int, options: BatchOptions) -> int:
    """Threads of one recording: two where there are cores for them."""
    if options.threads is not None:
        return options.threads
    return 2 if options.engine == "local" and 2 * workers <= len(_cores()) else 1


def _cores() -> Sequence[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return range(os.cpu_count() or 1)


def _close(settings: BatchSettings, output: Output, manifest: Manifest) -> None:
    mark_lost(output, manifest)
    manifest.write()
    over = [o for o in manifest.outcomes if o.status != "interrupted"]
    if "html" in settings.formats:
        output.write("index.html", index_page(over))
    if isinstance(output, FolderOutput) and len(over) == manifest.size:
        output.remove_partial()


def _exit_code(outcomes: Sequence[RunRecord], stop: StopFlag) -> int:
    if stop.signalled:
        return EXIT_INTERRUPTED
    failed = [outcome.exit_code for outcome in outcomes if outcome.failed]
    if failed:
        return failed[0] or 1
    return EXIT_TRUNCATED if any(outcome.truncated for outcome in outcomes) else 0
