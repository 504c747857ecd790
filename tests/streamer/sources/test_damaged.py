"""Pictures that were decoded with errors are not shown."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av
import numpy as np
import pytest

from streamer.sources.config import SourceConfig
from streamer.sources.counters import SourceCounters
from streamer.sources.damaged import LONGEST_STILL, SoundPictures
from streamer.sources.decode import Decoder
from streamer.sources.video import VideoReader
from tests.streamer.sources.make import noisy, write_video

GOP = 10


@dataclass(frozen=True)
class Decoded:
    number: int
    is_corrupt: bool = False
    key_frame: bool = False
    width: int = 64
    height: int = 48


def shown(frames: list[Decoded]) -> list[int]:
    pictures = SoundPictures()
    return [pictures.shown(frame).number for frame in frames]


def test_the_picture_stands_still_up_to_the_next_keyframe():
    frames = [Decoded(i, is_corrupt=i == 3, key_frame=i % 6 == 0) for i in range(8)]
    assert shown(frames) == [0, 1, 2, 2, 2, 2, 6, 7]


def test_a_corrupt_keyframe_mends_nothing():
    frames = [Decoded(i, is_corrupt=i in (1, 2), key_frame=i in (2, 4)) for i in range(6)]
    assert shown(frames) == [0, 0, 0, 0, 4, 5]


def test_nothing_sound_came_before():
    frames = [Decoded(0, is_corrupt=True), Decoded(1), Decoded(2, key_frame=True)]
    assert shown(frames) == [0, 1, 2]


def test_a_stream_without_keyframes_goes_on():
    frames = [Decoded(i, is_corrupt=i == 1) for i in range(LONGEST_STILL + 3)]
    numbers = shown(frames)
    assert set(numbers[1 : LONGEST_STILL + 1]) == {0}
    assert numbers[LONGEST_STILL + 1 :] == [LONGEST_STILL + 1, LONGEST_STILL + 2]


def test_a_picture_of_another_size_is_shown():
    assert shown([Decoded(0), Decoded(1, is_corrupt=True, width=32), Decoded(2)]) == [0, 1, 0]


def damaged_stream(path, seed: int) -> bytes:
    """A transport stream with keyframes at 0, 10, 20 and errors between 10 and 20."""
    data = bytearray(path.read_bytes())
    chance = np.random.default_rng(seed)
    third = len(data) // 3
    for place in chance.integers(third + third // 4, 2 * third - third // 4, 30):
        if place % 188 > 20:  # the headers of the packets stay whole
            data[place] ^= int(chance.integers(1, 256))
    return bytes(data)


def flags(data: bytes) -> list[tuple[bool, bool]]:
    with av.open(io.BytesIO(data), format="mpegts") as container:
        decoder = Decoder(container, container.streams.video[0], SourceCounters(), threads=1)
        return [(bool(f.is_corrupt), bool(f.key_frame)) for f in decoder]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("damaged") / "whole.ts"
    options = {"x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0"}
    write_video(path, noisy(3 * GOP), options=options)
    for seed in range(20):
        data = damaged_stream(path, seed)
        corrupt = [corrupt for corrupt, _ in flags(data)]
        if any(corrupt) and not corrupt[0]:
            return data
    raise AssertionError("the decoder noticed none of the errors")


def test_a_reader_shows_the_last_sound_picture_and_counts(damaged):
    container = av.open(io.BytesIO(damaged), format="mpegts")
    reader = VideoReader(container, "a.ts", "file", SourceConfig(decode_threads=1))
    images = [stamped[1] for stamped in reader]
    reader.close()
    decoded = flags(damaged)
    assert len(images) == len(decoded)
    still, first = 0, next(i for i, (corrupt, _) in enumerate(decoded) if corrupt)
    for i in range(first, len(images)):
        corrupt, key = decoded[i]
        if i > first and key and not corrupt:
            break
        assert np.array_equal(images[i], images[first - 1])
        still += 1
    else:
        raise AssertionError("no keyframe follows")
    assert not np.array_equal(images[first + still], images[first - 1])
    assert reader.counters.report().repairs["frozen_frames"] >= still
