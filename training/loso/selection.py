"""From a data set on disk to samples."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError, UsageError
from training.common.records import Clip
from training.datasets import class_names, load_dataset
from training.datasets.arrays import (
    MAP_SUFFIXES,
    load_clips,
    load_jittered,
    load_maps,
    load_pairs,
)
from training.datasets.prepared import is_prepared, read_settings
from training.models.base import Samples
from training.models.method import Reads
from training.prepare.run import PrepareConfig, prepare


@dataclass(frozen=True, slots=True)
class Selection:
    """What a benchmark runs on."""

    samples: Samples
    classes: tuple[str, ...]
    rejected: tuple[str, ...]  # a sentence for each row that cannot be used
    digest: str  # changes when any clip, label or map does


def load_selection(
    dataset: str,
    root: Path,
    classes: Literal[3, 5],
    reads: Reads = "maps",
    cache: Path | None = None,
) -> Selection:
    """Reads the maps of one or more data sets; the faces too where they are read.

    Where `root` holds frames, their faces are aligned and their maps made first, into `cache`; what
    is there already is not made again.

    Raises:
        SourceNotFoundError, SourceFormatError, UsageError: see the loaders; a map with NaN or of
            another size is named. Frames without a cache, too.
        OutputError: the cache cannot be written or holds other files.
    """
    loaded = load_dataset(dataset, root, classes)
    if any(clip.path.suffix.lower() not in MAP_SUFFIXES for clip in loaded.clips):
        loaded = load_dataset(dataset, _prepared(dataset, root, reads, cache), classes)
    if not loaded.clips:
        raise UsageError(f"{dataset} in {root} has no clips: choose another data set or root")
    names = _classes(sorted({clip.dataset for clip in loaded.clips}), classes)
    samples = to_samples(loaded.clips, names)
    if reads == "pairs":
        samples = replace(
            samples, pairs=load_pairs(loaded.clips), jittered=_jittered(root, loaded.clips)
        )
    if reads == "clips":
        samples = replace(samples, clips=load_clips(loaded.clips))
    rejected = tuple(f"{row.source}: {row.reason}" for row in loaded.rejected)
    return Selection(samples, names, rejected, digest_of(samples, names))


def offers(dataset: str, root: Path) -> frozenset[Reads]:
    """What methods can read there: flow maps alone; of a cache, or of frames, faces too.

    Raises:
        SourceNotFoundError, SourceFormatError, UsageError: see the loaders.
    """
    if is_prepared(root):
        faces: frozenset[Reads] = frozenset({"maps", "pairs"})
        return faces | {"clips"} if read_settings(root).clips else faces
    clips = load_dataset(dataset, root).clips
    only_maps = all(clip.path.suffix.lower() in MAP_SUFFIXES for clip in clips)
    return frozenset({"maps"}) if only_maps else frozenset({"maps", "pairs", "clips"})


def to_samples(clips: Sequence[Clip], classes: Sequence[str]) -> Samples:
    """Maps and labels of the clips.

    Raises:
        SourceFormatError: two clips with one id, or a label outside the classes.
    """
    ids = tuple(clip.id for clip in clips)
    if len(set(ids)) != len(ids):
        double = next(clip for clip in ids if ids.count(clip) > 1)
        raise SourceFormatError(f"clip {double} is listed twice: every clip counts once")
    unknown = [clip for clip in clips if clip.emotion not in classes]
    if unknown:
        raise SourceFormatError(
            f"{unknown[0].path}: {unknown[0].emotion!r} is none of {', '.join(classes)}: correct "
            "the label or leave the clip out"
        )
    labels = np.array([list(classes).index(clip.emotion) for clip in clips], dtype=np.int64)
    return Samples(ids, tuple(clip.group for clip in clips), load_maps(clips), labels)


def digest_of(samples: Samples, classes: Sequence[str]) -> str:
    """Sixteen hexadecimal digits of ids, labels, classes, maps and faces, whatever their order."""
    whole = hashlib.sha256(repr(tuple(classes)).encode())
    for row in sorted(range(len(samples)), key=lambda i: samples.ids[i]):
        whole.update(f"{samples.ids[row]} {samples.groups[row]} {samples.labels[row]}".encode())
        whole.update(samples.maps[row].tobytes())
        if samples.pairs is not None:
            whole.update(samples.pairs[row].tobytes())
        if samples.jittered is not None:
            whole.update(samples.jittered[row].tobytes())
        if samples.clips is not None:
            whole.update(repr(samples.clips[row].shape).encode() + samples.clips[row].tobytes())
    return whole.hexdigest()[:16]


def _jittered(root: Path, clips: Sequence[Clip]) -> NDArray[np.uint8] | None:
    """The wrong pairs of a cache that was prepared with jitter."""
    return load_jittered(clips) if is_prepared(root) and read_settings(root).jitter else None


def _prepared(dataset: str, root: Path, reads: Reads, cache: Path | None) -> Path:
    """A cache of the frames in `root`, made whole now where it is not."""
    clips = reads == "clips"
    command = f"mer-train prepare --dataset {dataset} --root {root} --output CACHE"
    command += " --clips" if clips else ""
    if cache is None:
        raise UsageError(f"{root} holds frames, not maps: run {command}, then use --root CACHE")
    print(
        f"{root} holds frames: their faces are aligned into {cache} first. A stopped run resumes "
        f"there; to prepare once for many runs: {command}, then --root CACHE",
        file=sys.stderr,
    )
    report = prepare(load_dataset(dataset, root), cache, PrepareConfig(clips=clips))
    print(report.text(cache), file=sys.stderr)
    return cache


def _classes(datasets: Sequence[str], classes: Literal[3, 5]) -> tuple[str, ...]:
    lists = {class_names(name, classes) for name in datasets}
    if len(lists) != 1:
        raise UsageError(
            f"{', '.join(datasets)} do not share the same {classes} classes: run them one by one"
        )
    return lists.pop() or ()
