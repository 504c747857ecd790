"""Which recordings a batch is about: files, folders, patterns, lists of them, object stores."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from streamer.batch import stores
from streamer.batch.name_lists import read_list
from streamer.core.errors import SourceNotFoundError, UsageError
from streamer.core.files.paths import expand_home, is_folder
from streamer.core.files.regular import is_regular, open_regular
from streamer.core.printable import printable
from streamer.core.urls import display_name, key_name
from streamer.sources import expand_sources
from streamer.sources.naming import EXTENSIONS as IMAGE_SUFFIXES
from streamer.sources.naming import is_sequence, natural_key, url_scheme, webcam_number
from streamer.sources.sequence import images_of

VIDEO_SUFFIXES = frozenset(
    {
        *(".264", ".265", ".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif"),
        *(".h264", ".h265", ".hevc", ".ivf", ".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg"),
        *(".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogm", ".ogv"),
        *(".qt", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
    }
)
_LIVE = ("rtsp", "rtsps", "rtmp", "udp", "rtp", "srt", "tcp")


_SHOWN_NAMES, _SHOWN_KINDS = 5, 6


@dataclass(frozen=True, slots=True)
class Input:
    """One recording: where it is, and how large, as far as that is known."""

    source: str
    size_bytes: int = 0
    key: str = ""  # its name below `spec`, where a store listed it there
    spec: str = ""

    @property
    def name(self) -> str:
        """What it is called: of a URL no more than may be shown."""
        return key_name(self.spec, self.key) if self.key else display_name(self.source)


class LeftOut:
    """Files of folders that are not read, in the order in which they were met."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def add(self, path: Path) -> None:
        """Note a file that is passed over."""
        self._names[str(path)] = None

    def sentence(self, *, hashed: bool = False) -> str:
        """How many of which suffix, the first few by name, and the cure; "" where there are none.

        hashed: names are not to be shown. Those without a suffix come first.
        """
        if not self._names:
            return ""
        paths = [Path(name) for name in self._names]
        kinds = Counter(path.suffix.lower() or "no suffix" for path in paths)
        listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(_SHOWN_KINDS))
        more = "" if len(kinds) <= _SHOWN_KINDS else ", ..."
        first = sorted(paths, key=lambda path: (bool(path.suffix), str(path)))[:_SHOWN_NAMES]
        names = ", ".join(printable(str(path)) for path in first)
        names += "" if len(paths) <= _SHOWN_NAMES else ", ..."
        number = "1 file was" if len(paths) == 1 else f"{len(paths)} files were"
        shown = "" if hashed else f": {names}"
        return (
            f"{number} left out, since the name does not say that it is a video "
            f"({listed}{more}){shown}. Name a file itself to have it read."
        )


def find_inputs(
    specs: Sequence[str],
    fps: float | None = None,
    output: Path | None = None,
    left_out: LeftOut | None = None,
) -> list[Input]:
    """The recordings that `specs` stand for, each once.

    A spec is a file, a folder (all recordings in it and below; with `fps`, a folder of images is
    one recording), a pattern (one of images is one recording), a URL of an object store, or
    `@list.txt` with one spec a line. A file that is not there stays in the list and fails when its
    turn comes. The folder `output` is left out of the folders it lies in: what the batch writes is
    not to be read. Files of folders that are passed over are noted in `left_out`.

    Raises UsageError for a live source or an empty list, SourceNotFoundError for a pattern or
    folder without a recording.
    """
    found: dict[str, Input] = {}
    left_out = LeftOut() if left_out is None else left_out
    for spec in specs:
        for item in _expand(spec, fps, output, left_out):
            found.setdefault(item.source, item)
    if not found:
        raise UsageError("no recording was named; try: mer-batch FOLDER --output results")
    return list(found.values())


def _expand(
    spec: str, fps: float | None, output: Path | None, left_out: LeftOut
) -> Iterator[Input]:
    if spec.startswith("@"):
        for line in read_list(expand_home(spec[1:])):
            yield from _expand(line, fps, output, left_out)
        return
    scheme = url_scheme(spec)
    if spec == "-" or webcam_number(spec) is not None or scheme in _LIVE:
        raise UsageError(f"{display_name(spec)} is a live source; mer-batch is for recordings.")
    if scheme is not None:
        for item in stores.find(spec, VIDEO_SUFFIXES):
            yield Input(item.url, item.size_bytes, item.key, item.prefix)
        return
    for name in _names(spec):
        path = expand_home(name)
        if not is_folder(path):
            yield Input(name, _size(path))
        else:
            yield from _in_folder(path, fps, output, left_out)


def _names(spec: str) -> list[str]:
    try:
        return expand_sources([spec])
    except (OSError, ValueError, RuntimeError):  # a name that no file can have fails in its turn
        return [spec]


def _in_folder(
    folder: Path, fps: float | None, output: Path | None, left_out: LeftOut
) -> Iterator[Input]:
    """All recordings below a folder, in natural order; hidden files are left out."""
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and not _is_same(Path(parent, name), output)
        ]
        visible = [Path(parent, name) for name in files if not name.startswith(".")]
        found += [path for path in visible if path.suffix.lower() in VIDEO_SUFFIXES]
        images = [path for path in visible if path.suffix.lower() in IMAGE_SUFFIXES]
        if fps is not None and images:
            found.append(Path(parent))
            visible = [path for path in visible if path not in images]
        for path in sorted(visible, key=lambda path: natural_key(path.name)):
            if path.suffix.lower() not in VIDEO_SUFFIXES:
                left_out.add(path)
    if not found:
        sentence = f"{folder} holds no recordings. Name the files, or a pattern. "
        raise SourceNotFoundError((sentence + left_out.sentence()).strip())
    for path in sorted(found, key=lambda path: natural_key(str(path))):
        yield Input(str(path), _size(path))


def _is_same(folder: Path, other: Path | None) -> bool:
    return other is not None and folder.resolve() == other.resolve()


def _size(path: Path) -> int:
    try:
        if is_sequence(str(path)):
            return sum(one.stat().st_size for one in images_of(str(path)))
        if path.is_dir():
            return sum(p.stat().st_size for p in path.iterdir() if p.is_file())
        return path.stat().st_size
    except (OSError, ValueError, SourceNotFoundError):
        return 0


_BLOCK = 2**20


def input_digest(path: Path) -> str:
    """Of a file's bytes; of the names and bytes of the files of a folder or a pattern of images.

    Raises SourceNotFoundError, and SourceRefusedError for what is no regular file or folder.
    """
    digest = hashlib.sha256()
    try:
        if path.is_dir() or is_sequence(str(path)):
            for file in _members(path):
                if is_regular(file):
                    digest.update(f"{file.name}\0{file.stat().st_size}\0".encode(errors="replace"))
                    _add(digest, file)
        else:
            _add(digest, path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceNotFoundError(
            f"{path} cannot be read: {reason}. Check the path and its permissions."
        ) from None
    return digest.hexdigest()


def _members(path: Path) -> list[Path]:
    """The files of a folder or a pattern of images."""
    if not path.is_dir():
        return images_of(str(path))
    return sorted(path.iterdir(), key=lambda p: natural_key(p.name))


def sample_path() -> Path:
    """The bundled recording."""
    return Path(str(resources.files("streamer") / "assets" / "sample.mp4"))


def _add(digest: hashlib._Hash, path: Path) -> None:
    with open_regular(path, str(path), "name a recording or a folder of images") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
