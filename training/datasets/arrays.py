"""What prepared and published clips hold on disk, checked: maps, onset-apex pairs, whole clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.config import MapConfig
from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from streamer.core.files.strict_npz import Array, read_array, read_npz
from streamer.core.process.libraries import import_cv2
from training.common.records import Clip

SIZE = MapConfig().map_size
_ANY = ("u", "i", "f", "b", "c", "U", "S")  # types that `_checked` looks at
MAP_SUFFIXES = frozenset({".npy", ".npz", ".png"})


def load_map(clip: Clip) -> NDArray[np.uint8]:
    """The motion map uint8 [28, 28, 3] (u, v, strain) of a clip whose `path` is a map.

    Raises:
        SourceNotFoundError: no such file.
        SourceFormatError: not a map, another shape, NaN, or values outside 0..255; names file and
            row.
    """
    path = clip.path
    where = f"{path} ({clip.extra.get('source', clip.id)})"
    if not path.is_file():
        raise SourceNotFoundError(
            f"{where} is no map: run mer-train prepare on this data set first"
        )
    return _checked(_read(path, where), where)


def load_maps(clips: Sequence[Clip]) -> NDArray[np.uint8]:
    """The maps [N, 28, 28, 3] of the clips, in their order."""
    if not clips:
        return np.zeros((0, SIZE, SIZE, 3), dtype=np.uint8)
    return np.stack([load_map(clip) for clip in clips])


def _read(path: Path, where: str) -> NDArray:
    if path.suffix.lower() in (".npy", ".npz"):
        try:
            if path.suffix.lower() == ".npy":
                return read_array(path)
            return read_npz(path, {"map": Array(_ANY, None, finite=False)})["map"]
        except (ValueError, OSError) as error:
            raise SourceFormatError(f"{where} cannot be read ({error}): make it again") from error
    cv2 = import_cv2()
    image = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise SourceFormatError(f"{where} is not a readable image: restore it or drop its row")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _checked(values: NDArray, where: str) -> NDArray[np.uint8]:
    if values.shape != (SIZE, SIZE, 3):
        raise SourceFormatError(
            f"{where} has shape {values.shape}, not {(SIZE, SIZE, 3)}: make the map again"
        )
    if values.dtype == np.uint8:
        return values
    if not np.issubdtype(values.dtype, np.number) or not np.isfinite(values).all():
        raise SourceFormatError(
            f"{where} holds NaN or infinite values: make the map again, or drop its row"
        )
    if values.min() < 0 or values.max() > 255:
        raise SourceFormatError(
            f"{where} holds values outside 0..255: stretch every channel to 0..255 first"
        )
    return np.rint(values).astype(np.uint8)


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


def load_clips(clips: Sequence[Clip]) -> NDArray[np.object_]:
    """The faces of prepared clips from onset to offset: [N] of uint8 [T, S, S], grey, in order.

    Raises:
        UsageError: the clips are flow maps, or their cache was prepared without clips.
        SourceFormatError: a file is damaged, or its faces have another size than the others'.
    """
    loaded = np.empty(len(clips), dtype=object)
    for row, clip in enumerate(clips):
        loaded[row] = _load_clip(clip)
        if loaded[row].shape[1:] != loaded[0].shape[1:]:
            raise SourceFormatError(
                f"{clip.path} holds faces of another size than {clips[0].path}: prepare all data "
                "sets with the same settings"
            )
    return loaded


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
    onset, apex = (_read_pixels(clip, name) for name in ("onset_image", "apex_image"))
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


def _load_clip(clip: Clip) -> NDArray[np.uint8]:
    """[T, S, S]."""
    if clip.path.suffix.lower() != ".npz":
        raise UsageError(
            f"{clip.path} holds no clip of faces: this model looks at the faces from onset to "
            "offset. Give a cache made by mer-train prepare --clips from the data set's frames; "
            "data sets of flow maps only (megc2019-flow) cannot be used"
        )
    try:
        found = read_npz(clip.path, {"clip": Array(_NUMBERS, None, needed=False)}).get("clip")
    except (ValueError, OSError) as error:
        raise _damaged(clip, error) from error
    if found is None:
        raise UsageError(
            f"{clip.path} holds no faces between onset and offset: run mer-train prepare --clips "
            "again into the same cache, which adds them"
        )
    if found.dtype != np.uint8 or found.ndim != 3 or found.shape[1] != found.shape[2]:
        raise SourceFormatError(
            f"{clip.path} holds a clip {found.dtype} {found.shape}, not uint8 [T, S, S]: delete it "
            "and run mer-train prepare --clips again"
        )
    return found


def _load_wrong(clip: Clip) -> NDArray[np.uint8]:
    """[D, 2, S, S, 3]."""
    wrong = _read_pixels(clip, "jittered_images")
    if wrong.dtype != np.uint8 or wrong.ndim != 5 or wrong.shape[1] != 2:
        raise SourceFormatError(
            f"{clip.path} holds jittered pairs {wrong.dtype} {wrong.shape}, not uint8 "
            "[D, 2, S, S, 3]: delete it and run mer-train prepare again"
        )
    return wrong


def _read_pixels(clip: Clip, name: str) -> NDArray[np.uint8]:
    try:
        found: NDArray[np.uint8] = read_npz(clip.path, {name: Array(_NUMBERS, None)})[name]
    except (ValueError, OSError) as error:
        raise _damaged(clip, error) from error
    return found


def _damaged(clip: Clip, error: Exception) -> SourceFormatError:
    return SourceFormatError(
        f"{clip.path} cannot be read ({error}): delete it and run mer-train prepare again"
    )
