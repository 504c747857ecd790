"""Where the events of a run go: their format, a file or standard output, written as they come."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from streamer.core.errors import UsageError
from streamer.core.files.writing import is_device
from streamer.outputs.dialects import CsvDialect, dialect_of
from streamer.outputs.events import EventWriter, JsonWriter, open_event_file, open_json_file
from streamer.outputs.formats import SUFFIXES as FILE_SUFFIXES
from streamer.outputs.formats import by_suffix, check_format
from streamer.outputs.sinks import Sink
from streamer.outputs.terminal import TextWriter

Format = Literal[
    "jsonl", "json", "csv", "tsv", "text", "srt", "vtt", "eaf", "boris", "xlsx", "parquet"
]
STDOUT = "-"
# Written as events come.
LINES: tuple[Format | None, ...] = (None, "jsonl", "json", "csv", "tsv", "text")
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv",
    **FILE_SUFFIXES,
}  # fmt: skip


def event_format(output: str | None, asked: Format | None) -> Format | None:
    """The format asked for, or that of the suffix; None: standard output decides.

    Raises UsageError for a suffix that says nothing, and for text in a file.
    """
    if output is None:
        return asked
    if output == STDOUT:
        return asked or "jsonl"
    if asked == "text":
        raise UsageError("--format text is for standard output; a file is jsonl, json, csv or tsv.")
    path = Path(output)
    by_name: Format | None = by_suffix(path, _SUFFIXES)
    form = asked or by_name
    if form is None and is_device(path):
        return "jsonl"
    if form is None:
        raise UsageError(
            f"--output {path}: the suffix says the format: .jsonl, .json, .csv or .tsv; "
            f"for other programs {', '.join(FILE_SUFFIXES)} (or give --format)."
        )
    return form


def check_file_format(form: str, output: str | None, sources: Sequence[str]) -> None:
    """Raise for a format of one file where there is none, or where it would hold several sources.

    UsageError; InstallError where its library is missing.
    """
    check_format(form)
    if output in (None, STDOUT):
        raise UsageError(f"--format {form} needs a file: --output FILE.")
    if len(sources) > 1:
        raise UsageError(
            f"--output {output}: a {form} file belongs to one recording; for several use: "
            f"mer-batch ... --formats {form}"
        )


def standard_output(form: Format, dialect: CsvDialect | None) -> Sink:
    """Events on standard output."""
    if form == "text":
        return TextWriter(sys.stdout)
    if form == "json":
        return JsonWriter(sys.stdout, "standard output")
    return EventWriter(
        sys.stdout,
        "standard output",
        as_csv=form in ("csv", "tsv"),
        dialect=dialect_of(form, dialect),
    )


def open_lines(
    path: Path, form: Format | None, dialect: CsvDialect | None, *, overwrite: bool
) -> Sink:
    """A file that gets each event as it comes."""
    if form == "json":
        return open_json_file(path, overwrite=overwrite)
    return open_event_file(
        path,
        as_csv=form in ("csv", "tsv"),
        overwrite=overwrite,
        dialect=dialect_of(form, dialect),
    )
