"""Onset-apex pairs on disk: the aligned faces in a prepared clip's NPZ, checked."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamer.errors import SourceFormatError, UsageError
from training.records import Clip


def load_pairs(clips: Sequence[Clip]) -> NDArray[np.uint8]:
    """Onset and apex faces uint8 [N, 2, S, S, 3] of prepared clips, in their order.

    Raises:
        UsageError: the clips are flow maps, or frames that nobody has prepared yet.
        SourceFormatError: a file is damaged, or its faces have another size than the others'.
    """
    pairs = [_load_pair(clip) for clip in clips]
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
    try:
        with np.load(clip.path, allow_pickle=False) as held:
            pair = np.stack([held["onset_image"], held["apex_image"]])
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise SourceFormatError(
            f"{clip.path} cannot be read ({error}): delete it and run mer-train prepare again"
        ) from error
    if pair.dtype != np.uint8 or pair.ndim != 4 or pair.shape[1] != pair.shape[2]:
        raise SourceFormatError(
            f"{clip.path} holds faces {pair.dtype} {pair.shape[1:]}, not uint8 [S, S, 3]: delete "
            "it and run mer-train prepare again"
        )
    return pair
