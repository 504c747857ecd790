"""Onset-apex pairs on disk: the aligned faces in a prepared clip's NPZ, checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError, UsageError
from streamer.core.files.strict_npz import Array, read_npz
from training.records import Clip

_NUMBERS = ("u", "i", "f", "b")


def load_pairs(clips: Sequence[Clip]) -> NDArray[np.uint8]:
    """Onset and apex faces uint8 [N, 2, S, S, 3] of prepared clips, in their order.

    Raises:
        UsageError: the clips are flow maps, or frames that nobody has prepared yet.
        SourceFormatError: a file is damaged, or its faces have another size than the others'.
    """
    return _stack([_load_pair(clip) for clip in clips], clips)


def load_jittered(clips: Sequence[Clip]) -> NDArray[np.uint8]:
    """The wrong pairs uint8 [N, D, 2, S, S, 3] beside the right ones, in their order.

    Raises:
        SourceFormatError: a clip has none, or see `load_pairs`.
    """
    return _stack([_load_wrong(clip) for clip in clips], clips)


def _stack(pairs: list[NDArray[np.uint8]], clips: Sequence[Clip]) -> NDArray[np.uint8]:
    sizes = {pair.shape for pair in pairs}
    if len(sizes) > 1:
        odd = next(c for c, pair in zip(clips, pairs, strict=True) if pair.shape != pairs[0].shape)
        raise SourceFormatError(
            f"{odd.path} holds faces of another size than {clips[0].path}: prepare all data sets "
            "with the same settings"
        )
    return np.stack(pairs)


def _load_pair(clip: Clip) -> NDArray[np.uint8]:
    """[2, S, S, 3]."""
    if clip.path.suffix.lower() != ".npz":
        raise UsageError(
            f"{clip.path} holds no pair of faces: this model looks at the faces themselves. Give "
            "a cache made by mer-train prepare from the data set's frames; data sets of flow maps "
            "only (megc2019-flow) cannot be used"
        )
    onset, apex = (_read(clip, name) for name in ("onset_image", "apex_image"))
    if onset.shape != apex.shape:
        raise SourceFormatError(
            f"{clip.path} holds faces of shapes {onset.shape} and {apex.shape}: delete it and run "
            "mer-train prepare again"
        )
    pair = np.stack([onset, apex])
    if pair.dtype != np.uint8 or pair.ndim != 4 or pair.shape[1] != pair.shape[2]:
        raise SourceFormatError(
            f"{clip.path} holds faces {pair.dtype} {pair.shape[1:]}, not uint8 [S, S, 3]: delete "
            "it and run mer-train prepare again"
        )
    return pair


def _load_wrong(clip: Clip) -> NDArray[np.uint8]:
    """[D, 2, S, S, 3]."""
    wrong = _read(clip, "jittered_images")
    if wrong.dtype != np.uint8 or wrong.ndim != 5 or wrong.shape[1] != 2:
        raise SourceFormatError(
            f"{clip.path} holds jittered pairs {wrong.dtype} {wrong.shape}, not uint8 "
            "[D, 2, S, S, 3]: delete it and run mer-train prepare again"
        )
    return wrong


def _read(clip: Clip, name: str) -> NDArray[np.uint8]:
    try:
        found: NDArray[np.uint8] = read_npz(clip.path, {name: Array(_NUMBERS, None)})[name]
    except (ValueError, OSError) as error:
        raise SourceFormatError(
            f"{clip.path} cannot be read ({error}): delete it and run mer-train prepare again"
        ) from error
    return found
