"""Video files: times, pixels, header claims. Expected values are written out by hand."""

from __future__ import annotations

import gc
import struct
from pathlib import Path

import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from streamer.core.errors import InstallError, UsageError
from streamer.sources import SourceConfig, open_source
from streamer.sources.header import missing_end
from streamer.sources.pixels import upright_turn
from streamer.sources.view import rotated, turn, turned_further
from tests.streamer.sources import make


def seconds(frames):
    return [frame.time_s for frame in frames]


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


# name, frames, (width, height), last time, time of frame 1
REAL = [
    ("pyfeat_WolfgangLanger_Pexels.mp4", 472, (640, 360), 471 * 1001 / 24000, 1001 / 24000),
    ("pyfeat_single_face.mp4", 72, (640, 360), 71 / 30, 1 / 30),
    ("intel_asl_brother.mkv", 65, (640, 480), 2.167, 0.067),  # begins with a gap of 67 ms
    ("intel_headpose_female_and_male.gif", 56, (480, 270), 4.58, 0.08),
    ("intel_face_walking_pause.gif", 41, (480, 270), 3.33, 0.08),
]


@pytest.mark.parametrize(("name", "count", "size", "last_s", "second_s"), REAL)
def test_real_recordings_are_whole_and_in_time(clips, name, count, size, last_s, second_s):
    with open_source(str(clips / name)) as source:
        times = []
        for index, frame in enumerate(source):
            assert frame.index == index
            assert frame.image.shape == (size[1], size[0], 3)
            assert frame.image.dtype == np.uint8 and frame.image.flags.c_contiguous
            times.append(frame.time_s)
        info, report = source.info, source.report
    assert (len(times), report.frames) == (count, count)
    assert times[:2] == pytest.approx([0.0, second_s])
    assert times[-1] == pytest.approx(last_s)
    assert (info.width_px, info.height_px, info.kind, info.live) == (*size, "file", False)
    assert (report.truncated, report.repairs, report.errors) == (False, {}, ())


def test_header_without_counts(clips):
    with open_source(str(clips / "intel_asl_brother.mkv")) as source:
        assert source.info.declared_frames is None
        assert source.info.declared_duration_s == pytest.approx(2.2)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "webm", "mov"])
def test_variable_rate_keeps_its_times(tmp_path, read, suffix):
    pts = [0, 33, 100, 133, 1133, 1166]  # ms; a gap of one second
    codec = "libvpx" if suffix == "webm" else "libx264"
    path = make.write_video(tmp_path / f"v.{suffix}", make.noisy(6), pts, codec=codec)
    frames, report = read(path)
    assert seconds(frames) == pytest.approx([value / 1000 for value in pts], abs=1e-9)
    assert (report.truncated, report.repairs) == (False, {})


def test_late_first_stamp_is_taken_off_and_reported(tmp_path, read):
    path = make.write_video(tmp_path / "late.mkv", make.noisy(3), [1500, 1540, 1580])
    frames, report = read(path)
    assert seconds(frames) == pytest.approx([0, 0.04, 0.08])
    assert report.repairs == {"late_first_pts": 1}
    assert report.errors == (
        "The first frame is at 1.500 s of the recording; times count from it.",
    )
    assert not report.truncated


def test_broadcast_clocks_may_start_anywhere(tmp_path, read):
    path = make.write_video(tmp_path / "v.ts", make.noisy(3), [9000, 9040, 9080], gop_size=1)
    frames, report = read(path)
    assert seconds(frames) == pytest.approx([0, 0.04, 0.08], abs=1e-4)
    assert (report.repairs, report.truncated) == ({}, False)


def test_joined_broadcast_streams_continue_in_time(tmp_path, read):
    part = make.write_video(tmp_path / "part.ts", make.noisy(10), gop_size=1).read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(part + part)  # the second half starts at 0 again
    frames, report = read(joined)
    assert seconds(frames) == pytest.approx([0.04 * i for i in range(20)], abs=1e-4)
    assert report.repairs == {"backward_pts": 1, "flagged_packets": 1}
    assert not report.truncated


def test_repeated_stamps_are_spread(tmp_path, read):
    path = make.write_video(
        tmp_path / "same.mkv", make.noisy(4), [0, 40, 40, 80], codec="ffv1", pix_fmt="bgr0"
    )
    frames, report = read(path)
    assert seconds(frames) == pytest.approx([0, 0.04, 0.06, 0.08])
    assert report.repairs == {"repeated_pts": 1}


def test_raw_stream_without_stamps(tmp_path, read):
    frames, report = read(make.write_video(tmp_path / "raw.h264", make.noisy(5)))
    times = seconds(frames)
    assert len(times) == 5 and times == sorted(set(times))
    assert not report.truncated


# red at the top left of a black picture, then where it is shown
@pytest.mark.parametrize(
    ("matrix", "shape", "corner"),
    [
        ((1, 0, 0, 1), (48, 64), (0, 0)),
        ((0, 1, -1, 0), (64, 48), (0, -1)),  # a quarter turn clockwise: top right
        ((0, -1, 1, 0), (64, 48), (-1, 0)),  # counter-clockwise: bottom left
        ((-1, 0, 0, -1), (48, 64), (-1, -1)),
        ((-1, 0, 0, 1), (48, 64), (0, -1)),  # mirrored left to right
        ((1, 0, 0, -1), (48, 64), (-1, 0)),  # upside down by a flip
    ],
)
def test_rotation_of_the_header_is_applied(tmp_path, matrix, shape, corner):
    path = make.write_video(tmp_path / "turned.mp4", [make.corner(size=(64, 48))] * 3)
    make.set_display_matrix(path, *matrix)
    with open_source(str(path)) as source:
        image = next(iter(source)).image
        assert (source.info.height_px, source.info.width_px) == shape
    assert image.shape == (*shape, 3) and image.flags.c_contiguous
    red = {(row, column) for row in (0, -1) for column in (0, -1) if image[row, column, 0] > 120}
    assert red == {corner}


@pytest.mark.parametrize(
    ("rotate", "shape", "corner"),
    [(90, (64, 48), (0, -1)), (180, (48, 64), (-1, -1)), (270, (64, 48), (-1, 0))],
)
def test_the_wanted_rotation_is_clockwise(tmp_path, rotate, shape, corner):
    """The red corner is the first of the first line before."""
    path = make.write_video(tmp_path / "plain.mp4", [make.corner(size=(64, 48))] * 3)
    with open_source(str(path), SourceConfig(rotate=rotate)) as source:
        image = next(iter(source)).image
        assert (source.info.height_px, source.info.width_px) == shape == image.shape[:2]
    red = {(row, column) for row in (0, -1) for column in (0, -1) if image[row, column, 0] > 120}
    assert red == {corner}


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_further_rotation_comes_after_that_of_the_header(quarters, mirrored, rotate):
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    upright = turn(image, quarters, mirrored)
    at_once = turn(image, *turned_further((quarters, mirrored), rotate))
    assert np.array_equal(at_once, np.rot90(upright, -rotate // 90))
    assert np.array_equal(rotated(upright, rotate), at_once)


def test_turn_without_a_matrix():
    assert [upright_turn(None, degrees) for degrees in (0, 90, -90, -180, 89)] == [
        (0, False),
        (1, False),
        (3, False),
        (2, False),
        (1, False),
    ]


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix", "tolerance"),
    [
        ("libx264", "yuv420p", "mp4", 8),
        ("libx264", "yuvj420p", "mkv", 8),  # full range
        ("libx264", "yuv420p10le", "mkv", 8),
        ("libx264", "yuv444p", "mkv", 8),
        ("ffv1", "bgra", "mkv", 0),  # alpha
        ("ffv1", "gbrp10le", "mkv", 2),
        ("png", "rgba", "mov", 0),
    ],
)
@pytest.mark.parametrize("colour", [make.RED, make.GREEN, make.BLUE])
def test_every_pixel_format_becomes_rgb(tmp_path, codec, pix_fmt, suffix, tolerance, colour):
    path = tmp_path / f"v.{suffix}"
    make.write_video(path, [make.plain(colour)] * 3, [0, 40, 80], codec=codec, pix_fmt=pix_fmt)
    with open_source(str(path)) as source:
        image = next(iter(source)).image
    assert image.shape == (48, 64, 3) and image.dtype == np.uint8
    assert np.abs(image.astype(int) - colour).max() <= tolerance


def test_palette_becomes_rgb(tmp_path):
    path = make.write_video(
        tmp_path / "p.gif", [make.plain(make.RED)] * 2, codec="gif", pix_fmt="rgb8"
    )
    with open_source(str(path)) as source:
        image = next(iter(source)).image
    # 3 + 3 + 2 bits and dithered: right in the mean
    assert image.mean(axis=(0, 1)) == pytest.approx(make.RED, abs=12)


@pytest.mark.parametrize("pix_fmt", ["gray", "gray10le", "gray16le"])
def test_grey_becomes_rgb(tmp_path, pix_fmt):
    path = make.write_video(
        tmp_path / "grey.mkv", [make.plain((90, 90, 90))] * 2, codec="ffv1", pix_fmt=pix_fmt
    )
    with open_source(str(path)) as source:
        image = next(iter(source)).image
    assert np.abs(image.astype(int) - 90).max() <= 4


@pytest.mark.parametrize("space", [Colorspace.ITU709, Colorspace.ITU601])
@pytest.mark.parametrize("scale", [ColorRange.MPEG, ColorRange.JPEG])
def test_colours_follow_what_the_recording_says_of_itself(tmp_path, space, scale):
    # Read with the wrong matrix this green would be off by more than 20.
    path = make.write_video(
        tmp_path / "c.mkv", [make.plain(make.GREEN)] * 2, colorspace=space, color_range=scale
    )
    with open_source(str(path)) as source:
        image = next(iter(source)).image
    assert np.abs(image.astype(int) - make.GREEN).max() <= 8


def test_odd_sizes(tmp_path, read):
    path = make.write_video(
        tmp_path / "odd.mkv", make.noisy(2, size=(63, 47)), codec="ffv1", pix_fmt="yuv420p"
    )
    assert read(path)[0][0].image.shape == (47, 63, 3)


def test_frame_size_may_change(tmp_path, read):
    parts = [
        make.write_video(tmp_path / f"{size[0]}.ts", make.noisy(4, size=size), gop_size=1)
        for size in [(64, 48), (96, 64)]
    ]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames, report = read(joined)
    assert [frame.image.shape[:2] for frame in frames] == [(48, 64)] * 4 + [(64, 96)] * 4
    assert report.repairs["frame_size_changes"] == 1


@pytest.mark.parametrize(
    ("found_s", "declared_s", "found_frames", "declared_frames", "short"),
    [
        (2.00, 2.0, 50, 50, False),
        (1.96, 2.0, 49, 50, False),  # within the tolerance
        (1.50, 2.0, 37, 50, True),
        (2.00, 2.0, 50, 5000, False),  # the count lies
        (2.00, 99.0, 50, 50, False),  # the duration lies
        (1.50, 2.0, 37, None, True),
        (1.50, None, 37, 50, True),
        (1.50, None, 37, None, False),  # nothing declared
        (3600.0, 3606.0, 90000, 90150, False),  # 6 s in an hour: a rounded rate
        (3600.0, 3660.0, 90000, 91500, True),
    ],
)
def test_a_cut_is_what_every_claim_says(found_s, declared_s, found_frames, declared_frames, short):
    sentence = missing_end(found_s, declared_s, found_frames, declared_frames)
    assert bool(sentence) is short
    assert not short or f"{found_s:.2f} of" in sentence or f"{found_frames} of" in sentence


def test_edit_list_that_shows_half_is_not_a_cut(clip, read):
    # elst: version and flags, count, then duration (movie time scale 1000), media time, rate
    make.patch(clip, b"elst", 8, struct.pack(">Ii", 1000, 0))
    frames, report = read(clip)
    assert 24 <= len(frames) <= 26  # 1 s at 25 fps
    assert (report.truncated, report.repairs) == (False, {})


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mkv", "libx264"), ("asf", "mpeg4"), ("mp4", "libx264")]
)
def test_longer_sound_is_not_a_cut(tmp_path, read, suffix, codec):
    path = make.write_with_sound(tmp_path / f"sound.{suffix}", codec, frames=10, sound_s=3.0)
    frames, report = read(path)
    assert (len(frames), report.truncated) == (10, False)


def test_source_is_read_once(clip):
    source = open_source(str(clip))
    assert len(list(source)) == 50
    with pytest.raises(UsageError, match="read once"):
        iter(source)
    source.close()
    source.close()


def test_leaving_early_frees_the_file(clip):
    before = open_files()
    for _ in open_source(str(clip)):
        break
    with open_source(str(clip)) as source:
        next(iter(source))
    unused = open_source(str(clip))
    unused.close()
    assert open_files() == before


def test_the_end_of_the_loop_frees_the_file(clip):
    before = open_files()
    read, left = open_source(str(clip)), open_source(str(clip))
    list(read)
    for _ in left:
        break
    assert open_files() == before  # although both sources still exist
    assert (read.report.frames, left.report.frames) == (50, 1)


def test_report_is_a_snapshot(clip):
    with open_source(str(clip)) as source:
        frames = iter(source)
        next(frames)
        early = source.report
        list(frames)
        assert (early.frames, source.report.frames) == (1, 50)


def test_images_are_not_overwritten_by_later_frames(clip, read):
    frames, _ = read(clip)
    assert len({frame.image.tobytes() for frame in frames}) == 50


def test_threads_do_not_change_a_pixel(clip, read):
    one, _ = read(clip, SourceConfig(decode_threads=1))
    many, _ = read(clip, SourceConfig(decode_threads=4))
    assert [f.time_s for f in one] == [f.time_s for f in many]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(one, many, strict=True))


def test_rate_for_a_file_is_refused(clip):
    with pytest.raises(UsageError, match="has its own times"):
        open_source(str(clip), SourceConfig(fps=30))


def test_sample(monkeypatch, tmp_path, clip):
    assets = tmp_path / "assets"
    monkeypatch.setattr("streamer.sources.files.resources.files", lambda package: tmp_path)
    with pytest.raises(InstallError, match="pip install"):
        open_source("sample")
    assets.mkdir()
    clip.rename(assets / "sample.mp4")
    with open_source("sample") as source:
        assert source.info.name == "sample"
        assert len(list(source)) == 50
