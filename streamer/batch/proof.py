"""Whether what a batch wrote is there at its end: folders may be removed while others are made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from streamer.batch.digest import input_digest
from streamer.batch.job import Outcome
from streamer.batch.manifest import Manifest
from streamer.batch.output import RUN, FolderOutput, Output
from streamer.core.errors import MerError, OutputError
from streamer.core.records import JsonObject

_LARGEST_READ = 16 * 2**20  # larger files are only asked for, not read again


def mark_lost(output: Output, manifest: Manifest) -> None:
    """Count recordings as failed whose promised files are not there (any more)."""
    for outcome in manifest.outcomes:
        if outcome.status in ("done", "kept"):
            lost = _first_lost(output, outcome)
            if lost is not None:
                manifest.add(_failed(outcome, lost))


def _failed(outcome: Outcome, lost: str) -> Outcome:
    return replace(
        outcome,
        status="failed",
        exit_code=OutputError.exit_code,
        error=f"{outcome.name}: {outcome.folder}/{lost} was written, but is not there as it was. "
        "Find out what removes files there, and run again with --resume.",
    )


def _first_lost(output: Output, outcome: Outcome) -> str | None:
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
