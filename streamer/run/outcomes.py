"""What became of each source of a run: its record, its finished files, the exit code."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamer.core.errors import (
    EXIT_BROKEN_PIPE,
    EXIT_INTERRUPTED,
    EXIT_TRUNCATED,
    MerError,
    OutputError,
)
from streamer.core.files.writing import Proof, proof_of
from streamer.core.records import SourceReport
from streamer.core.url_text import strip_credentials
from streamer.outputs.plan import SourceFiles
from streamer.outputs.summary import (
    NOTHING_READ,
    Counts,
    RunRecord,
    format_summary,
    write_summary,
)

_LOG = logging.getLogger(__name__)


class Outcomes:
    """Collects them, and says at once how a source ended."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self.records: list[RunRecord] = []
        self.broken_pipe = False
        self._proofs: list[tuple[int, Proof]] = []  # number of the source, its finished files

    def add(
        self,
        counts: Counts,
        name: str,
        report: SourceReport | None,
        failure: BaseException | None,
        interrupted: bool,
    ) -> None:
        """Sum up a source. `report`: None where it could not be opened."""
        record = counts.summarise(
            name, report or NOTHING_READ, interrupted=interrupted, **_error_facts(failure)
        )
        self.records.append(record)
        self.broken_pipe |= isinstance(failure, BrokenPipeError)
        if record.error:
            _LOG.error("%s", record.error)
        if record.frames and not self._quiet and not self.broken_pipe:
            print(format_summary(record), file=sys.stderr)

    def keep_proofs(self, files: SourceFiles) -> None:
        """Remember the finished files of the source that is summed up next."""
        proofs = [proof_of(path) for path in (files.signals, files.video) if path is not None]
        number = len(self.records)
        self._proofs += [(number, proof) for proof in proofs if proof is not None]

    def first_lost_file(self) -> OutputError | None:
        """The error about a finished file that is not there any more; its source has failed."""
        for number, proof in self._proofs:
            try:
                proof.check()
            except OutputError as error:
                self.records[number] = replace(self.records[number], **_error_facts(error))
                return error
        return None

    def write(self, path: Path, *, overwrite: bool) -> None:
        """The summaries as JSON, if there are any. Raises OutputError."""
        if self.records:
            write_summary(path, self.records, overwrite=overwrite)

    def exit_code(self, *, interrupted: bool) -> int:
        """The first failure's, or 0."""
        if interrupted:
            return EXIT_INTERRUPTED
        if self.broken_pipe:
            return EXIT_BROKEN_PIPE
        failed = [record.exit_code for record in self.records if record.exit_code]
        if failed:
            return failed[0]
        return EXIT_TRUNCATED if any(record.truncated for record in self.records) else 0


def _error_facts(error: BaseException | None) -> dict[str, Any]:
    if not isinstance(error, MerError):
        return {}
    return {"exit_code": error.exit_code, "error": strip_credentials(str(error))}
