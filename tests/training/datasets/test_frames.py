"""Frame files: padding, prefixes, kinds of image, strays."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from tests.training.datasets.trees import images
from training.common.records import Clip
from training.datasets.frames import frames_of, list_frames, read_frames


@pytest.mark.parametrize(
    ("pattern", "number", "name"),
    [
        ("img{}.jpg", 9, "img9.jpg"),
        ("reg_img{}.jpg", 10, "reg_img10.jpg"),
        ("006_{:05d}.jpg", 9, "006_00009.jpg"),
        ("006_{:04d}.jpg", 9, "006_0009.jpg"),
        ("006_1_{:04d}.jpg", 11, "006_1_0011.jpg"),
        ("image1758{:04d}.jpg", 17580009, "image17580009.jpg"),
        ("{}.BMP", 10, "10.BMP"),
        ("{}.png", 10, "10.png"),
    ],
)
def test_names(tmp_path: Path, pattern: str, number: int, name: str) -> None:
    folder = images(tmp_path / "c", pattern, [9, 10, 11])
    for stray in ("Thumbs.db", "._img9.jpg", "img10 (1).jpg", "note.txt"):
        (folder / stray).touch()
    files = frames_of(Clip("a/b/c", "a", "b", folder, 200.0, 9, None, 11, "others"))
    assert len(files.numbers) == 3 and list(files.numbers) == sorted(files.numbers)
    assert files.path(number) == folder / name


def test_between_and_absent_frames(tmp_path: Path) -> None:
    files = list_frames(images(tmp_path / "c", "{}.jpg", [1, 2, 5, 10]))
    assert files.between(2, 9) == (2, 5)
    with pytest.raises(SourceFormatError, match=r"no frame 3 \(it has 4 frames, 1\.\.10\)"):
        files.path(3)
    with pytest.raises(SourceNotFoundError, match="gone"):
        list_frames(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceFormatError, match="no numbered images"):
        list_frames(tmp_path / "empty")


def test_an_unreadable_image_is_named(tmp_path: Path) -> None:
    folder = images(tmp_path / "c", "img{}.jpg", [1, 2])
    clip = Clip("a/b/c", "a", "b", folder, 200.0, 1, None, 2, "others")
    with pytest.raises(SourceFormatError, match=r"img1\.jpg cannot be read as an image"):
        next(iter(read_frames(clip, 2)))
