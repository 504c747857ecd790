"""Fixtures of the source tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streamer.sources import SourceConfig, open_source
from tests.streamer.sources import make

CLIPS = Path(__file__).parents[4] / "shared" / "clips"


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder of real recordings; the test is skipped where it is absent."""
    if not CLIPS.is_dir():
        pytest.skip("the real recordings (../shared/clips) are not here")
    return CLIPS


@pytest.fixture(scope="session")
def encoded_clip(tmp_path_factory):
    return make.write_video(
        tmp_path_factory.mktemp("clip") / "clip.mp4",
        make.noisy(50),
        gop_size=10,
        container_options={"movflags": "faststart"},
    )


@pytest.fixture
def clip(encoded_clip, tmp_path):
    """An MP4 of 50 noisy frames, 40 ms apart, with its index at the front; the test's own copy."""
    return Path(shutil.copy(encoded_clip, tmp_path / "clip.mp4"))


@pytest.fixture
def read():
    """Reads a source to its end: (frames, report)."""

    def read_source(spec, config=None):
        with open_source(str(spec), config or SourceConfig()) as source:
            frames = list(source)
            return frames, source.report

    return read_source
