"""`run.json`: how a recording was done, with what, and what was found wrong with it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from streamer.batch.digest import input_digest
from streamer.batch.job import Job, Outcome, Status
from streamer.batch.names import without_name
from streamer.batch.run_file import RUN_SCHEMA
from streamer.batch.settings import versions
from streamer.core.errors import EXIT_TRUNCATED, MerError
from streamer.core.files.atomic import is_temporary, replacing
from streamer.core.files.paths import expand_home
from streamer.core.files.writing import writing
from streamer.core.printable import to_json
from streamer.core.records import JsonObject, SourceInfo, SourceReport
from streamer.outputs.summary import NOTHING_READ, Counts

_NO_OUTPUTS = ("checkpoint", "run.json")


@dataclass(frozen=True, slots=True)
class Result:
    """What a walk through a recording came to."""

    status: Status
    error: MerError | None = None
    sha256: str = ""
    key: str = ""
    info: SourceInfo | None = None
    counts: Counts | None = None
    report: SourceReport = NOTHING_READ
    resumed_at_s: float | None = None
    finished: bool = False  # its run.json is written already
    models: JsonObject | None = None  # what it was done with; None: nothing was loaded


def run_record(job: Job, result: Result, local: str, work: Path, wall_s: float) -> JsonObject:
    """The record. Only `timing` differs between two runs of the same recording.

    local: the file that was read, whose name is kept out of all sentences.
    """
    error = None if result.error is None else _told(job, str(result.error), local)
    counts = result.counts or Counts()
    summary = counts.summarise(job.shown, result.report)
    code = result.error.exit_code if result.error is not None else 0
    models = result.models or {}
    return {
        "schema": RUN_SCHEMA,
        "name": job.shown,
        "status": result.status,
        "exit_code": code or (EXIT_TRUNCATED if summary.truncated else 0),
        "error": error,
        "key": result.key,
        "input": {"sha256": result.sha256, "bytes": job.size_bytes, **_declared(result.info)},
        "formats": sorted(job.settings.formats),
        "settings": job.settings.to_json(),
        "versions": versions(),
        "model": models.get("recogniser"),
        "spotter": models.get("spotter", {}),
        "counts": {
            "frames": summary.frames,
            "duration_s": summary.duration_s,
            "frames_with_face": summary.frames_with_face,
            "faces": summary.faces,
            "events": summary.events,
            "emotions": summary.emotions,
        },
        "quality": {
            "truncated": summary.truncated,
            "repairs": summary.repairs,
            "warnings": [_told(job, w, local) for w in summary.warnings],
        },
        "outputs": outputs_in(work),
        "timing": {
            "batch": job.batch,
            "began_at_s": round(time.time() - wall_s, 3),
            "ended_at_s": round(time.time(), 3),
            "wall_s": round(wall_s, 3),
            "resumed_at_s": result.resumed_at_s,
            "realtime_factor": round(summary.duration_s / wall_s, 3) if wall_s > 0 else 0.0,
        },
    }


def write_run(path: Path, record: JsonObject) -> None:
    """Write the record, whole or not at all."""
    with replacing(path) as temporary, writing(path):
        text = to_json(record, indent=2) + "\n"
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")


def outcome_of(record: JsonObject, folder: str) -> Outcome:
    """What the manifest says of a finished recording."""
    counts, events = record["counts"], record["counts"]["events"]
    return Outcome(
        name=record["name"],
        folder=folder,
        status=record["status"],
        exit_code=record["exit_code"],
        error=record["error"],
        frames=counts["frames"],
        duration_s=counts["duration_s"],
        micro=events["micro"],
        macro=events["macro"],
        faces=counts["faces"],
        coverage=round(counts["frames_with_face"] / max(counts["frames"], 1), 4),
        truncated=record["quality"]["truncated"],
        sha256=record["input"]["sha256"],
    )


def _told(job: Job, sentence: str, local: str) -> str:
    """A sentence with the name that may be shown."""
    sentence = without_name(sentence, job.source, local, job.shown)
    return without_name(sentence, "", str(expand_home(job.source)), job.shown)


def _declared(info: SourceInfo | None) -> JsonObject:
    if info is None:
        return {}
    return {
        "width_px": info.width_px,
        "height_px": info.height_px,
        "declared_fps": info.declared_fps,
        "declared_frames": info.declared_frames,
        "declared_duration_s": info.declared_duration_s,
    }


def _is_output(name: str) -> bool:
    return name not in _NO_OUTPUTS and not is_temporary(name)


def outputs_in(work: Path) -> dict[str, str]:
    """SHA-256 of every file in the folder, by its name in it."""
    files = sorted(p for p in work.rglob("*") if p.is_file() and _is_output(p.name))
    return {p.relative_to(work).as_posix(): input_digest(p) for p in files}
