"""The table of a whole batch, `manifest.json` and `manifest.csv`; what it promises is there.

Folders may be removed while others are made: at the end each promised file is looked for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from streamer.batch.inputs import input_digest
from streamer.batch.job import Job
from streamer.batch.output import RUN, FolderOutput, Output
from streamer.batch.run_record import parse_shape
from streamer.core.errors import MerError, OutputError
from streamer.core.files.inside import is_safe_name
from streamer.core.files.strict_json import OneOf
from streamer.core.printable import to_json
from streamer.core.records import JsonObject
from streamer.outputs.cells import csv_line, safe_cell
from streamer.outputs.summary import RunRecord

NAME = "manifest"
_EVERY_S = 5.0
BATCH_SCHEMA = "mer-stream/batch/1"
_ROW = {"name": str, "folder": str}
_MANIFEST = {"schema": OneOf((BATCH_SCHEMA,)), "recordings": [_ROW]}
_COLUMNS = (
    "name", "folder", "status", "exit_code", "error", "frames", "duration_s", "micro", "macro",
    "faces", "coverage", "upper_judged", "lower_judged", "truncated", "sha256",
)  # fmt: skip
_LOG = logging.getLogger(__name__)


class Manifest:
    """Outcomes in the order of the jobs, written now and then and at the end.

    It holds no times of day and no durations of work: the same batch gives the same bytes.
    """

    def __init__(self, output: Output, jobs: Sequence[Job]) -> None:
        self._output = output
        self._jobs = jobs
        self._outcomes: dict[str, RunRecord] = {}
        self._written_s = time.monotonic()

    @property
    def size(self) -> int:
        """How many recordings the batch has."""
        return len(self._jobs)

    @property
    def outcomes(self) -> list[RunRecord]:
        """Those that are known, in the order of the jobs."""
        found = (self._outcomes.get(job.folder) for job in self._jobs)
        return [outcome for outcome in found if outcome is not None]

    def add(self, outcome: RunRecord) -> None:
        """Note what came of a recording."""
        self._outcomes[outcome.folder] = outcome
        if time.monotonic() - self._written_s > _EVERY_S:
            self.write()

    def write(self) -> None:
        """Replace both files. Raises OutputError."""
        self._written_s = time.monotonic()
        rows = [self._row(job) for job in self._jobs]
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["status"]] = counts.get(row["status"], 0) + 1
        table = {"schema": BATCH_SCHEMA, "counts": dict(sorted(counts.items())), "recordings": rows}
        text = to_json(table, indent=1) + "\n"
        self._output.write(f"{NAME}.json", text.encode("utf-8", "backslashreplace"))
        self._output.write(f"{NAME}.csv", _as_csv(rows))

    def _row(self, job: Job) -> JsonObject:
        outcome = self._outcomes.get(job.folder)
        if outcome is None:
            return {"name": job.display_name, "folder": job.folder, "status": "open"}
        row = {name: getattr(outcome, name) for name in _COLUMNS}
        row["coverage"] = round(outcome.face_share, 4)
        # What was kept is done: the table says what is there, not how it came there.
        return row | {"status": "done" if outcome.status == "kept" else outcome.status}


def known_folders(output: Output) -> dict[str, str]:
    """Shown name -> folder of an earlier run on this output, as far as that can be trusted."""
    return parse_manifest(output.read(f"{NAME}.json"), f"{NAME}.json")


def parse_manifest(data: bytes | None, where: str = "manifest.json") -> dict[str, str]:
    """Shown name -> folder, as an earlier run assigned them.

    A folder that leads elsewhere, or that two recordings share, is left out and logged.
    """
    table = parse_shape(data, _MANIFEST, where)
    rows = [] if table is None else table["recordings"]
    shared = _repeated(row["folder"].casefold() for row in rows)
    twice = _repeated(row["name"] for row in rows)
    known: dict[str, str] = {}
    for row in rows:
        name, folder = row["name"], row["folder"]
        if is_safe_name(folder) and folder.casefold() not in shared and name not in twice:
            known[name] = folder
        else:
            _LOG.warning("%s: the folder %r of %r is not used.", where, folder[:80], name[:80])
    return known


def _as_csv(rows: Sequence[JsonObject]) -> bytes:
    values = ([row.get(name) for name in _COLUMNS] for row in rows)
    cells = (["" if v is None else safe_cell(v) for v in row] for row in values)
    text = "".join(csv_line(row) for row in (_COLUMNS, *cells))
    return text.encode("utf-8", "backslashreplace")


_LARGEST_READ = 16 * 2**20  # larger files are only asked for, not read again


def mark_lost(output: Output, manifest: Manifest) -> None:
    """Count recordings as failed whose promised files are not there (any more)."""
    for outcome in manifest.outcomes:
        if outcome.status in ("done", "kept"):
            lost = _first_lost(output, outcome)
            if lost is not None:
                manifest.add(_failed(outcome, lost))


def _failed(outcome: RunRecord, lost: str) -> RunRecord:
    return replace(
        outcome,
        status="failed",
        exit_code=OutputError.exit_code,
        error=f"{outcome.name}: {outcome.folder}/{lost} was written, but is not there as it was. "
        "Find out what removes files there, and run again with --resume.",
    )


def _first_lost(output: Output, outcome: RunRecord) -> str | None:
    """The name of a file that is promised and not there."""
    run = output.run_of(outcome.folder)
    if run is None:
        return RUN
    if not isinstance(output, FolderOutput):
        return None  # in a store, run.json is written after all the rest
    folder = output.root / outcome.folder
    for name, digest in _promised(run).items():
        if not _is_there(folder, name, digest if outcome.status == "done" else ""):
            return name
    return None


def _promised(run: JsonObject) -> dict[str, str]:
    outputs = run.get("outputs")
    return {str(k): str(v) for k, v in outputs.items()} if isinstance(outputs, dict) else {}


def _is_there(folder: Path, name: str, digest: str) -> bool:
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts:  # the record is read back, and not trusted
        return False
    path = folder / place
    try:
        if not path.is_file():
            return False
        large = path.stat().st_size > _LARGEST_READ
        return large or not digest or input_digest(path) == digest
    except (OSError, MerError):
        return False


def _repeated(texts: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    return {text for text in texts if text in seen or seen.add(text)}  # type: ignore[func-returns-value]
