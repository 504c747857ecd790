"""The frames of a clip on disk: whatever the padding, the prefix and the kind of image."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.core.records import Frame
from training.common.records import Clip

IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".png"})
_NUMBER = re.compile(r"(\d+)$")  # img46, 006_05562, image17581039; not "img46 (copy)"


@dataclass(frozen=True, slots=True)
class FrameFiles:
    """The numbered images of one folder; numbers are the data set's own."""

    folder: Path
    names: Mapping[int, str]
    numbers: tuple[int, ...]  # ascending

    def path(self, number: int) -> Path:
        """The file of a frame.

        Raises:
            SourceFormatError: that frame is absent.
        """
        name = self.names.get(number)
        if name is None:
            raise SourceFormatError(
                f"{self.folder} has no frame {number} (it has {describe(self.numbers)}): restore "
                "it, or correct the number in the table"
            )
        return self.folder / name

    def between(self, first: int, last: int) -> tuple[int, ...]:
        """The numbers that exist from `first` to `last`, both included."""
        return self.numbers[bisect_left(self.numbers, first) : bisect_right(self.numbers, last)]


def describe(numbers: Sequence[int]) -> str:
    """For messages: how many frames and from where to where."""
    return f"{len(numbers)} frames, {numbers[0]}..{numbers[-1]}" if numbers else "no frames"


def frames_of(clip: Clip) -> FrameFiles:
    """The frame files of a clip's folder.

    Raises:
        SourceNotFoundError: the folder is not there.
        SourceFormatError: it holds no numbered images.
    """
    return list_frames(clip.path)


def list_frames(folder: Path) -> FrameFiles:
    """The numbered images of a folder: the digits at the end of the name count.

    Where two files carry the same number, the first in alphabetical order is taken. Other files
    (Thumbs.db, copies) are passed over.

    Raises:
        SourceNotFoundError: the folder is not there.
        SourceFormatError: it holds no numbered images.
    """
    if not folder.is_dir():
        raise SourceNotFoundError(f"{folder} not found: unpack the frames there")
    found = _list(folder, folder.stat().st_mtime_ns)
    if not found.numbers:
        raise SourceFormatError(
            f"{folder} holds no numbered images ({', '.join(sorted(IMAGES))}): unpack the frames"
        )
    return found


@lru_cache(maxsize=256)
def _list(folder: Path, _changed_ns: int) -> FrameFiles:
    names: dict[int, str] = {}
    for path in sorted(folder.iterdir()):
        match = _NUMBER.search(path.stem)
        usable = path.suffix.lower() in IMAGES and not path.name.startswith(".")
        if match and usable:
            names.setdefault(int(match.group(1)), path.name)
    return FrameFiles(folder, names, tuple(sorted(names)))


def read_frames(clip: Clip, last: int) -> Iterator[Frame]:
    """The frames of a clip from its onset to frame `last` that exist, timed from the onset.

    `index` is the data set's frame number; in a video it counts decoded frames from 0, and times
    are the video's own.

    Raises:
        SourceFormatError: a frame cannot be read.
    """
    if clip.path.is_file():
        yield from _video_frames(clip, last)
        return
    from streamer.sources.images import read_image

    files = frames_of(clip)
    for number in files.between(clip.onset, last):
        image = read_image(files.path(number))
        if image is None:
            raise SourceFormatError(
                f"{files.path(number)} cannot be read as an image: restore it from the archive"
            )
        yield Frame(number, (number - clip.onset) / clip.fps, image)


def _video_frames(clip: Clip, last: int) -> Iterator[Frame]:
    from streamer.sources import open_source

    start_s: float | None = None
    source = open_source(str(clip.path))
    try:
        for frame in source:
            if frame.index > last:
                return
            if frame.index >= clip.onset:
                start_s = frame.time_s if start_s is None else start_s
                yield frame.moved_to(frame.index, frame.time_s - start_s)
    finally:
        source.close()
