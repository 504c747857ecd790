"""Whole records for tests."""

from __future__ import annotations

import json
from typing import Any

from streamer.batch.run_record import RUN_SCHEMA


def run_record(**changes: Any) -> dict[str, Any]:
    """A `run.json` of a recording that is done, as the batch writes it."""
    events = {"micro": 0, "macro": 0}
    counts = {"frames": 10, "duration_s": 1.0, "frames_with_face": 9, "faces": 1}
    return {
        "schema": RUN_SCHEMA,
        "name": "clip.mp4",
        "status": "done",
        "exit_code": 0,
        "error": None,
        "key": "k",
        "input": {"sha256": "0" * 64, "bytes": 100},
        "formats": ["jsonl"],
        "settings": {},
        "versions": {"numpy": "1"},
        "model": None,
        "spotter": {"kind": "rule"},
        "counts": {**counts, "events": events, "emotions": {}, "units": {}},
        "quality": {"truncated": False, "repairs": {}, "warnings": []},
        "outputs": {},
        "timing": {"batch": "", "wall_s": 1.0, "resumed_at_s": None},
    } | changes


def run_bytes(**changes: Any) -> bytes:
    """The same as a file."""
    return json.dumps(run_record(**changes)).encode()
