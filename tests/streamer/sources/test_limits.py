"""Pictures of too many pixels are refused by their header, from every kind of source."""

from __future__ import annotations

import io
import subprocess
import sys

import cv2
import numpy as np
import pytest

from streamer.core.errors import SourceRefusedError
from streamer.sources import SourceConfig, open_source
from streamer.sources.images import decode_image
from streamer.sources.limits import check_size
from streamer.sources.picture_size import picture_size
from streamer.sources.pipe import open_pipe
from tests.streamer.sources import make

SMALL = SourceConfig(max_megapixels=0.01)  # 10,000 pixels
LARGE, FITS = (128, 96), (112, 80)
WORDS = r"128 x 96 pixels .* limit of 0\.01.*source\.max_megapixels"


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts", "gif"])
def test_recordings(tmp_path, suffix):
    codec = {"gif": ("gif", "bgr8"), "avi": ("mpeg4", "yuv420p")}.get(
        suffix, ("libx264", "yuv420p")
    )
    for size in (LARGE, FITS):
        path = tmp_path / f"{size[0]}.{suffix}"
        make.write_video(
            path, make.noisy(4, size), codec=codec[0], pix_fmt=codec[1],
            container_options={"movflags": "faststart"} if suffix == "mp4" else {},
        )  # fmt: skip
    with pytest.raises(SourceRefusedError, match=WORDS):
        open_source(str(tmp_path / f"128.{suffix}"), SMALL)
    with pytest.raises(SourceRefusedError, match=WORDS):
        open_pipe(io.BytesIO((tmp_path / f"128.{suffix}").read_bytes()), SMALL)
    with open_source(str(tmp_path / f"112.{suffix}"), SMALL) as source:
        assert len(list(source)) == 4 and not source.report.truncated


def gif_header(width: int, height: int) -> bytes:
    """A GIF of one picture that is all of one colour: tiny, whatever its size."""
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return (
        b"GIF89a" + size + b"\x80\x00\x00" + bytes(6)
        + b"\x2c" + bytes(4) + size + b"\x00\x02\x02\x44\x01\x00\x3b"
    )  # fmt: skip


def test_a_tiny_file_of_a_huge_picture_takes_no_memory(tmp_path):
    path = tmp_path / "huge.gif"
    path.write_bytes(gif_header(16000, 16000))
    code = (
        "from pathlib import Path; from streamer.sources import open_source\n"
        "from streamer.core.errors import SourceRefusedError\n"
        f"try: open_source({str(path)!r})\n"
        "except SourceRefusedError as e: print(e)\n"
        # Not ru_maxrss: exec keeps it, so a process starts with the peak of the one that ran it.
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    sentence, peak = out.stdout.strip().splitlines()
    assert "16000 x 16000" in sentence and "256 megapixels" in sentence
    assert int(peak) < 600_000  # KiB; the picture alone would be 1 GB


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tiff", "webp"])
def test_image_folders(tmp_path, suffix):
    config = SourceConfig(fps=10, max_megapixels=0.01)
    for number, size in enumerate((FITS, LARGE, FITS)):
        cv2.imwrite(str(tmp_path / f"{number}.{suffix}"), make.noisy(1, size)[0])
    assert picture_size((tmp_path / f"1.{suffix}").read_bytes()) == LARGE
    with open_source(str(tmp_path), config) as source:  # a later one is left out and reported
        assert len(list(source)) == 2
        assert source.report.truncated and source.report.repairs == {"refused_images": 1}
    (tmp_path / f"0.{suffix}").unlink()
    with pytest.raises(SourceRefusedError, match=WORDS):
        open_source(str(tmp_path), config)


def test_headers_of_images():
    order = np.dtype("u1")
    for kind in (".png", ".jpg", ".bmp", ".tiff", ".webp"):
        for size in ((1, 1), (7, 300), (640, 3)):
            image = np.zeros((size[1], size[0], 3), order)
            data = cv2.imencode(kind, image)[1].tobytes()
            assert picture_size(data) == size, (kind, size)
            for cut in range(0, min(len(data), 60)):
                picture_size(data[:cut])  # never raises
    assert picture_size(b"GIF89a") is None
    lossless = cv2.imencode(".webp", np.zeros((5, 9, 3), order), [cv2.IMWRITE_WEBP_QUALITY, 101])
    assert picture_size(lossless[1].tobytes()) == (9, 5)
    assert decode_image(b"", "x") is None


def test_frames_that_grow_on_the_way_are_left_out(tmp_path):
    """Two broadcasts in one file: the second has larger pictures."""
    parts = []
    for size in (FITS, LARGE):
        path = tmp_path / f"{size[0]}.ts"
        make.write_video(path, make.noisy(10, size), gop_size=5)
        parts.append(path.read_bytes())
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(parts))
    limit = SourceConfig(max_megapixels=0.0095)
    with open_source(str(joined), limit) as source:
        sizes = {frame.image.shape[:2] for frame in source}
        report = source.report
    assert sizes == {FITS[::-1]} and report.frames == 10
    assert report.truncated and report.repairs["large_frames"] == 10
    assert "128 x 96" in " ".join(report.errors)


def test_limit_by_hand():
    check_size(8000, 8000, 64.0, "x")
    with pytest.raises(SourceRefusedError, match=r"max_megapixels=65$"):
        check_size(8001, 8000, 64.0, "x")
    with pytest.raises(ValueError, match="max_megapixels"):
        SourceConfig(max_megapixels=0)


def test_a_side_that_native_code_cannot_hold():
    check_size(32_766, 1, 64.0, "a")
    for width, height in ((32_767, 1), (1, 40_000)):
        with pytest.raises(SourceRefusedError, match="on one side"):
            check_size(width, height, 64.0, "a")
