"""Reads NumPy's .npz files of strangers: regular files only, no pickles, sizes before contents.

What the archive and each array declare is looked at first, so that a small file can neither unpack
to many gigabytes nor ask for memory that its contents would not fill.
"""

from __future__ import annotations

import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from streamer.errors import SourceRefusedError
from streamer.regular import open_regular

MOST_BYTES = 16 * 2**30  # of all arrays, unpacked
_MOST_ARRAYS = 10_000
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError),
    # Of NumPy's reading of a header, and of a place in the file that is not there.
    *(OverflowError, MemoryError, SyntaxError, tokenize.TokenError, TypeError, OSError),
)


def read_arrays(
    path: Path, names: Collection[str] | None = None, most_bytes: int = MOST_BYTES
) -> dict[str, NDArray]:
    """The arrays of an .npz file by name; only `names`, where given.

    Raises:
        FileNotFoundError: nothing there. OSError: it cannot be read.
        KeyError: one of the names is missing.
        ValueError: it is no regular file, no .npz, damaged, or larger than `most_bytes`.
    """
    try:
        file = open_regular(path, path.name, "give an .npz file")
    except SourceRefusedError as error:
        raise ValueError(str(error)) from None
    try:
        with file, zipfile.ZipFile(file) as archive:
            return _read(archive, names, most_bytes)
    except _DAMAGE as error:
        raise ValueError(str(error) or type(error).__name__) from None


def _read(
    archive: zipfile.ZipFile, names: Collection[str] | None, most_bytes: int
) -> dict[str, NDArray]:
    entries = archive.infolist()
    if len(entries) > _MOST_ARRAYS:
        raise ValueError(f"it holds {len(entries)} arrays; {_MOST_ARRAYS} are the most")
    held = {entry.filename.removesuffix(".npy"): entry for entry in entries}
    wanted = {name: held[name] for name in (held if names is None else names)}
    whole = sum(entry.file_size for entry in wanted.values())
    if whole > most_bytes:
        raise ValueError(f"unpacked it has {whole} bytes; {most_bytes} are the most")
    arrays = {}
    for name, entry in wanted.items():
        with archive.open(entry) as member:
            arrays[name] = _read_array(member, name, entry.file_size)
    return arrays


def _read_array(member: IO[bytes], name: str, room: int) -> NDArray:
    version = npy.read_magic(member)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name} has the unknown format {version}")
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read_header(member)
    if dtype.hasobject:
        raise ValueError(f"{name} holds pickled objects, which are never read")
    size = math.prod(shape) * dtype.itemsize
    if size > room:
        raise ValueError(f"{name} declares {size} bytes and has {room}")
    data = member.read(size + 1)
    if len(data) != size:
        raise ValueError(f"{name} is cut short or too long")
    return np.ndarray(shape, dtype, bytearray(data), order="F" if fortran else "C")
