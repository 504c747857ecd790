"""Arrays of strangers: what is declared is checked before anything is unpacked."""

from __future__ import annotations

import contextlib
import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.core.files.strict_npz import Array, read_npz


def saved(**arrays: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)  # type: ignore[arg-type]
    return data.getvalue()


def npy(header: str, contents: bytes) -> bytes:
    text = header.encode("latin-1").ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + contents


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["u1", "i8", "f4", "f8", "U7", "?", "c8"]),
    st.lists(st.integers(0, 4), max_size=4),
    st.booleans(),
)
def test_what_numpy_writes_is_read(kind: str, shape: list[int], fortran: bool) -> None:
    import tempfile

    array = np.ones(shape, dtype=kind, order="F" if fortran else "C")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        path.write_bytes(saved(a=array, b=np.arange(3)))
        held = read_npz(path, None)
        assert set(held) == {"a", "b"} and held["a"].dtype == array.dtype
        assert np.array_equal(held["a"], array) and held["a"].flags.writeable
        assert list(read_npz(path, {"b": Array(("i",), (3,))})) == ["b"]
        for name, wanted in (("c", Array(("i",), (3,))), ("b", Array(("i",), (4,))),
                             ("b", Array(("f",), (3,)))):  # fmt: skip
            with pytest.raises(ValueError, match=r"."):
                read_npz(path, {name: wanted})


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }"
DAMAGED = {
    "pickle": saved(a=np.array([{}, 1], dtype=object)),
    "declares more than it has": {"a.npy": npy(HUGE % (10**12), b"1234")},
    "negative shape": {"a.npy": npy(HUGE % -1, b"1234")},
    "has more than it declares": {"a.npy": npy(HUGE % 1, b"12345678")},
    "header of code": {"a.npy": npy("__import__('os').system('false')", b"")},
    "header nested": {"a.npy": npy("(" * 110, b"")},
    "no header": {"a.npy": b"\x93NUMPY"},
    "no array": {"a.npy": b"hello"},
    "unknown version": {"a.npy": b"\x93NUMPY\x09\x00" + b"x" * 100},
    "empty file": b"",
    "text": b"hello" * 100,
    "npy": npy(HUGE % 1, b"1234"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_a_value_error(name: str, tmp_path: Path) -> None:
    made, path = DAMAGED[name], tmp_path / "a.npz"
    path.write_bytes(made) if isinstance(made, bytes) else archive(path, made)
    with pytest.raises(ValueError, match=r"."):
        read_npz(path, None)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_changed_or_cut_file_is_read_or_refused(data: st.DataObject) -> None:
    import tempfile

    whole = bytearray(saved(a=np.arange(50, dtype=np.float32), b=np.eye(3)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        path.write_bytes(whole[:cut] if data.draw(st.booleans()) else whole)
        with contextlib.suppress(ValueError):
            read_npz(path, None)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    zeros = npy(HUGE % (20 * 2**20), b"\0" * (80 * 2**20))
    path = archive(tmp_path / "bomb.npz", {"a.npy": zeros})
    del zeros
    assert path.stat().st_size < 2**20
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than"):
        read_npz(path, None, 8 * 2**20)
    assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    tracemalloc.stop()


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
def test_only_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    for path in (tmp_path / "pipe.npz", Path("/dev/zero"), tmp_path, Path("/proc/self/status")):
        with pytest.raises(ValueError, match="not a regular file"):
            read_npz(path, None)
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz", None)
