"""Writing a cache: its files appear under their names only when they are whole.

Whatever moment a run is killed at, what is there can be used, and the next run resumes from it.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from streamer.core.errors import OutputError, UsageError
from streamer.core.files.atomic import is_temporary, remove_leftovers, write_file
from streamer.core.files.strict_npz import Array, read_npz
from streamer.outputs.cells import csv_line, safe_cell
from training.common.files import write_json
from training.common.records import Clip, Rejected
from training.datasets.prepared import (
    CLIPS,
    COLUMNS,
    INDEX,
    REJECTED,
    SETTINGS,
    Settings,
    check_made_alike,
    is_prepared,
    read_settings,
)

if TYPE_CHECKING:
    from training.prepare.clip import Prepared

_FACE = Array(("u1",), (None, None, 3))
_FINISHED = {
    **{"onset_image": _FACE, "apex_image": _FACE, "map": _FACE},
    **{"key": Array(("U",)), "apex": Array(("i",)), "spotted": Array(("b",))},
}
_CLIP = {"clip": Array(("u1",), (None, None, None))}


def open_cache(cache: Path, settings: Settings) -> Settings:
    """Make the cache, or check that the one there was made with the same settings.

    Clips are only ever added: a cache that has them keeps them, one that has not gets them.

    Returns:
        The settings of what is made from now on.

    Raises:
        UsageError: it holds another data set or was made with other settings.
        OutputError: it holds other files, or cannot be written.
    """
    if is_prepared(cache):
        held = _checked(cache, settings)
        settings = replace(settings, clips=settings.clips or held.clips)
    elif cache.is_dir() and not all(is_temporary(path.name) for path in cache.iterdir()):
        raise OutputError(f"{cache} holds other files: choose a new or empty folder for --output")
    write_json(cache / SETTINGS, asdict(settings))
    remove_leftovers(cache)
    return settings


def clip_file(cache: Path, clip: Clip) -> Path:
    """Where a clip is kept; ids that differ only in odd characters do not collide."""
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", clip.id)
    digest = hashlib.sha256(clip.id.encode()).hexdigest()[:8]
    return cache / CLIPS / f"{plain}-{digest}.npz"


def read_finished(
    cache: Path, clip: Clip, fingerprint: str, clips: bool = False
) -> tuple[int, bool] | None:
    """Apex and whether it was spotted, of a clip that is finished; None where it has to be done.

    A clip whose row has changed since is done again, and where `clips` are wanted, one without its
    faces from onset to offset.
    """
    path = clip_file(cache, clip)
    if not path.is_file():
        return None
    try:
        held = read_npz(path, {**_FINISHED, **(_CLIP if clips else {})})
        same = str(held["key"]) == _clip_key(clip, fingerprint)
        return (int(held["apex"]), bool(held["spotted"])) if same else None
    except (ValueError, OSError):
        return None  # damaged: make it again


def write_clip(cache: Path, clip: Clip, made: Prepared, fingerprint: str) -> None:
    """Keep a prepared clip, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    data = io.BytesIO()
    more = {"jittered_images": made.jittered, "clip": made.clip}
    given: dict[str, Any] = {name: values for name, values in more.items() if values is not None}
    np.savez_compressed(
        data,
        **given,
        onset_image=made.onset_image,
        apex_image=made.apex_image,
        map=made.map,
        id=np.array(clip.id),
        dataset=np.array(clip.dataset),
        subject=np.array(clip.subject),
        onset=np.array(made.onset),
        apex=np.array(made.apex),
        offset=np.array(clip.offset),
        spotted=np.array(made.spotted),
        fingerprint=np.array(fingerprint),
        key=np.array(_clip_key(clip, fingerprint)),
    )
    write_file(clip_file(cache, clip), data.getvalue())


def write_index(
    cache: Path, rows: Iterable[tuple[Clip, int, bool]], rejected: Sequence[Rejected]
) -> None:
    """The tables of what is there and of what could not be used."""
    lines = [
        (
            clip_file(cache, clip).relative_to(cache).as_posix(),
            clip.dataset,
            clip.subject,
            clip.id.split("/", 2)[2],
            clip.emotion,
            clip.kind,
            clip.fps,
            clip.onset,
            apex,
            clip.offset,
            int(spotted),
            clip.extra.get("source", ""),
        )
        for clip, apex, spotted in rows
    ]
    _write_table(cache / REJECTED, ("source", "reason"), [(r.source, r.reason) for r in rejected])
    _write_table(cache / INDEX, COLUMNS, lines)


def _checked(cache: Path, wanted: Settings) -> Settings:
    held = read_settings(cache)
    check_made_alike(cache, held, wanted)
    if held.dataset != wanted.dataset:
        raise UsageError(
            f"{cache} holds {held.dataset}, not {wanted.dataset}: choose another folder for "
            "--output"
        )
    if held.jitter != wanted.jitter:
        raise UsageError(
            f"{cache} was prepared with jitter {held.jitter or 'none'}, this run uses "
            f"{wanted.jitter or 'none'}: prepare into another folder"
        )
    return held


def _clip_key(clip: Clip, fingerprint: str) -> str:
    """Changes with everything that the prepared pair depends on, its frames' place excepted."""
    parts = (clip.id, clip.onset, clip.apex, clip.offset, clip.fps, fingerprint)
    return "|".join(map(str, parts))


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    cells = (map(safe_cell, row) for row in rows)
    write_file(path, "".join(map(csv_line, (columns, *cells))).encode())
