"""The files of a recording that are made from its logs, once it has run to its end."""

from __future__ import annotations

from pathlib import Path

from streamer.batch.job import Job
from streamer.core.files.inside import remove_folder
from streamer.core.records import FrameResult
from streamer.core.urls import is_like_url
from streamer.outputs.dialects import CsvDialect, dialect_of
from streamer.outputs.events import open_event_file, open_json_file, read_events
from streamer.outputs.formats import FILE_NAMES, write_events
from streamer.outputs.formats.event_text import Media
from streamer.outputs.report.page import write_report
from streamer.outputs.signals import signals_to_parquet
from streamer.outputs.sinks import Sink
from streamer.outputs.summary import RunRecord


def render_outputs(work: Path, job: Job, record: RunRecord) -> None:
    """Write all wanted formats beside the logs in `work`; remove what is not wanted.

    Raises OutputError, or InstallError where the library of a format is missing.
    """
    settings = job.settings
    formats = set(settings.formats)
    events = list(read_events(work / "events.jsonl"))
    for name in sorted(formats & {"csv", "json", "tsv"}):
        writer = _open(work / f"events.{name}", name, settings.csv_dialect)
        writer.write(FrameResult(None, events=tuple(events)))
        writer.close()
    location = None
    if not (settings.hash_names or job.private):
        location = job.display_name if is_like_url(job.source) else job.source
    for name in sorted(formats & set(FILE_NAMES)):
        write_events(name, events, work / FILE_NAMES[name], Media(job.display_name, location))
    if "html" in formats:
        write_report(work, record, events)
    signals = work / "signals.csv"
    if settings.signals == "parquet":
        signals_to_parquet(signals, signals.with_suffix(".parquet"))
    if settings.signals != "csv":
        signals.unlink()
    if not settings.images:
        remove_folder(work, "images")


def _open(path: Path, form: str, dialect: CsvDialect | None) -> Sink:
    if form == "json":
        return open_json_file(path, overwrite=True)
    return open_event_file(path, as_csv=True, overwrite=True, dialect=dialect_of(form, dialect))


def can_add(work: Path, formats: set[str]) -> bool:
    """Whether formats can be made from the logs of a finished recording."""
    logs = {"events.jsonl", *(("signals.csv",) if "html" in formats else ())}
    return all((work / name).is_file() for name in logs)
