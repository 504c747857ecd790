"""The cache on disk: `prepared.json` with its settings, `clips/*.npz`, `index.csv`, `rejected.csv`.

Files appear under their name only when they are whole: they are written beside it and renamed. So
whatever moment a run is killed at, what is there can be used, and the next run goes on from it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recognition.config import MapConfig
from recognition.fingerprint import preprocessing_fingerprint
from streamer.core.errors import OutputError, SourceFormatError, UsageError
from streamer.core.files.inside import read_json
from streamer.core.files.strict_npz import Array, read_npz
from streamer.faces.config import FaceConfig
from streamer.outputs.cells import csv_line, safe_cell
from training.records import Clip, Rejected

if TYPE_CHECKING:
    from training.prepare.clip import Prepared

SETTINGS, INDEX, REJECTED, CLIPS = "prepared.json", "index.csv", "rejected.csv", "clips"
_PARTS = tuple(f"{name}.part" for name in (SETTINGS, INDEX, REJECTED))  # half written
COLUMNS = (
    *("file", "dataset", "subject", "clip", "emotion", "kind"),
    *("fps", "onset", "apex", "offset", "spotted", "source"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a cache was made of and how."""

    dataset: str
    fingerprint: str  # of the map: the one stamped on checkpoints and ONNX files
    faces: str  # of the tracker and aligner
    jitter: str = ""  # of the wrong pairs beside each right one; empty: there are none


_SETTINGS = {"dataset": str, "fingerprint": str, "faces": str, "jitter?": str}
_FACE = Array(("u1",), (None, None, 3))
_FINISHED = {
    **{"onset_image": _FACE, "apex_image": _FACE, "map": _FACE},
    **{"key": Array(("U",)), "apex": Array(("i",)), "spotted": Array(("b",))},
}


def settings_of(dataset: str, faces: FaceConfig, maps: MapConfig, jitter: str = "") -> Settings:
    """The settings of a run that is about to start."""
    text = json.dumps(asdict(faces), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Settings(dataset, preprocessing_fingerprint(maps), digest, jitter)


def is_prepared(root: Path) -> bool:
    """Whether `root` is a cache."""
    return (root / SETTINGS).is_file()


def open_cache(cache: Path, settings: Settings) -> None:
    """Make the cache, or check that the one there was made with the same settings.

    Raises:
        UsageError: it holds another data set or was made with other settings.
        OutputError: it holds other files, or cannot be written.
    """
    if is_prepared(cache):
        _check(cache, settings)
    elif cache.is_dir() and any(path.name not in _PARTS for path in cache.iterdir()):
        raise OutputError(f"{cache} holds other files: choose a new or empty folder for --output")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _write(cache / SETTINGS, json.dumps(asdict(settings), indent=2).encode())
        (cache / CLIPS).mkdir(exist_ok=True)
        ours = (cache / name for name in _PARTS)
        for part in (*ours, *(cache / CLIPS).glob("*.npz.part")):
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{cache} cannot be written: {error.strerror}") from error


def clip_file(cache: Path, clip: Clip) -> Path:
    """Where a clip is kept; ids that differ only in odd characters do not collide."""
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", clip.id)
    digest = hashlib.sha256(clip.id.encode()).hexdigest()[:8]
    return cache / CLIPS / f"{plain}-{digest}.npz"


def read_finished(cache: Path, clip: Clip, fingerprint: str) -> tuple[int, bool] | None:
    """Apex and whether it was spotted, of a clip that is finished; None where it has to be done.

    A clip whose row has changed since is done again.
    """
    path = clip_file(cache, clip)
    if not path.is_file():
        return None
    try:
        held = read_npz(path, _FINISHED)
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
    wrong = {} if made.jittered is None else {"jittered_images": made.jittered}
    np.savez_compressed(
        data,
        **wrong,
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
    _write(clip_file(cache, clip), data.getvalue())


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


def read_settings(cache: Path) -> Settings:
    """The settings of a cache.

    Raises:
        SourceFormatError: its settings are damaged.
    """
    path = cache / SETTINGS
    try:
        held = read_json(path, _SETTINGS)
        return Settings(**{name: held[name] for name in Settings.__slots__ if name in held})
    except (ValueError, OSError) as error:
        raise SourceFormatError(
            f"{path} cannot be read ({error}): delete {cache} and prepare it again"
        ) from error


def check_made_alike(cache: Path, held: Settings, wanted: Settings) -> None:
    """Refuse a cache that was made with other preprocessing.

    Raises:
        UsageError: naming both fingerprints.
    """
    for what, theirs, ours in (
        ("preprocessing", held.fingerprint, wanted.fingerprint),
        ("face tracking", held.faces, wanted.faces),
    ):
        if theirs != ours:
            raise UsageError(
                f"{cache} was prepared with {what} {theirs}, this run uses {ours}: prepare into "
                "another folder, or delete this one and prepare it again"
            )


def _check(cache: Path, wanted: Settings) -> None:
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


def _clip_key(clip: Clip, fingerprint: str) -> str:
    """Changes with everything that the prepared pair depends on, its frames' place excepted."""
    parts = (clip.id, clip.onset, clip.apex, clip.offset, clip.fps, fingerprint)
    return "|".join(map(str, parts))


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    cells = (map(safe_cell, row) for row in rows)
    _write(path, "".join(map(csv_line, (columns, *cells))).encode())


def _write(path: Path, data: bytes) -> None:
    """Write beside, force to disk, rename."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
