"""The table of a whole batch: `manifest.json` and `manifest.csv`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, fields

from streamer.batch.job import Job, Outcome
from streamer.batch.output import Output
from streamer.batch.run_file import BATCH_SCHEMA, parse_manifest
from streamer.core.printable import to_json
from streamer.core.records import JsonObject
from streamer.outputs.cells import csv_line, safe_cell

NAME = "manifest"
_EVERY_S = 5.0
_COLUMNS = tuple(f.name for f in fields(Outcome) if f.name != "wall_s")


class Manifest:
    """Outcomes in the order of the jobs, written now and then and at the end.

    It holds no times of day and no durations of work: the same batch gives the same bytes.
    """

    def __init__(self, output: Output, jobs: Sequence[Job]) -> None:
        self._output = output
        self._jobs = jobs
        self._outcomes: dict[str, Outcome] = {}
        self._written_s = time.monotonic()

    @property
    def size(self) -> int:
        """How many recordings the batch has."""
        return len(self._jobs)

    @property
    def outcomes(self) -> list[Outcome]:
        """Those that are known, in the order of the jobs."""
        found = (self._outcomes.get(job.folder) for job in self._jobs)
        return [outcome for outcome in found if outcome is not None]

    def add(self, outcome: Outcome) -> None:
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
            return {"name": job.shown, "folder": job.folder, "status": "open"}
        row = {name: value for name, value in asdict(outcome).items() if name in _COLUMNS}
        # What was kept is done: the table says what is there, not how it came there.
        return row | {"status": "done" if outcome.status == "kept" else outcome.status}


def known_folders(output: Output) -> dict[str, str]:
    """Shown name -> folder of an earlier run on this output, as far as that can be trusted."""
    return parse_manifest(output.read(f"{NAME}.json"), f"{NAME}.json")


def _as_csv(rows: Sequence[JsonObject]) -> bytes:
    values = ([row.get(name) for name in _COLUMNS] for row in rows)
    cells = (["" if v is None else safe_cell(v) for v in row] for row in values)
    text = "".join(csv_line(row) for row in (_COLUMNS, *cells))
    return text.encode("utf-8", "backslashreplace")
