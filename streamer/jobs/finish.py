"""The files of a recording that are made from its logs, once it has run to its end."""

from __future__ import annotations

import shutil
from pathlib import Path

from streamer.jobs.job import Job
from streamer.jobs.record import Result
from streamer.outputs.events import open_event_file, read_events
from streamer.outputs.formats import FILE_NAMES, write_events
from streamer.outputs.formats.media import Media
from streamer.outputs.report.page import ReportFacts, write_report
from streamer.outputs.signal_table import signals_to_parquet
from streamer.outputs.step import Step
from streamer.outputs.summary import Counts
from streamer.sources.redact import redact


def finish(work: Path, job: Job, result: Result) -> None:
    """Write all wanted formats beside the logs in `work`; remove what is not wanted.

    Raises OutputError, or InstallError where the library of a format is missing.
    """
    settings = job.settings
    formats = set(settings.formats)
    events = list(read_events(work / "events.jsonl"))
    if "csv" in formats:
        writer = open_event_file(work / "events.csv", as_csv=True, overwrite=True)
        writer.write(Step(None, (), tuple(events)))
        writer.close()
    location = None if settings.hash_names else redact(job.source)
    for name in sorted(formats & set(FILE_NAMES)):
        write_events(name, events, work / FILE_NAMES[name], Media(job.shown, location))
    if "html" in formats:
        write_report(work, _facts(job, result), events)
    signals = work / "signals.csv"
    if settings.signals == "parquet":
        signals_to_parquet(signals, signals.with_suffix(".parquet"))
    if settings.signals != "csv":
        signals.unlink()
    if not settings.images:
        shutil.rmtree(work / "images", ignore_errors=True)


def _facts(job: Job, result: Result) -> ReportFacts:
    counts, report = result.counts or Counts(), result.report
    return ReportFacts(
        job.shown,
        counts.frames,
        counts.frames_with_face,
        len(counts.faces),
        counts.duration_s,
        report.dropped,
        report.truncated,
        report.repairs,
        report.errors,
    )
