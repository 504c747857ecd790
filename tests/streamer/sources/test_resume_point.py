"""A recording that begins in the middle gives what one from the start gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streamer.core.records import SourceReport
from streamer.sources import open_source
from streamer.sources.recording import RecordingSource
from streamer.sources.resume_point import ResumePoint, checksum
from tests.streamer.sources.make import noisy, write_video

Seen = list[tuple[int, float, int]]
IMAGES = noisy(300)
NO_CUTS = {"sc_threshold": "0"}  # or every picture of noise would be a keyframe
JITTER = [40 * i + (7 * i) % 11 for i in range(300)]  # a variable rate


def read(source: RecordingSource) -> tuple[Seen, SourceReport]:
    with source:
        seen = [(f.index, f.time_s, checksum(f.image)) for f in source]
        return seen, source.report


def opened(path: Path) -> RecordingSource:
    source = open_source(str(path))
    assert isinstance(source, RecordingSource)
    return source


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("start") / "clip.mp4"
    return write_video(path, IMAGES, JITTER, gop_size=20, max_b_frames=2, options=NO_CUTS)


@pytest.mark.parametrize("frame", [110, 200, 299])
def test_a_jump_is_as_reading_on(clip: Path, frame: int) -> None:
    whole, report = read(opened(clip))
    source = opened(clip)
    assert source.go_to(ResumePoint(*whole[frame], plain=True))
    assert read(source) == (whole[frame:], report)


@pytest.mark.parametrize("frame", [0, 5, 110])
def test_skipping_is_as_reading_on(clip: Path, frame: int) -> None:
    whole, report = read(opened(clip))
    source = opened(clip)
    source.skip(frame)
    assert read(source) == (whole[frame:], report)


def test_a_jump_is_refused_where_it_might_be_wrong(clip: Path, tmp_path: Path) -> None:
    whole, _ = read(opened(clip))
    start = ResumePoint(*whole[200], plain=True)
    wrong = [
        replace(start, plain=False),  # something was repaired before it
        replace(start, frame=199),
        replace(start, time_s=start.time_s + 0.001),
        replace(start, checksum=start.checksum ^ 1),
        replace(start, frame=5, time_s=whole[5][1]),  # no keyframes before it
        replace(start, frame=9999),
    ]
    assert [opened(clip).go_to(other) for other in wrong] == [False] * len(wrong)
    one_key = write_video(tmp_path / "long.mp4", IMAGES, gop_size=1000, options=NO_CUTS)
    seen, _ = read(opened(one_key))
    assert not opened(one_key).go_to(ResumePoint(*seen[200], plain=True))
