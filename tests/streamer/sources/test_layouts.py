"""Walking along containers: in one piece, in many, and over anything."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import mutants
from streamer.sources import layouts
from streamer.sources.layouts.ogg import checksum
from streamer.sources.layouts.walk import Layout, Walk, walk_file

WALKED = ["apng", "avi", "flv", "gif", "mkv", "ogv", "ts", "webm", "wmv", "y4m", "mp4"]
WALKERS = sorted(layouts._WALKERS)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return {name: mutants._write(folder / f"c.{name}", name).read_bytes() for name in WALKED}


def in_pieces(data: bytes, walker, size: int) -> Layout:
    walk = Walk(walker)
    for at in range(0, len(data), size):
        walk.feed(data[at : at + size])
    return walk.finish()


@pytest.mark.parametrize("name", WALKED)
def test_a_sound_file_has_no_fault_and_all_pictures(sound, name):
    walker = layouts.walker_by_head(sound[name][:16])
    found = walk_file(io.BytesIO(sound[name]), walker)
    assert found.faults == []
    assert found.pictures in (None, mutants.FRAMES)
    for size in (1, 777, 1 << 20):
        assert in_pieces(sound[name], walker, size) == found


@pytest.mark.parametrize("name", WALKED)
def test_a_file_that_is_cut_has_a_fault(sound, name):
    data = sound[name]
    walker = layouts.walker_by_head(data[:16])
    for share in (0.3, 0.6, 0.9):
        cut = data[: int(len(data) * share) // 2 * 2 + 1]
        found = walk_file(io.BytesIO(cut), walker)
        assert found.faults or found.pictures == mutants.FRAMES, share
        assert bool(in_pieces(cut, walker, 500).faults) == bool(found.faults)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600), st.sampled_from(WALKERS), st.integers(1, 50))
def test_anything_can_be_walked(data, name, size):
    walker = layouts.walker_of(name)
    walk_file(io.BytesIO(data), walker)
    in_pieces(data, walker, size)


def test_a_length_that_cannot_be_ends_the_walk():
    data = b"\x89PNG\r\n\x1a\n" + b"\x7f\xff\xff\xff" + b"IDAT" + bytes(100)
    assert in_pieces(data, layouts.walker_of("apng"), 10).faults == [
        "has a block that is longer than it can be"
    ]


def test_the_checksum_of_ogg():
    """A page made by hand: the 32-bit remainder of x^32 for a single set bit at the end."""
    assert checksum(b"\x01") == 0x04C11DB7
    assert checksum(bytes(8)) == 0
