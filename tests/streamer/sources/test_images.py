"""Folders of numbered images."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from streamer.core.errors import SourceFormatError, UsageError
from streamer.sources import SourceConfig, open_source
from streamer.sources.images import frame_slots
from tests.streamer.sources import make

FPS = SourceConfig(fps=200)


def write(folder, **colours):
    for stem, colour in colours.items():
        image = make.plain(colour) if isinstance(colour, tuple) else colour
        cv2.imwrite(str(folder / f"{stem}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def test_natural_order_rate_and_colours(tmp_path, read):
    write(tmp_path, img10=make.BLUE, img9=make.GREEN, img8=make.RED)
    (tmp_path / "notes.txt").touch()
    (tmp_path / "._img7.png").touch()
    frames, report = read(tmp_path, FPS)
    assert [frame.time_s for frame in frames] == [0.0, 0.005, 0.01]
    assert [tuple(frame.image[0, 0]) for frame in frames] == [make.RED, make.GREEN, make.BLUE]
    assert (report.frames, report.repairs, report.truncated) == (3, {}, False)


def test_info(tmp_path):
    write(tmp_path, img1=make.RED, img2=make.RED)
    with open_source(str(tmp_path), FPS) as source:
        info = source.info
    assert (info.kind, info.live, info.width_px, info.height_px) == ("images", False, 64, 48)
    assert (info.declared_fps, info.declared_frames, info.declared_duration_s) == (200, 2, 0.01)


def test_rate_is_needed(tmp_path):
    write(tmp_path, img1=make.RED)
    with pytest.raises(UsageError, match="--fps"):
        open_source(str(tmp_path))


def test_grey_sixteen_bit_and_alpha_images(tmp_path, read):
    cv2.imwrite(str(tmp_path / "1.png"), np.full((48, 64), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "2.png"), np.full((48, 64, 3), 90 * 256, np.uint16))
    cv2.imwrite(str(tmp_path / "3.png"), np.full((48, 64, 4), 90, np.uint8))
    frames, _ = read(tmp_path, FPS)
    for frame in frames:
        assert frame.image.shape == (48, 64, 3) and frame.image.dtype == np.uint8
        assert np.abs(frame.image.astype(int) - 90).max() <= 1


def test_unreadable_image_leaves_a_gap_and_is_named(tmp_path, read):
    write(tmp_path, img1=make.RED, img3=make.BLUE)
    (tmp_path / "img2.png").write_bytes(b"not an image")
    (tmp_path / "img4.png").touch()
    frames, report = read(tmp_path, FPS)
    assert [frame.time_s for frame in frames] == [0.0, 0.01]
    assert [frame.index for frame in frames] == [0, 1]
    assert report.repairs == {"unreadable_images": 2}
    assert report.errors == ("img2.png cannot be read as an image.",)
    assert report.truncated


def test_missing_number_leaves_a_gap(tmp_path, read):
    write(tmp_path, img1=make.RED, img2=make.RED, img4=make.BLUE)
    frames, report = read(tmp_path, FPS)
    assert [frame.time_s for frame in frames] == [0.0, 0.005, 0.015]
    assert report.repairs == {"missing_images": 1}


def test_sizes_may_change_and_are_reported(tmp_path, read):
    write(tmp_path, img1=make.RED, img2=make.plain(size=(32, 32)), img3=make.plain(size=(32, 32)))
    frames, report = read(tmp_path, FPS)
    assert [frame.image.shape[:2] for frame in frames] == [(48, 64), (32, 32), (32, 32)]
    assert report.repairs == {"frame_size_changes": 1}


def test_no_readable_image(tmp_path):
    (tmp_path / "img1.png").write_bytes(b"x")
    with pytest.raises(SourceFormatError, match=r"none of its 1 images .* img1.png"):
        open_source(str(tmp_path), FPS)


@pytest.mark.parametrize(
    ("stems", "slots"),
    [
        (["img1"], [0]),
        (["img8", "img9", "img10"], [0, 1, 2]),
        (["s01_img1", "s01_img2", "s01_img4"], [0, 1, 3]),  # the last number counts
        (["f0", "f5", "f10", "f20"], [0, 1, 2, 4]),  # every fifth frame was kept
        (["a", "b", "c"], [0, 1, 2]),
        (["img1", "img2", "title"], [0, 1, 2]),
        (["t0", "t33", "t67", "t100"], [0, 1, 2, 3]),  # milliseconds: no grid
        (["img1", "img2", "img900"], [0, 1, 2]),  # would be nearly empty
        (["img1", "img1b", "img2"], [0, 1, 2]),
    ],
)
def test_slots_by_hand(stems, slots):
    assert frame_slots(stems) == slots


def test_images_are_turned_as_wanted(tmp_path, read):
    cv2.imwrite(str(tmp_path / "img1.png"), np.zeros((4, 6, 3), dtype=np.uint8))
    with open_source(str(tmp_path), SourceConfig(fps=25, rotate=90)) as source:
        assert (source.info.width_px, source.info.height_px) == (4, 6)
    frames, report = read(tmp_path, SourceConfig(fps=25, rotate=270))
    assert frames[0].image.shape == (6, 4, 3)
    assert report.repairs == {}
