"""`run.json` and `manifest.json` read back, checked field by field: anybody may have changed them.

A file that does not hold what it should is as good as none: the recording is done again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from streamer.batch.settings import ALL_FORMATS
from streamer.core.files.inside import is_safe_name, is_safe_path
from streamer.core.files.strict_json import Each, OneOf, Whole, check_shape, parse_json
from streamer.core.records import JsonObject

RUN_SCHEMA = "mer-stream/run/1"
BATCH_SCHEMA = "mer-stream/batch/1"
_LOG = logging.getLogger(__name__)

_COUNTS = {
    "frames": Whole,
    "duration_s": float,
    "frames_with_face": Whole,
    "faces": Whole,
    "events": {"micro": Whole, "macro": Whole},
    "emotions": Each(Whole),
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
    },
    "formats": [OneOf(ALL_FORMATS)],
    "settings": dict,
    "versions": Each(str),
    "model": (dict, None),
    "spotter?": dict,
    "counts": _COUNTS,
    "quality": {"truncated": bool, "repairs": Each(Whole), "warnings": [str]},
    "outputs": Each(str),
    "timing": {"batch?": str, "wall_s": float, "resumed_at_s": (float, None)},
}
_ROW = {"name": str, "folder": str}
_MANIFEST = {"schema": OneOf((BATCH_SCHEMA,)), "recordings": [_ROW]}


def parse_run(data: bytes | None, where: str = "run.json") -> JsonObject | None:
    """The record in a `run.json`; None where there is none or it is not whole, which is logged."""
    run = _parse(data, _RUN, where)
    if run is None:
        return None
    bad = [name for name in run["outputs"] if not is_safe_path(name)]
    if bad:
        _LOG.warning("%s names %r as an output; it is not used.", where, bad[0])
        return None
    return run


def parse_manifest(data: bytes | None, where: str = "manifest.json") -> dict[str, str]:
    """Shown name -> folder, as an earlier run assigned them.

    A folder that leads elsewhere, or that two recordings share, is left out and logged.
    """
    table = _parse(data, _MANIFEST, where)
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


def _parse(data: bytes | None, shape: Mapping[str, Any], where: str) -> JsonObject | None:
    if not data:
        return None
    try:
        found = check_shape(parse_json(data), shape)
    except ValueError as error:
        _LOG.warning("%s cannot be used: %s.", where, error)
        return None
    return dict(found)


def _repeated(texts: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    return {text for text in texts if text in seen or seen.add(text)}  # type: ignore[func-returns-value]
