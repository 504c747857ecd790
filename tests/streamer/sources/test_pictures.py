"""Pictures of more than 8 bits, interlaced, of full and limited range, animated, by pattern."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from streamer.core.errors import SourceFormatError, SourceRefusedError, UsageError
from streamer.run.in_turn import _expand
from streamer.sources import SourceConfig, expand_sources, open_source
from streamer.sources.levels import Levels, find_levels
from streamer.sources.sequence import grouped, images_of
from streamer.sources.webp import frame_durations
from tests.streamer.sources import make

FPS = SourceConfig(fps=30)
CASES = Path(__file__).parent / "cases"
RAMP = np.tile(np.linspace(0, 1, 64), (48, 1))


@pytest.mark.parametrize(
    ("bits", "high"), [(8, 255), (10, 1023), (12, 4095), (14, 16383), (16, 65535)]
)
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_the_depth_that_is_used_is_found(tmp_path, read, bits, high, suffix):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.{suffix}"), np.rint(RAMP * high).astype(np.uint16))
    frames, report = read(tmp_path, FPS)
    assert np.abs(frames[1].image[..., 0] - 255 * RAMP).max() <= 1
    told = f"use the levels 0 to {high}" in "".join(report.errors)
    assert told == (bits < 16) and report.repairs == {}


def test_a_narrow_range_is_stretched():
    """Of a thermal camera: 14 bits, of which 400 levels are used."""
    levels = find_levels([np.rint(8000 + 400 * RAMP).astype(np.uint16)])
    assert levels.low == pytest.approx(8000, abs=8) and levels.high == pytest.approx(8400, abs=25)


def test_levels_by_hand():
    image = np.array([[0, 100, 300, 500, 900]], np.uint16)
    assert Levels(100, 500).apply(image).tolist() == [[0, 0, 128, 255, 255]]
    assert Levels(0.0, 1.0).apply(np.array([0.5, np.nan, 2.0])).tolist() == [128, 0, 255]
    assert Levels(16, 235).apply(np.array([16, 235, 20], np.uint8)).tolist() == [0, 255, 5]


def test_given_levels_beat_those_found(tmp_path, read):
    cv2.imwrite(str(tmp_path / "1.png"), np.full((48, 64), 500, np.uint16))
    frames, report = read(tmp_path, SourceConfig(fps=30, levels=(0, 1000)))
    assert frames[0].image[0, 0, 0] == 128 and report.errors == ()


@pytest.mark.parametrize("form", ["gray16le", "rgb48le"])
def test_ten_bits_in_a_video_of_sixteen(tmp_path, read, form):
    path = tmp_path / "deep.mkv"
    values = np.rint(RAMP * 1023).astype(np.uint16)
    if form == "rgb48le":
        values = np.repeat(values[..., None], 3, axis=2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = form
        for _ in range(12):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(values), format=form)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    frames, report = read(path)
    assert len(frames) == 12  # those that were looked at first are not lost
    assert np.abs(frames[0].image[..., 1].astype(int) - 255 * RAMP).max() <= 2
    assert "the levels 0 to 1023" in report.errors[0]


@pytest.mark.parametrize(
    ("color_range", "pix_fmt"), [(1, "yuv420p"), (2, "yuv420p"), (2, "yuvj420p")]
)
def test_full_and_limited_range_are_seen_as_they_are_meant(tmp_path, read, color_range, pix_fmt):
    """Dark and light grey come back as they were, whichever range they were stored in."""
    images = [make.plain((level,) * 3) for level in (5, 128, 250)]
    path = make.write_video(
        tmp_path / "a.mp4", images, pix_fmt=pix_fmt, color_range=color_range,
        options={"crf": "1"}, gop_size=1,
    )  # fmt: skip
    frames, _ = read(path)
    seen = [int(frame.image[24, 32, 0]) for frame in frames]
    assert seen == pytest.approx([5, 128, 250], abs=3)


def combed(index):
    """A bar that moves 6 px from one field to the next."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[0::2, 8 + 6 * index : 40 + 6 * index] = 255
    image[1::2, 11 + 6 * index : 43 + 6 * index] = 255
    return image


def write_interlaced(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=25, options={"x264-params": "tff=1", "crf": "5"}
        )
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.flags |= 0x20040000  # interlaced DCT and motion estimation
        for index in range(9):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(combed(index), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def comb(image):
    """How much neighbouring lines differ beside every second one."""
    grey = image[..., 1].astype(int)
    beside, every_second = np.abs(np.diff(grey, axis=0)).mean(), np.abs(grey[2:] - grey[:-2]).mean()
    return beside - every_second


def test_interlaced_material_is_told_and_can_be_mended(tmp_path, read):
    path = write_interlaced(tmp_path / "i.mp4")
    as_is, report = read(path)
    assert any("--deinterlace" in error for error in report.errors)
    mended, quiet = read(path, SourceConfig(deinterlace=True))
    assert [(f.index, f.time_s) for f in mended] == [(f.index, f.time_s) for f in as_is]
    assert not any("interlaced" in error for error in quiet.errors)
    assert comb(mended[4].image) < 0.3 * comb(as_is[4].image)


def write_webp(path, durations, size=(64, 48)):
    if not hasattr(cv2, "imwriteanimation"):
        pytest.skip("OpenCV before 4.11 has no animations")
    animation = cv2.Animation()
    shades = range(10, 10 + 20 * len(durations), 20)
    animation.frames = [
        cv2.cvtColor(make.plain((shade, 90, 120), size), cv2.COLOR_RGB2BGRA) for shade in shades
    ]
    animation.durations = np.array(durations, np.int32)
    assert cv2.imwriteanimation(str(path), animation)
    return path


def test_animated_webp_is_a_recording(tmp_path, read, monkeypatch):
    monkeypatch.setattr("streamer.sources.webp._HELD_PIXELS", 2 * 64 * 48)  # two at a time
    path = write_webp(tmp_path / "a.webp", [40, 40, 100, 40, 40])
    frames, report = read(path)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.18, 0.22])
    seen = [int(frame.image[0, 0, 0]) for frame in frames]
    assert seen == pytest.approx([10, 30, 50, 70, 90], abs=6)
    assert (report.repairs, report.truncated) == ({}, False)
    assert frame_durations(path.read_bytes()) == ([40, 40, 100, 40, 40], True)


def test_animated_webp_that_is_cut_off_or_too_large(tmp_path, read):
    whole = write_webp(tmp_path / "a.webp", [40] * 6).read_bytes()
    (tmp_path / "cut.webp").write_bytes(whole[: int(0.7 * len(whole))])
    try:
        _, report = read(tmp_path / "cut.webp")
        assert report.truncated
    except SourceFormatError as error:
        assert "can be decoded" in str(error)
    with pytest.raises(SourceRefusedError, match="larger than the limit"):
        open_source(str(tmp_path / "a.webp"), SourceConfig(max_megapixels=0.001))


@pytest.fixture
def sequence(tmp_path):
    for number in (1, 2, 3, 10):
        cv2.imwrite(str(tmp_path / f"img{number:04d}.png"), make.plain((number, 90, 120)))
    cv2.imwrite(str(tmp_path / "cover.jpg"), make.plain())
    return tmp_path


@pytest.mark.parametrize("pattern", ["img%04d.png", "img%d.png", "*.png", "img00*.png", "*.[p]ng"])
def test_patterns_of_images_are_one_recording(sequence, read, pattern):
    spec = str(sequence / pattern)
    if pattern != "*.[p]ng":
        assert expand_sources([spec]) == [spec]
        frames, report = read(spec, FPS)
        assert len(frames) == 4 and report.frames == 4
        with pytest.raises(UsageError, match="--fps"):
            open_source(spec)
    assert len(images_of(spec)) == 4


def test_images_that_a_shell_named_one_by_one_are_one_recording(sequence):
    names = [str(path) for path in images_of(str(sequence / "*.png"))]
    assert grouped(_expand([*names, "sample"])) == [names, ["sample"]]
    mixed = [names[0], str(sequence / "cover.jpg")]
    assert grouped(mixed) == [[name] for name in mixed]


def test_negative_times_keep_every_frame_and_are_told(read):
    frames, report = read(CASES / "neg.mkv")
    assert len(frames) == 20 and report.repairs == {"missing_pts": 20}
