"""The faces of a data set's clips, aligned as in a stream, to draw pairs of frames from."""

from __future__ import annotations

import contextlib
import hashlib
import io
from pathlib import Path

import numpy as np
from tqdm import tqdm

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.core.files.atomic import write_file
from streamer.core.files.strict_npz import Array, read_npz
from streamer.faces.alignment import bring_to_anchor
from streamer.faces.config import FaceConfig
from training.common.records import Clip
from training.datasets import load_dataset
from training.datasets.prepared import is_prepared, load_prepared
from training.prepare.follow import ClipFollower
from training.selfme.motion_data import Stack

MOST_FACES = 16  # of a clip, evenly spread; onset and apex frame among them


def align_clips(dataset: str, root: Path, cache: Path, size_px: int = 128) -> list[Stack]:
    """The aligned faces of every clip; a clip that was done before is read from `cache`.

    `root` may also be a cache of mer-train prepare: its clips have two faces each.

    Raises:
        SourceFormatError: no clip shows a face in two frames.
    """
    if is_prepared(root):
        return [_read_pair(clip) for clip in load_prepared(root, dataset.split(",")).clips]
    config = FaceConfig(aligned_size_px=size_px)
    stacks, last = [], "it has no clips"
    follower = ClipFollower(config)
    try:
        for clip in tqdm(
            load_dataset(dataset, root).clips, desc="faces", unit="clip", disable=None
        ):
            try:
                stack = _cached(follower, clip, cache / f"{_key(clip, config)}.npz")
            except (SourceFormatError, SourceNotFoundError) as error:
                last = str(error)
                continue
            stacks.append(stack)
    finally:
        follower.close()
    if not stacks:
        raise SourceFormatError(f"no clip of {dataset} can be learnt from; the last: {last}")
    return stacks


def follow_clip(follower: ClipFollower, clip: Clip) -> Stack:
    """The largest face of a clip, brought under the transform of its last frame.

    Raises:
        SourceFormatError: fewer than two frames show it.
    """
    faces = [face for _, face in follower.follow(clip, clip.offset) if face is not None]
    if len(faces) < 2:
        raise SourceFormatError(f"{clip.id}: the face is seen in {len(faces)} frames, not in 2")
    apex = clip.onset + (clip.offset - clip.onset) // 2 if clip.apex is None else clip.apex
    kept = _spread([face.index for face in faces], apex)
    images = [bring_to_anchor(faces[i], faces[-1]) for i in kept]
    time_s = np.array([(faces[i].index - clip.onset) / clip.fps for i in kept])
    return Stack(clip.id, np.stack(images), time_s, 0.0, (apex - clip.onset) / clip.fps)


_STACK = {
    "faces": Array(("u1",), (None, None, None, 3)),
    "time_s": Array(("f",), (None,)),
    "at_s": Array(("f",), (2,)),
}
_FACE = Array(("u1",), (None, None, 3))
_PAIR = {"onset_image": _FACE, "apex_image": _FACE, "onset": Array(("i",)), "apex": Array(("i",))}


def _spread(indices: list[int], apex: int) -> list[int]:
    """Positions of at most MOST_FACES frames: evenly, with the first and the one of the apex."""
    count = min(len(indices), MOST_FACES)
    chosen = np.rint(np.linspace(0, len(indices) - 1, count)).astype(int)
    nearest = int(np.abs(np.array(indices) - apex).argmin())
    return sorted({*chosen.tolist(), nearest})


def _cached(follower: ClipFollower, clip: Clip, path: Path) -> Stack:
    with contextlib.suppress(ValueError, OSError):  # not there or damaged: followed again
        held = read_npz(path, _STACK)
        if len(held["faces"]) == len(held["time_s"]):
            onset_s, apex_s = (float(value) for value in held["at_s"])
            return Stack(clip.id, held["faces"], held["time_s"], onset_s, apex_s)
    stack = follow_clip(follower, clip)
    data = io.BytesIO()
    at_s = np.array([stack.onset_s, stack.apex_s])
    np.savez_compressed(data, faces=stack.faces, time_s=stack.time_s, at_s=at_s)
    write_file(path, data.getvalue())
    return stack


def _read_pair(clip: Clip) -> Stack:
    """Onset and apex face of a prepared clip."""
    try:
        held = read_npz(clip.path, _PAIR)
        faces = np.stack([held["onset_image"], held["apex_image"]])
    except (ValueError, OSError) as error:
        raise SourceFormatError(
            f"{clip.path} cannot be read ({error}): delete it and run mer-train prepare again"
        ) from error
    apex_s = (int(held["apex"]) - int(held["onset"])) / clip.fps
    return Stack(clip.id, faces, np.array([0.0, apex_s]), 0.0, apex_s)


def _key(clip: Clip, config: FaceConfig) -> str:
    facts = (clip.id, clip.onset, clip.apex, clip.offset, clip.fps, clip.path, config)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
