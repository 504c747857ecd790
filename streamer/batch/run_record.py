"""`run.json`: how a recording was done, with what, and what was found wrong with it.

Read back it is checked field by field: anybody may have changed it. A file that does not hold what
it should is as good as none: the recording is done again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamer.batch.inputs import input_digest
from streamer.batch.job import Job
from streamer.batch.names import without_name
from streamer.batch.settings import ALL_FORMATS, versions
from streamer.core.errors import EXIT_TRUNCATED, MerError
from streamer.core.files.atomic import is_temporary, write_file
from streamer.core.files.inside import is_safe_path
from streamer.core.files.paths import expand_home
from streamer.core.files.strict_json import Each, OneOf, Whole, check_shape, parse_json
from streamer.core.printable import to_json
from streamer.core.records import JsonObject, SourceInfo, SourceReport
from streamer.outputs.coverage import SHAPE as COVERAGE_SHAPE
from streamer.outputs.coverage import coverage_of
from streamer.outputs.no_faces import SHAPE as NO_FACE_SHAPE
from streamer.outputs.no_faces import reasons_of
from streamer.outputs.summary import NOTHING_READ, Counts, RunRecord, Status

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

    def record(self, display_name: str) -> RunRecord:
        """The figures of the recording, under the display name."""
        return (self.counts or Counts()).summarise(display_name, self.report)


def run_json(job: Job, result: Result, local: str, work: Path, wall_s: float) -> JsonObject:
    """The content of `run.json`. Only `timing` differs between two runs of the same recording.

    local: the file that was read, whose name is kept out of all sentences.
    """
    error = None if result.error is None else _shown(job, str(result.error), local)
    summary = result.record(job.display_name)
    code = result.error.exit_code if result.error is not None else 0
    models = result.models or {}
    return {
        "schema": RUN_SCHEMA,
        "name": job.display_name,
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
            "turned_deg": summary.turned_deg,
            "events": summary.events,
            "emotions": summary.emotions,
            "units": summary.units,
        },
        "no_face": [reason.to_json() for reason in summary.no_face],
        "coverage": None if summary.coverage is None else summary.coverage.to_json(),
        "quality": {
            "truncated": summary.truncated,
            "repairs": summary.repairs,
            "warnings": [_shown(job, w, local) for w in summary.warnings],
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


def write_run(path: Path, run: JsonObject) -> None:
    """Write a `run.json`, whole or not at all."""
    write_file(path, (to_json(run, indent=2) + "\n").encode("utf-8", "backslashreplace"))


def record_of(run: JsonObject, folder: str = "") -> RunRecord:
    """The record in the content of a `run.json`."""
    counts, quality = run["counts"], run["quality"]
    return RunRecord(
        name=run["name"],
        folder=folder,
        status=run["status"],
        exit_code=run["exit_code"],
        error=run["error"],
        **counts,
        no_face=reasons_of(run.get("no_face") or []),
        coverage=coverage_of(run["coverage"]) if run.get("coverage") else None,
        truncated=quality["truncated"],
        repairs=quality["repairs"],
        warnings=tuple(quality["warnings"]),
        sha256=run["input"]["sha256"],
    )


def _shown(job: Job, sentence: str, local: str) -> str:
    """A sentence with the name that may be published."""
    sentence = without_name(sentence, job.source, local, job.display_name)
    return without_name(sentence, "", str(expand_home(job.source)), job.display_name)


def _declared(info: SourceInfo | None) -> JsonObject:
    if info is None:
        return {}
    return {
        "width_px": info.width_px,
        "height_px": info.height_px,
        "declared_fps": info.declared_fps,
        "declared_frames": info.declared_frames,
        "declared_duration_s": info.declared_duration_s,
        **({} if info.capture_fps is None else {"capture_fps": info.capture_fps}),
    }


def _is_output(name: str) -> bool:
    return name not in _NO_OUTPUTS and not is_temporary(name)


def outputs_in(work: Path) -> dict[str, str]:
    """SHA-256 of every file in the folder, by its name in it."""
    files = sorted(p for p in work.rglob("*") if p.is_file() and _is_output(p.name))
    return {p.relative_to(work).as_posix(): input_digest(p) for p in files}


RUN_SCHEMA = "mer-stream/run/1"
_LOG = logging.getLogger(__name__)

_COUNTS = {
    "frames": Whole,
    "duration_s": float,
    "frames_with_face": Whole,
    "faces": Whole,
    "turned_deg?": Whole,
    "events": {"micro": Whole, "macro": Whole},
    "emotions": Each(Whole),
    "units?": Each(Whole),
}
_RUN = {
    "schema": OneOf((RUN_SCHEMA,)),
    "name": str,
    "status": OneOf(("done", "failed")),
    "exit_code": Whole,
    "error": (str, None),
    "key": str,
    "input": {
        "sha256": str,
        "bytes": Whole,
        "width_px?": Whole,
        "height_px?": Whole,
        "declared_fps?": (float, None),
        "declared_frames?": (Whole, None),
        "declared_duration_s?": (float, None),
        "capture_fps?": float,
    },
    "formats": [OneOf(ALL_FORMATS)],
    "settings": dict,
    "versions": Each(str),
    "model": (dict, None),
    "spotter?": dict,
    "counts": _COUNTS,
    "no_face?": NO_FACE_SHAPE,
    "coverage?": (COVERAGE_SHAPE, None),
    "quality": {"truncated": bool, "repairs": Each(Whole), "warnings": [str]},
    "outputs": Each(str),
    "timing": {"batch?": str, "wall_s": float, "resumed_at_s": (float, None)},
}


def parse_run(data: bytes | None, where: str = "run.json") -> JsonObject | None:
    """The record in a `run.json`; None where there is none or it is not whole, which is logged."""
    run = parse_shape(data, _RUN, where)
    if run is None:
        return None
    bad = [name for name in run["outputs"] if not is_safe_path(name)]
    if bad:
        _LOG.warning("%s names %r as an output; it is not used.", where, bad[0])
        return None
    return run


def parse_shape(data: bytes | None, shape: Mapping[str, Any], where: str) -> JsonObject | None:
    """JSON of that shape; None where there is none or it is another, which is logged."""
    if not data:
        return None
    try:
        found = check_shape(parse_json(data), shape)
    except ValueError as error:
        _LOG.warning("%s cannot be used: %s.", where, error)
        return None
    return dict(found)
