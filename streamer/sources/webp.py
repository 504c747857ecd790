"""Animated WebP as a recording: OpenCV reads it, as FFmpeg has no decoder for it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import InstallError, SourceFormatError
from streamer.core.files.regular import open_regular
from streamer.core.process.libraries import import_cv2
from streamer.core.records import SourceInfo
from streamer.sources.config import SourceConfig
from streamer.sources.counters import SourceCounters
from streamer.sources.levels import Levels
from streamer.sources.limits import check_size
from streamer.sources.part import Cut
from streamer.sources.picture_size import picture_size
from streamer.sources.recording import RecordingSource
from streamer.sources.view import View, rotated

_HELD_PIXELS = 64e6  # of one look into the file, which begins at its start each time
_LEAST_S = 0.01  # browsers show a picture of less for 0.1 s; times must move on


def open_webp(path: Path, config: SourceConfig, name: str) -> RecordingSource:
    """An animated WebP. Raises InstallError, SourceFormatError, SourceRefusedError."""
    return RecordingSource(WebpReader(path, config, name), Cut.of(config))


class WebpReader:
    """Iterate over (time_s, image), once; times are the sums of the pictures' own durations."""

    def __init__(self, path: Path, config: SourceConfig, name: str) -> None:
        self.counters = SourceCounters()
        self._path = path
        self._name = name
        self._view = View.of(config)
        self._levels = None if config.levels is None else Levels(*config.levels)
        with open_regular(path, name) as file:
            data = file.read()
        size = picture_size(data)
        if size is None:
            raise SourceFormatError(f"{name} is a damaged WebP. Make it again.")
        check_size(*size, config.max_megapixels, name)
        self._durations_ms, self._whole = frame_durations(data)
        if not self._durations_ms:
            raise SourceFormatError(f"{name} is an animated WebP without a picture.")
        self._at_once = max(1, int(_HELD_PIXELS // (size[0] * size[1])))
        self._images = self._read()
        first = next(self._images, None)
        if first is None:
            raise SourceFormatError(f"{name}: not one picture of it can be decoded.")
        turned = rotated(first, config.rotate)
        self._view.check(turned.shape[1], turned.shape[0], name)
        self._first = self._finish(first)
        total_s = sum(self._durations_ms) / 1000
        self.info = SourceInfo(
            name=name,
            kind="file",
            live=False,
            width_px=self._first.shape[1],
            height_px=self._first.shape[0],
            declared_fps=len(self._durations_ms) / total_s if total_s > 0 else None,
            declared_frames=len(self._durations_ms),
            declared_duration_s=total_s,
        )

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        time_s, found = 0.0, 1
        yield time_s, self._first
        for before_ms, image in zip(self._durations_ms, self._images, strict=False):
            if before_ms / 1000 < _LEAST_S:
                self.counters.repair("missing_pts")
            time_s += max(before_ms / 1000, _LEAST_S)
            found += 1
            yield time_s, self._finish(image)
        if found < len(self._durations_ms) or not self._whole:
            self.counters.cut_short(
                f"The recording is damaged: {found} of the {len(self._durations_ms)} pictures in "
                "it could be read."
            )

    def skip(self, frames: int) -> None:
        """Nothing is spared: each picture is drawn over the one before."""

    def close(self) -> None:
        """Nothing stays open between two looks into the file."""
        self._images.close()

    def _finish(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return self._view.apply(image if self._levels is None else self._levels.apply(image))

    def _read(self) -> Any:
        """A generator of RGB pictures, some of them held at a time."""
        cv2 = import_cv2()
        if not hasattr(cv2, "imreadanimation"):
            raise InstallError(
                f"{self._name} is an animated WebP, which needs opencv-python 4.11 or later: pip "
                "install -U opencv-python"
            )
        for start in range(0, len(self._durations_ms), self._at_once):
            try:
                read, found = cv2.imreadanimation(str(self._path), start, self._at_once)
            except cv2.error:
                return
            if not read:
                return
            for image in found.frames:
                code = cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB
                yield cv2.cvtColor(image, code)


def frame_durations(data: bytes) -> tuple[list[int], bool]:
    """Milliseconds of every picture by its chunk ANMF, and whether the file is as long as it says.

    Source: the WebP container specification of Google, "Animation".
    """
    (size,) = struct.unpack("<I", data[4:8])
    durations, at = [], 12
    while at + 8 <= len(data):
        (length,) = struct.unpack("<I", data[at + 4 : at + 8])
        if data[at : at + 4] == b"ANMF" and at + 24 <= len(data):
            durations.append(int.from_bytes(data[at + 20 : at + 23], "little"))
        at += 8 + length + (length & 1)
    return durations, len(data) >= 8 + size
