"""Arrays that were read back from a disk (`.npz`): of the expected types and shapes, no pickle.

Sizes are compared with what the headers claim before anything is allocated, so a small file cannot
ask for much memory.
"""

from __future__ import annotations

import contextlib
import io
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceRefusedError
from streamer.core.files.regular import open_regular

MAX_BYTES = 2**30  # of all arrays of one file, unpacked
_MOST_ARRAYS = 10_000
# What zipfile, zlib and numpy's header reader raise for damaged data.
DAMAGE = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, SyntaxError),
    *(OSError, EOFError, RuntimeError, MemoryError, struct.error, tokenize.TokenError),
    *(zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True, slots=True)
class Array:
    """What an array must be.

    kinds: beginnings of numpy's type names without the byte order, as "u1" or "f" for any float.
    shape: None in it stands for any length; None as a whole for any shape.
    """

    kinds: tuple[str, ...]
    shape: tuple[int | None, ...] | None = ()
    needed: bool = True
    finite: bool = True


def read_npz(
    path: Path, wanted: Mapping[str, Array] | None, limit_bytes: int = MAX_BYTES
) -> dict[str, NDArray]:
    """The wanted arrays of a file; floats among them are finite. wanted: None: all there are.

    Raises ValueError for anything else, FileNotFoundError where there is no such file.
    """
    with _opened(path) as stream, zipfile.ZipFile(stream) as archive:
        return _wanted(archive, _every(archive) if wanted is None else wanted, limit_bytes)


def read_array(path: Path, limit_bytes: int = MAX_BYTES) -> NDArray:
    """The array of a `.npy` file. Raises ValueError, or FileNotFoundError."""
    with _opened(path) as stream:
        size = path.stat().st_size
        if size > limit_bytes:
            raise ValueError(f"it has {size} bytes, more than {limit_bytes}")
        return read_npy(stream, size)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """A file of arrays; whatever is wrong with it is a ValueError, but for FileNotFoundError."""
    try:
        with open_regular(path, path.name, "give a file of arrays") as stream:
            yield stream
    except FileNotFoundError:
        raise
    except SourceRefusedError as error:
        raise ValueError(str(error)) from None
    except DAMAGE as error:
        raise ValueError(str(error) or type(error).__name__) from None


def read_member(archive: zipfile.ZipFile, name: str, limit_bytes: int) -> NDArray:
    """One `.npy` member. Raises one of DAMAGE."""
    info = archive.getinfo(name)
    if info.file_size > limit_bytes:
        raise ValueError(f"{name} has {info.file_size} bytes, more than {limit_bytes}")
    with archive.open(info) as member:
        return read_npy(member, info.file_size)


def read_npy(stream: IO[bytes], size_bytes: int) -> NDArray:
    """An array of exactly `size_bytes` with its header. Raises one of DAMAGE."""
    whole = io.BytesIO(stream.read(size_bytes))
    version = np.lib.format.read_magic(whole)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"arrays of version {version} are not known")
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(whole)
    if dtype.hasobject or dtype.names is not None:
        raise ValueError("arrays of objects or records are not read")
    claimed = math.prod(shape) * dtype.itemsize
    if any(length < 0 for length in shape) or claimed != size_bytes - whole.tell():
        raise ValueError(f"an array of shape {shape} does not fit into {size_bytes} bytes")
    whole.seek(0)
    return np.asarray(np.lib.format.read_array(whole, allow_pickle=False))


def _every(archive: zipfile.ZipFile) -> dict[str, Array]:
    names = archive.namelist()
    if len(names) > _MOST_ARRAYS:
        raise ValueError(f"it holds {len(names)} arrays; {_MOST_ARRAYS} are the most")
    return {name.removesuffix(".npy"): Array(("",), None, finite=False) for name in names}


def _wanted(
    archive: zipfile.ZipFile, wanted: Mapping[str, Array], limit_bytes: int
) -> dict[str, NDArray]:
    there = set(archive.namelist())
    names = [name for name in wanted if wanted[name].needed or f"{name}.npy" in there]
    if sum(archive.getinfo(f"{name}.npy").file_size for name in names) > limit_bytes:
        raise ValueError(f"its arrays have more than {limit_bytes} bytes")
    found = {name: read_member(archive, f"{name}.npy", limit_bytes) for name in names}
    for name, array in found.items():
        _check(name, array, wanted[name])
    return found


def _check(name: str, array: NDArray, wanted: Array) -> None:
    kind = array.dtype.str[1:]
    shape = (None,) * array.ndim if wanted.shape is None else wanted.shape
    fits = len(array.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits or not kind.startswith(wanted.kinds):
        raise ValueError(f"{name} is an array {kind} of shape {array.shape}")
    if wanted.finite and array.dtype.kind in "fc" and not np.isfinite(array).all():
        raise ValueError(f"{name} is not finite")
