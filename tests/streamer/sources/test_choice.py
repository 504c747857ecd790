"""Which of several video streams is read, and that it is told."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest

from streamer.core.errors import SourceFormatError
from streamer.sources import SourceConfig, open_source
from tests.streamer.sources import make

PREVIEW, SMALL, LARGE = ((160, 120), 1), ((320, 256), 25), ((640, 480), 25)


def write(path, *streams, default=None):
    """Video streams ((width, height), fps) of 2 s each; `default`: the number of the marked one."""
    with av.open(str(path), "w") as container:
        made = []
        for size, fps in streams:
            stream = container.add_stream("mpeg4", rate=fps)
            stream.width, stream.height = size
            stream.codec_context.time_base = Fraction(1, fps)
            made.append(stream)
        if default is not None:
            made[default].disposition = av.stream.Disposition.default
        for stream, (size, fps) in zip(made, streams, strict=True):
            for index in range(2 * fps):
                frame = av.VideoFrame.from_ndarray(make.plain(size=size), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, fps)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize(
    ("streams", "default", "width"),
    [
        ((PREVIEW, LARGE), None, 640),
        ((PREVIEW, LARGE), 0, 640),  # a preview, whatever the file says
        ((SMALL, LARGE), 0, 320),
        ((LARGE, SMALL), 1, 320),
        ((LARGE, PREVIEW), None, 640),
    ],
)
def test_the_default_or_the_largest_is_read_and_told(
    tmp_path, read, suffix, streams, default, width
):
    path = write(tmp_path / f"two.{suffix}", *streams, default=default)
    frames, report = read(path)
    assert frames[0].image.shape[1] == width and len(frames) == 50
    assert "It holds 2 video streams: 0: " in report.errors[0]
    assert "--stream N takes another" in report.errors[0] and not report.truncated


def test_the_wanted_stream_is_read(tmp_path, read):
    path = write(tmp_path / "two.mkv", PREVIEW, LARGE)
    frames, report = read(path, SourceConfig(stream=0))
    assert frames[0].image.shape[:2] == (120, 160) and len(frames) == 2
    assert not any("streams" in error for error in report.errors)
    with pytest.raises(
        SourceFormatError, match=r"no video stream 2; there are 2, from 0: 0: 160 x"
    ):
        open_source(str(path), SourceConfig(stream=2))


def test_a_single_stream_is_not_spoken_of(clip, read):
    assert not any("video streams" in error for error in read(clip)[1].errors)
