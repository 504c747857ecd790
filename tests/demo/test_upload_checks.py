"""Uploads are judged by what is in them, and refused in a sentence for the visitor."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from demo.limits import Limits, refuse_too_large
from streamer.batch.inputs import sample_path
from streamer.core.errors import MerError, SourceFormatError, SourceRefusedError
from tests.demo.clips import write_sound, write_video

SHOWN = "holiday ü.mp4"
GREY = np.full((64, 64, 3), 128, dtype=np.uint8)


def refusal(path: Path, limits: Limits | None = None) -> MerError:
    with pytest.raises(MerError) as refused:
        refuse_too_large(path, SHOWN, limits or Limits())
    sentence = str(refused.value)
    assert sentence.startswith(SHOWN), sentence
    assert str(path.parent) not in sentence and path.name not in sentence
    assert sentence.endswith((".", "OUTPUT.mkv", "--fps)."))
    return refused.value


def text(path: Path) -> None:
    path.write_text("This is no film.\n" * 300)


def concat(path: Path) -> None:
    path.write_text("ffconcat version 1.0\nfile /etc/passwd\n")


def hls(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n#EXT-X-ENDLIST\n")


def dash(path: Path) -> None:
    path.write_text('<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>')


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.write(sample_path(), "sample.mp4")


def empty(path: Path) -> None:
    path.touch()


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(7).bytes(50_000))


def half_a_header(path: Path) -> None:
    path.write_bytes(sample_path().read_bytes()[:100_000])


def png(path: Path) -> None:
    path.write_bytes(cv2.imencode(".png", GREY)[1].tobytes())


def photo(path: Path) -> None:
    path.write_bytes(cv2.imencode(".jpg", GREY)[1].tobytes())


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (text, SourceFormatError, "is a text file and not a video"),
        (concat, SourceRefusedError, "is a playlist and not a recording"),
        (hls, SourceRefusedError, "is a playlist and not a recording"),
        (dash, SourceRefusedError, "is a playlist and not a recording"),
        (archive, SourceFormatError, "cannot be opened as a video"),
        (empty, SourceFormatError, "is empty (0 bytes)"),
        (noise, SourceFormatError, "cannot be opened as a video"),
        (half_a_header, SourceFormatError, "cut off before its index"),
        (png, MerError, "is a single image and not a video"),
        (photo, MerError, "is a single image and not a video"),
        (write_sound, SourceFormatError, "has no video stream (it holds only: audio)"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_no_recording_is_refused(
    tmp_path: Path, make: Callable[[Path], None], error: type[MerError], says: str
) -> None:
    path = tmp_path / "upload-1.mp4"
    make(path)
    refused = refusal(path)
    assert isinstance(refused, error) and says in str(refused)


@pytest.mark.parametrize(
    ("width", "height", "fits"), [(4096, 2160, True), (12_000, 752, False), (12_000, 750, True)]
)
def test_large_pictures_are_refused_by_the_header(
    tmp_path: Path, width: int, height: int, fits: bool
) -> None:
    path = tmp_path / "upload-1.mkv"
    wide = np.zeros((height, width, 3), dtype=np.uint8)
    write_video(path, [wide, wide], codec="ffv1", pixels="gray")
    if fits:
        refuse_too_large(path, SHOWN, Limits())
        return
    sentence = str(refusal(path))
    assert f"pictures of {width} x {height}" in sentence and "9 million pixels" in sentence


def test_long_recordings_are_refused_by_the_header(tmp_path: Path) -> None:
    path = tmp_path / "upload-1.mkv"
    write_video(path, [GREY, GREY], codec="ffv1", pixels="gray", seconds=[0.0, 750.0])
    sentence = str(refusal(path))
    assert "12.5 minutes long; this page takes up to 10" in sentence
    refuse_too_large(path, SHOWN, Limits(minutes=13.0))


@pytest.mark.parametrize("suffix", [".mp4", ".txt", ""])
def test_a_recording_passes_whatever_its_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"upload-1{suffix}"
    path.write_bytes(sample_path().read_bytes())
    refuse_too_large(path, SHOWN, Limits())
    path.unlink()  # and it is not held open
    with pytest.raises(SourceRefusedError, match=r"0\.2 minutes"):
        refuse_too_large(sample_path(), SHOWN, Limits(minutes=0.2))
