"""Cameras of this machine, by number.

OpenCV opens them: it takes a number on every system, where FFmpeg wants a device path on Linux, a
number with exactly fitting options on macOS and a product name on Windows.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import CameraError, MerError, UsageError
from streamer.core.process.libraries import import_cv2
from streamer.core.records import SourceInfo
from streamer.sources.config import SourceConfig
from streamer.sources.limits import MAX_MEGAPIXELS, check_size
from streamer.sources.live import LiveSource
from streamer.sources.timing import CaptureClock
from streamer.sources.view import View, rotated


def open_webcam(number: int, config: SourceConfig) -> LiveSource:
    """Camera `number` of this machine. Raises CameraError where it is absent or busy."""

    if config.capture_fps is not None:
        raise UsageError(
            f"webcam:{number} is live: its frames have the times at which they came. Leave "
            "--capture-fps out; --fps asks the camera for a rate."
        )

    def connect() -> WebcamCapture:
        return WebcamCapture(number, config.fps, config.max_megapixels, View.of(config))

    capture = connect()
    info = SourceInfo(
        name=f"webcam:{number}",
        kind="camera",
        live=True,
        width_px=capture.width_px,
        height_px=capture.height_px,
        declared_fps=capture.declared_fps,
        declared_frames=None,
        declared_duration_s=None,
        starts_at=config.day,
    )
    return LiveSource(
        capture,
        connect,
        info,
        config,
    )


class WebcamCapture:
    """One opened camera."""

    def __init__(
        self,
        number: int,
        fps: float | None = None,
        max_megapixels: float = MAX_MEGAPIXELS,
        view: View | None = None,
    ) -> None:
        """fps: the rate to ask the camera for. view: turns, cuts and mirrors pictures.

        Raises CameraError, SourceRefusedError, SourceFormatError.
        """
        self._cv2 = import_cv2()
        self._name = f"webcam:{number}"
        check_device(number)
        self._camera: Any = self._cv2.VideoCapture(number)
        if fps is not None:
            self._camera.set(self._cv2.CAP_PROP_FPS, fps)
        image = self._camera.read()[1] if self._camera.isOpened() else None
        if image is None:
            self._camera.release()
            raise CameraError(
                f"{self._name} cannot be opened or gives no picture. Close other programs that "
                "use the camera, allow this one to use it, or choose another: webcam:1"
            )
        self._view = view or View()
        try:
            check_size(image.shape[1], image.shape[0], max_megapixels, self._name)
            turned = rotated(image, self._view.rotate_deg)
            self._view.check(turned.shape[1], turned.shape[0], self._name)
        except MerError:
            self._camera.release()
            raise
        self.height_px, self.width_px = self._view.apply(image).shape[:2]
        rate = self._camera.get(self._cv2.CAP_PROP_FPS)
        self.declared_fps = float(rate) if 0 < rate < 1000 else None

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        clock = CaptureClock()
        while True:
            read, image = self._camera.read()
            if not read:
                raise CameraError(f"{self._name} gives no more pictures.")
            stamp_s = self._camera.get(self._cv2.CAP_PROP_POS_MSEC) / 1000
            time_s = clock.stamp(stamp_s, time.monotonic())
            rgb = self._cv2.cvtColor(image, self._cv2.COLOR_BGR2RGB)
            yield time_s, self._view.apply(rgb)

    def close(self) -> None:
        """Release the camera."""
        self._camera.release()


def check_device(number: int, folder: Path = Path("/dev"), system: str = sys.platform) -> None:
    """On Linux, say at once that the camera is not there, and which are."""
    if not system.startswith("linux") or (folder / f"video{number}").exists():
        return
    numbers = sorted(int(path.name[5:]) for path in folder.glob("video[0-9]*"))
    there = ", ".join(f"webcam:{found}" for found in numbers) or "none"
    raise CameraError(
        f"webcam:{number}: this machine has no such camera (there are: {there}). Plug it in, and "
        "in a container pass it on: docker run --device /dev/video0"
    )
