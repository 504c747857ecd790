"""A folder of numbered images as a recording with a rate that the user gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

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
from streamer.sources.limits import MAX_MEGAPIXELS, check_size
from streamer.sources.naming import natural_key
from streamer.sources.picture_size import picture_size
from streamer.sources.pixels import rotated
from streamer.sources.recording import RecordingSource

EXTENSIONS = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
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
    return RecordingSource(
        ImageReader(folder, images, config.fps, config.max_megapixels, config.rotate)
    )


class ImageReader:
    """Reads images in the given order; one that cannot be read is left out and reported."""

    def __init__(
        self,
        folder: Path,
        paths: Sequence[Path],
        fps: float,
        max_megapixels: float = MAX_MEGAPIXELS,
        rotate_deg: int = 0,
    ) -> None:
        """rotate_deg: turn images clockwise.

        Raises SourceFormatError for no readable image, SourceRefusedError for too large ones."""
        self.counters = SourceCounters()
        self._max_megapixels = max_megapixels
        self._rotate_deg = rotate_deg
        self._fps = fps
        self._slots = frame_slots([path.stem for path in paths])
        missing = self._slots[-1] + 1 - len(paths)
        for _ in range(missing):
            self.counters.repair("missing_images")
        self._images = self._read(paths)
        self._first = next(self._images, None)
        if self._first is None:
            raise SourceFormatError(
                f"{folder}: none of its {len(paths)} images can be read, the first is "
                f"{paths[0].name}. They are damaged or of an unknown kind."
            )
        height_px, width_px = self._first[1].shape[:2]
        self.info = SourceInfo(
            name=str(folder),
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
                image = read_image(path, self._max_megapixels)
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
            first_slot = slot if first_slot is None else first_slot
            yield (slot - first_slot) / self._fps, rotated(image, self._rotate_deg)


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


def read_image(path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> Image | None:
    """An image file as uint8 RGB [H, W, 3]; None where it cannot be read.

    Raises SourceRefusedError for one of too many pixels, and for what is no regular file.
    """
    try:
        with open_regular(path, path.name) as file:
            data = file.read()
    except (OSError, ValueError):
        return None
    return decode_image(data, path.name, max_megapixels)


def decode_image(data: bytes, name: str, max_megapixels: float = MAX_MEGAPIXELS) -> Image | None:
    """The bytes of an image file as uint8 RGB [H, W, 3]; None where they cannot be read.

    Only kinds whose header says how large the picture is are decoded. Raises SourceRefusedError.
    """
    size = picture_size(data)
    if size is None:
        return None
    check_size(*size, max_megapixels, name)
    cv2 = import_cv2()
    try:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # sizes beyond its limits
        return None
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
