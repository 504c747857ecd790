"""Numbered images as a recording with a rate that the user gives: a folder, or a pattern."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import (
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
    UsageError,
)
from streamer.core.files.regular import open_regular
from streamer.core.process.libraries import import_cv2
from streamer.core.records import SourceInfo
from streamer.sources.config import SourceConfig
from streamer.sources.counters import SourceCounters
from streamer.sources.levels import LOOKED_AT, Levels, find_levels
from streamer.sources.limits import MAX_MEGAPIXELS, check_size
from streamer.sources.naming import natural_key
from streamer.sources.part import Cut
from streamer.sources.picture_size import picture_size
from streamer.sources.recording import RecordingSource
from streamer.sources.sequence import EXTENSIONS, images_of
from streamer.sources.view import View, rotated

_NUMBER = re.compile(r"(\d+)\D*$")

Image = NDArray[np.uint8]


def open_images(folder: Path, config: SourceConfig) -> RecordingSource:
    """The images of a folder in natural order, `config.fps` of them a second.

    Raises UsageError without a rate, SourceNotFoundError for a folder that cannot be read,
    SourceFormatError for a folder without a readable image.
    """
    try:
        names = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise SourceNotFoundError(
            f"{folder} cannot be read: {error.strerror}. Check its permissions."
        ) from None
    images = [path for path in names if path.suffix.lower() in EXTENSIONS]
    if not images:
        raise SourceFormatError(
            f"{folder} holds no images ({', '.join(sorted(EXTENSIONS))}). For the recordings in "
            f"a folder give a pattern: '{folder}/*.mp4'"
        )
    if config.fps is None:
        raise UsageError(
            f"{folder} is a folder of images, which carry no times. Give their rate: --fps 200"
        )
    images.sort(key=lambda path: natural_key(path.name))
    return open_image_files(images, config, str(folder))


def open_sequence(spec: str, config: SourceConfig) -> RecordingSource:
    """The images of a pattern. Raises as `open_images`."""
    if config.fps is None:
        raise UsageError(f"{spec} are images, which carry no times. Give their rate: --fps 200")
    return open_image_files(images_of(spec), config, spec)


def open_image_files(paths: Sequence[Path], config: SourceConfig, name: str) -> RecordingSource:
    """Images in the given order. Raises as `open_images`."""
    if config.fps is None:
        raise UsageError(
            f"{name}: {len(paths)} images, which carry no times. Give their rate: --fps 200"
        )
    return RecordingSource(ImageReader(name, paths, config), Cut.of(config))


class ImageReader:
    """Reads images in the given order; one that cannot be read is left out and reported."""

    def __init__(self, name: str, paths: Sequence[Path], config: SourceConfig) -> None:
        """Raises SourceFormatError for no readable image, SourceRefusedError for too large ones."""
        self.counters = SourceCounters()
        self._max_megapixels = config.max_megapixels
        self._view = View.of(config)
        self._name = name
        self._fps = fps = config.fps or 1.0
        self._levels = None if config.levels is None else Levels(*config.levels)
        self._find_levels(paths)
        self._slots = frame_slots([path.stem for path in paths])
        missing = self._slots[-1] + 1 - len(paths)
        for _ in range(missing):
            self.counters.repair("missing_images")
        self._images = self._read(paths)
        self._first = next(self._images, None)
        if self._first is None:
            raise SourceFormatError(
                f"{name}: none of its {len(paths)} images can be read, the first is "
                f"{paths[0].name}. They are damaged or of an unknown kind."
            )
        height_px, width_px = self._first[1].shape[:2]
        self.info = SourceInfo(
            name=name,
            kind="images",
            live=False,
            width_px=width_px,
            height_px=height_px,
            declared_fps=fps,
            declared_frames=len(paths),
            declared_duration_s=(self._slots[-1] + 1) / fps,
        )

    def __iter__(self) -> Iterator[tuple[float, Image]]:
        assert self._first is not None
        yield self._first
        shape = self._first[1].shape
        for time_s, image in self._images:
            if image.shape != shape:
                self.counters.repair("frame_size_changes")
                shape = image.shape
            yield time_s, image

    def skip(self, frames: int) -> None:
        """Nothing is spared: an image is only known to be readable once it has been read."""

    def close(self) -> None:
        """Nothing stays open between two images."""
        self._images.close()

    def _read(self, paths: Sequence[Path]) -> Generator[tuple[float, Image], None, None]:
        first_slot: int | None = None
        for slot, path in zip(self._slots, paths, strict=True):
            try:
                image = read_deep(path, self._max_megapixels)
            except SourceRefusedError as error:
                if first_slot is None:
                    raise
                self.counters.damage("refused_images", str(error))
                continue
            if image is None:
                self.counters.damage(
                    "unreadable_images", f"{path.name} cannot be read as an image."
                )
                continue
            if first_slot is None:
                first_slot = slot
                turned = rotated(image, self._view.rotate_deg)
                self._view.check(turned.shape[1], turned.shape[0], self._name)
            yield (slot - first_slot) / self._fps, self._view.apply(self._in_8_bits(image))

    def _find_levels(self, paths: Sequence[Path]) -> None:
        """Look at the range of the first images, where they have more than 8 bits."""
        deep: list[NDArray[Any]] = []
        for path in paths[:LOOKED_AT] if self._levels is None else ():
            with contextlib.suppress(SourceRefusedError):
                image = read_deep(path, self._max_megapixels)
                if image is not None and image.dtype == np.uint8:
                    return
                deep += [] if image is None else [image]
        if deep:
            self._levels = find_levels(deep)
            self.counters.say(self._levels.sentence())

    def _in_8_bits(self, image: NDArray[Any]) -> Image:
        return in_8_bits(image) if self._levels is None else self._levels.apply(image)


def frame_slots(stems: Sequence[str]) -> list[int]:
    """The place of each image on a regular grid, from 0, so that a missing number leaves a gap.

    The last number of each name counts, in steps of the most frequent difference. Names whose
    numbers do not fit a grid, or would leave it more than half empty, just follow one another.

    >>> frame_slots(["img1", "img2", "img4"]), frame_slots(["a", "b"])
    ([0, 1, 3], [0, 1])
    """
    in_order = list(range(len(stems)))
    found = [_NUMBER.search(stem) for stem in stems]
    numbers = [int(match.group(1)) for match in found if match]
    if len(numbers) < len(stems) or len(stems) < 2:
        return in_order
    steps = Counter(after - before for before, after in pairwise(numbers))
    step = min(steps, key=lambda value: (-steps[value], value))
    slots = [(number - numbers[0]) // step for number in numbers] if step > 0 else in_order
    on_grid = all(size > 0 and size % step == 0 for size in steps) if step > 0 else False
    return slots if on_grid and slots[-1] < 2 * len(stems) else in_order


def read_deep(path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> NDArray[Any] | None:
    """As `read_image`, with all the bits that the file has."""
    try:
        with open_regular(path, path.name) as file:
            data = file.read()
    except (OSError, ValueError):
        return None
    return decode_deep(data, path.name, max_megapixels)


def read_image(path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> Image | None:
    """An image file as uint8 RGB [H, W, 3]; None where it cannot be read.

    Raises SourceRefusedError for one of too many pixels, and for what is no regular file.
    """
    image = read_deep(path, max_megapixels)
    return None if image is None else in_8_bits(image)


def decode_image(data: bytes, name: str, max_megapixels: float = MAX_MEGAPIXELS) -> Image | None:
    """The bytes of an image file as uint8 RGB [H, W, 3]; None where they cannot be read.

    Raises SourceRefusedError.
    """
    image = decode_deep(data, name, max_megapixels)
    return None if image is None else in_8_bits(image)


def in_8_bits(image: NDArray[Any]) -> Image:
    """By the depth of the numbers, whatever part of it is used; fractions: 0 to 1."""
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return np.asarray(image // 256, dtype=np.uint8)
    return Levels(0.0, 1.0).apply(image)


def decode_deep(
    data: bytes, name: str, max_megapixels: float = MAX_MEGAPIXELS
) -> NDArray[Any] | None:
    """As `decode_image`, with all the bits that the file has.

    Only kinds whose header says how large the picture is are decoded. Raises SourceRefusedError.
    """
    size = picture_size(data)
    if size is None:
        return None
    check_size(*size, max_megapixels, name)
    cv2 = import_cv2()
    try:
        image = cv2.imdecode(
            np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
        )
    except cv2.error:  # sizes beyond its limits
        return None
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
