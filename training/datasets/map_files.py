"""Motion maps on disk, checked: PNG as published, NPY, or a prepared clip's NPZ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.config import MapConfig
from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.core.files.strict_npz import Array, read_array, read_npz
from streamer.core.process.libraries import import_cv2
from training.records import Clip

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
