"""A part of a recording: the very frames of the whole, whichever way it is gone to."""

from __future__ import annotations

import io

import numpy as np
import pytest

from streamer.core.errors import SourceFormatError, UsageError
from streamer.core.settings import fill
from streamer.sources import SourceConfig, open_source
from streamer.sources.joined import JoinedSource
from streamer.sources.part import RUN_OUT_S
from streamer.sources.pipe import open_pipe
from streamer.sources.video import VideoReader
from tests.streamer.sources import make

LATE = SourceConfig(start_s=10.0, end_s=11.0, warm_up_s=2.0)


def facts(frames):
    return [(frame.index, frame.time_s, int(frame.image.astype(int).sum())) for frame in frames]


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
    """20 s of 25 frames a second with B-frames and a key frame each 1.2 s."""
    path = tmp_path_factory.mktemp("part") / "long.mp4"
    images = [make.plain((index % 250, 60, 90)) for index in range(500)]
    return make.write_video(path, images, gop_size=30, max_b_frames=2)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_a_part_has_the_frames_of_the_whole(tmp_path, read, suffix):
    codec = "mpeg4" if suffix == "avi" else "libx264"
    path = make.write_video(
        tmp_path / f"a.{suffix}", make.noisy(480, (32, 32)), gop_size=25, codec=codec
    )
    whole, _ = read(path)
    frames, report = read(path, LATE)
    inside = [f for f in whole if 8.0 - 1e-6 <= f.time_s < 11.0 + RUN_OUT_S - 1e-6]
    assert facts(frames) == facts(inside) and len(inside) == 225
    assert report.repairs == {} and not report.truncated


def test_little_is_decoded_before_a_part(long_clip, monkeypatch, read):
    """By key frames: at most two of their distances and the reordering, not 8 s."""
    decoded = []
    monkeypatch.setattr(
        "streamer.sources.decode.Decoder._decode",
        lambda self, packet: decoded.append(1) or self._stream.codec_context.decode(packet),
    )
    frames, _ = read(long_clip, LATE)
    assert frames[0].index == 200 and len(decoded) < len(frames) + 100


def test_without_sound_time_stamps_all_before_is_decoded(long_clip, monkeypatch, read):
    expected = facts(read(long_clip, LATE)[0])
    monkeypatch.setattr(VideoReader, "go_near", lambda self, time_s: None)
    assert facts(read(long_clip, LATE)[0]) == expected


def test_a_part_of_a_pipe_and_of_joined_files(long_clip, tmp_path):
    content = make.write_video(tmp_path / "a.mkv", make.noisy(100, (32, 32))).read_bytes()
    config = SourceConfig(start_s=3.0, end_s=3.2, warm_up_s=0.5)
    with open_pipe(io.BytesIO(content), config) as source:
        assert [frame.index for frame in source][:2] == [63, 64]  # 2.5 s is frame 62.5
        assert source.info.part.start_s == 3.0
    path = str(tmp_path / "a.mkv")
    late = SourceConfig(start_s=5.0, end_s=5.2, warm_up_s=0.0)
    with JoinedSource([path, path], late) as joined:
        frames = list(joined)
    assert (frames[0].index, frames[0].time_s) == (125, pytest.approx(5.0))


def test_times_as_they_are_printed_name_their_frame(tmp_path, read):
    """Frame 5 of 30 a second is at 0.166667 s, which a log shows as 0.167."""
    stamps = [round(1000 * index / 30) for index in range(30)]
    path = make.write_video(tmp_path / "a.mkv", make.noisy(30, (32, 32)), stamps)
    with open_source(str(path), SourceConfig(start_s=0.167, warm_up_s=0)) as source:
        part = source.info.part
        frames = list(source)
    assert next(f.index for f in frames if part.place(f.time_s) == 0) == 5
    assert (part.place(0.1665), part.place(0.1664)) == (0, -1)


@pytest.mark.parametrize("start_s", [3.0, 60.0])
def test_a_part_behind_the_end_is_an_error(clip, start_s):
    with pytest.raises(SourceFormatError, match=r"its last frame is at 1\.960 s"):
        list(open_source(str(clip), SourceConfig(start_s=start_s)))


def test_parts_that_cannot_be():
    for wrong in ({"start_s": 2.0, "end_s": 1.0}, {"end_s": 0.0}, {"roi": [0, 0, 0, 1]}):
        with pytest.raises(UsageError):
            fill(SourceConfig, wrong)
    with pytest.raises(UsageError, match="--start is for recordings"):
        open_source("webcam", SourceConfig(start_s=1.0))


@pytest.mark.parametrize("roi", [(16, 8, 32, 24), (0.25, 1 / 6, 0.5, 0.5)])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_cut_is_that_part_of_the_picture(tmp_path, read, roi, mirror):
    image = make.noisy(1)[0]
    path = make.write_video(tmp_path / "a.mkv", [image] * 3, codec="ffv1", pix_fmt="bgr0")
    whole = read(path)[0][0].image
    with open_source(str(path), SourceConfig(roi=roi, mirror=mirror)) as source:
        assert (source.info.width_px, source.info.height_px) == (32, 24)
        cut = next(iter(source)).image
    expected = whole[8:32, 16:48]
    assert np.array_equal(cut, expected[:, ::-1] if mirror else expected)
    assert cut.flags.c_contiguous


def test_a_cut_comes_after_the_turn(tmp_path, read):
    path = make.write_video(tmp_path / "a.mp4", [make.corner(size=(64, 48))] * 3)
    turned, _ = read(path, SourceConfig(rotate=90))
    cut, _ = read(path, SourceConfig(rotate=90, roi=(24, 0, 24, 32)))
    assert np.array_equal(cut[0].image, turned[0].image[:32, 24:])


def test_a_cut_outside_of_the_picture(clip):
    with pytest.raises(SourceFormatError, match="is no part of its pictures of 64 x 48 pixels"):
        open_source(str(clip), SourceConfig(roi=(60, 0, 10, 10)))
