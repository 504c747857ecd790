"""Webcams, with OpenCV's camera replaced by a scripted one."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from streamer.core.errors import CameraError
from streamer.sources import SourceConfig, open_source, webcam

QUICK = SourceConfig(reconnect_attempts=1, reconnect_backoff_s=0.01)


class FakeCamera:
    """Gives `count` blue pictures, 20 ms apart by its own clock, then fails."""

    count, opens, fps = 4, True, 30.0
    asked = ()

    def __init__(self, number):
        self.number, self.given, self.released = number, 0, False

    def isOpened(self):  # noqa: N802  OpenCV's name
        return self.opens

    def read(self):
        self.given += 1
        image = np.full((6, 8, 3), (200, 20, 10), np.uint8)  # blue, green, red
        return (True, image) if self.given <= self.count else (False, None)

    def set(self, name, value):
        FakeCamera.asked += ((name, value),)

    def get(self, name):
        if name == cv2.CAP_PROP_FPS:
            return self.fps
        return 5000 + 20.0 * self.given

    def release(self):
        self.released = True


@pytest.fixture
def camera(monkeypatch):
    names = ("CAP_PROP_FPS", "CAP_PROP_POS_MSEC", "COLOR_BGR2RGB", "cvtColor")
    fake = SimpleNamespace(VideoCapture=FakeCamera, **{name: getattr(cv2, name) for name in names})
    monkeypatch.setattr(webcam, "import_cv2", lambda: fake)
    monkeypatch.setattr(webcam, "check_device", lambda number: None)
    monkeypatch.setattr(FakeCamera, "asked", ())
    return FakeCamera


def test_pictures_times_and_loss(camera):
    with open_source("webcam:1", QUICK) as source:
        info = source.info
        frames = iter(source)
        got = [next(frames) for _ in range(3)]  # one of the four was read to know the size
    assert (info.name, info.kind, info.live) == ("webcam:1", "camera", True)
    assert (info.width_px, info.height_px, info.declared_fps) == (8, 6, 30.0)
    assert tuple(got[0].image[0, 0]) == (10, 20, 200)
    assert [frame.time_s for frame in got] == pytest.approx([0.0, 0.02, 0.04])


def test_rate_is_asked_for(camera):
    open_source("webcam", SourceConfig(fps=60)).close()
    assert camera.asked == ((cv2.CAP_PROP_FPS, 60),)


@pytest.mark.parametrize(("opens", "count"), [(False, 0), (True, 0)])
def test_absent_or_busy_camera(camera, monkeypatch, opens, count):
    monkeypatch.setattr(camera, "opens", opens)
    monkeypatch.setattr(camera, "count", count)
    with pytest.raises(CameraError, match="webcam:0 cannot be opened or gives no picture"):
        open_source("webcam", QUICK)


def test_unknown_rate(camera, monkeypatch):
    monkeypatch.setattr(camera, "fps", 0.0)
    with open_source("webcam", QUICK) as source:
        assert source.info.declared_fps is None


def test_message_lists_the_cameras_that_are_there(tmp_path):
    (tmp_path / "video0").touch()
    (tmp_path / "video10").touch()
    webcam.check_device(0, tmp_path, "linux")
    webcam.check_device(5, tmp_path, "darwin")  # only Linux shows its cameras as files
    with pytest.raises(CameraError, match=r"webcam:3: .*there are: webcam:0, webcam:10"):
        webcam.check_device(3, tmp_path, "linux")


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or Path("/dev/video0").exists(), reason="has a camera"
)
def test_real_machine_without_a_camera():
    with pytest.raises(CameraError, match="there are: none"):
        open_source("webcam")


def test_pictures_of_a_camera_are_turned_as_wanted(camera):
    with open_source("webcam", SourceConfig(rotate=90)) as source:
        assert (source.info.width_px, source.info.height_px) == (6, 8)
        assert next(iter(source)).image.shape == (8, 6, 3)


def test_pictures_of_a_mirroring_camera_are_flipped_and_cut(camera):
    with open_source("webcam") as source:
        plain = next(iter(source)).image
    config = SourceConfig(mirror=True, levels=(0, 510))
    with open_source("webcam", config) as source:
        image = next(iter(source)).image
    assert image.shape == plain.shape
    assert abs(image[:, ::-1].astype(int) - plain // 2).max() <= 1
