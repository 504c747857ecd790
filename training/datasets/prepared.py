"""A cache of `mer-train prepare` as a data set: its clips point to their prepared pairs and maps.

`prepared.json` says of what and how it was made, `index.csv` what is in it, `rejected.csv` what is
not and why, `clips/*.npz` hold the faces and maps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from recognition.config import MapConfig
from recognition.fingerprint import digest_settings, preprocessing_fingerprint
from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from streamer.core.files.inside import is_safe_path, read_json
from streamer.core.files.strict_json import Whole
from streamer.faces.config import FaceConfig
from training.common.records import Clip, DataSet, Rejected
from training.datasets.assemble import assemble
from training.datasets.casme2 import as_in_megc2019
from training.datasets.classes import Classes, class_map
from training.datasets.tables import Row, read_rows

SETTINGS, INDEX, REJECTED, CLIPS = "prepared.json", "index.csv", "rejected.csv", "clips"
COLUMNS = (
    *("file", "dataset", "subject", "clip", "emotion", "kind"),
    *("fps", "onset", "apex", "offset", "spotted", "source"),
)
COMPOSITE = "megc2019"  # prepared with its three classes; all others with their own emotions


@dataclass(frozen=True, slots=True)
class Settings:
    """What a cache was made of and how."""

    dataset: str
    fingerprint: str  # of the map: the one stamped on checkpoints and ONNX files
    faces: str  # of the tracker and aligner
    jitter: str = ""  # of the wrong pairs beside each right one; empty: there are none
    clips: bool = False  # whether the faces from onset to offset are there too
    size_px: int = FaceConfig().aligned_size_px  # side of the faces


_SETTINGS = {
    **{"dataset": str, "fingerprint": str, "faces": str},
    **{"jitter?": str, "clips?": bool, "size_px?": Whole},
}


def settings_of(
    dataset: str, faces: FaceConfig, maps: MapConfig, jitter: str = "", clips: bool = False
) -> Settings:
    """The settings of a run that is about to start."""
    digest = digest_settings(asdict(faces))
    size_px = faces.aligned_size_px
    return Settings(dataset, preprocessing_fingerprint(maps), digest, jitter, clips, size_px)


def configs_of(size_px: int) -> tuple[FaceConfig, MapConfig]:
    """The streaming settings with faces of another size, as the published SelfME takes them."""
    return FaceConfig(aligned_size_px=size_px), MapConfig(aligned_size_px=size_px)


def is_prepared(root: Path) -> bool:
    """Whether `root` is a cache."""
    return (root / SETTINGS).is_file()


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


def load_prepared(cache: Path, names: Sequence[str], classes: Classes = "native") -> DataSet:
    """The clips of a finished cache; each clip's `path` is its NPZ with pair and map.

    Raises:
        SourceNotFoundError: the cache is not finished.
        UsageError: it lacks a data set of `names`, or was made with other settings.
        SourceFormatError: its settings or index are damaged.
    """
    held = read_settings(cache)
    check_made_alike(cache, held, settings_of(held.dataset, *configs_of(held.size_px)))
    if not (cache / INDEX).is_file():
        raise SourceNotFoundError(
            f"{cache} is not finished: run mer-train prepare again, it resumes where it stopped"
        )
    rows = read_rows(cache / INDEX, None, {name: (name,) for name in COLUMNS}, {})
    clips = [_clip(row, cache) for row in rows]
    composite = held.dataset == COMPOSITE
    there = {clip.dataset for clip in clips}
    parts = sorted(there) if ",".join(names) == held.dataset else _wanted(cache, names, there)
    sets = [
        _part(name, [clip for clip in clips if clip.dataset == name], classes, composite, cache)
        for name in parts
    ]
    return DataSet(
        ",".join(names),
        tuple(clip for part in sets for clip in part.clips),
        (*_rejected(cache), *(row for part in sets for row in part.rejected)),
    )


def _wanted(cache: Path, names: Sequence[str], there: set[str]) -> list[str]:
    """Some parts of a cache of several data sets."""
    lacking = [name for name in names if name not in there]
    if lacking:
        raise UsageError(
            f"{cache} holds no clips of {', '.join(lacking)}, only of {', '.join(sorted(there))}: "
            "choose among those, or prepare the data set into another folder"
        )
    return list(names)


def _part(
    name: str, clips: Iterable[Clip], classes: Classes, composite: bool, cache: Path
) -> DataSet:
    if composite:
        if classes == 5:
            raise UsageError(f"{cache} holds {COMPOSITE}, which has three classes: choose 3")
        return assemble(name, clips, None, cache)
    results: Iterable[Clip | Rejected] = clips
    if name == "casme2" and classes == 3:
        results = [as_in_megc2019(clip) for clip in clips]
    return assemble(name, results, class_map(name, classes), cache)


def _clip(row: Row, cache: Path) -> Clip:
    dataset, subject = row.text("dataset"), row.text("subject")
    if not is_safe_path(row.text("file")):
        raise SourceFormatError(
            f"{cache / INDEX} names {row.text('file')!r}, which is no file of the cache: delete "
            f"{cache} and prepare it again"
        )
    try:
        fps = float(row.text("fps"))
    except ValueError:
        raise SourceFormatError(
            f"{cache / INDEX}: fps is {row.text('fps')[:40]!r}: delete {cache} and prepare it again"
        ) from None
    return Clip(
        id=f"{dataset}/{subject}/{row.text('clip')}",
        dataset=dataset,
        subject=subject,
        path=cache / row.text("file"),
        fps=fps,
        onset=row.whole("onset") or 0,
        apex=row.whole("apex"),
        offset=row.whole("offset") or 0,
        emotion=row.text("emotion"),
        kind=row.text("kind"),
        extra={"source": row.text("source"), "spotted": row.text("spotted")},
    )


def _rejected(cache: Path) -> list[Rejected]:
    if not (cache / REJECTED).is_file():
        return []
    columns = {"source": ("source",), "reason": ("reason",)}
    return [
        Rejected(row.text("source"), row.text("reason"))
        for row in read_rows(cache / REJECTED, None, columns, {})
    ]
