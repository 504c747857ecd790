"""Which recordings a batch is about: files, folders, patterns, lists of them, object stores."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from streamer.batch import stores
from streamer.core.errors import SourceNotFoundError, UsageError
from streamer.core.files.paths import expand_home, is_folder
from streamer.core.files.regular import is_regular, open_regular
from streamer.core.urls import display_name, key_name
from streamer.sources import expand_sources
from streamer.sources.naming import EXTENSIONS as IMAGE_SUFFIXES
from streamer.sources.naming import is_sequence, natural_key, url_scheme, webcam_number
from streamer.sources.sequence import images_of

VIDEO_SUFFIXES = frozenset(
    {
        *(".3gp", ".asf", ".avi", ".divx", ".dv", ".flv", ".gif", ".h264", ".hevc", ".ivf"),
        *(".m2ts", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf"),
        *(".nut", ".ogv", ".rm", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
    }
)
_MAX_LIST_BYTES = 64 * 2**20
_LIVE = ("rtsp", "rtsps", "rtmp", "udp", "rtp", "srt", "tcp")


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


def find_inputs(
    specs: Sequence[str], fps: float | None = None, output: Path | None = None
) -> list[Input]:
    """The recordings that `specs` stand for, each once.

    A spec is a file, a folder (all recordings in it and below; with `fps`, a folder of images is
    one recording), a pattern (one of images is one recording), a URL of an object store, or
    `@list.txt` with one spec a line. A file that is not there stays in the list and fails when its
    turn comes. The folder `output` is left out of the folders it lies in: what the batch writes is
    not to be read.

    Raises UsageError for a live source or an empty list, SourceNotFoundError for a pattern or
    folder without a recording.
    """
    found: dict[str, Input] = {}
    for spec in specs:
        for item in _expand(spec, fps, output):
            found.setdefault(item.source, item)
    if not found:
        raise UsageError("no recording was named; try: mer-batch FOLDER --output results")
    return list(found.values())


def _expand(spec: str, fps: float | None, output: Path | None) -> Iterator[Input]:
    if spec.startswith("@"):
        for line in _read_list(expand_home(spec[1:])):
            yield from _expand(line, fps, output)
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
            yield from _in_folder(path, fps, output)


def _names(spec: str) -> list[str]:
    try:
        return expand_sources([spec])
    except (OSError, ValueError, RuntimeError):  # a name that no file can have fails in its turn
        return [spec]


def _in_folder(folder: Path, fps: float | None, output: Path | None) -> Iterator[Input]:
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
        if fps is not None and any(p.suffix.lower() in IMAGE_SUFFIXES for p in visible):
            found.append(Path(parent))
    if not found:
        raise SourceNotFoundError(f"{folder} holds no recordings. Name the files, or a pattern.")
    for path in sorted(found, key=lambda path: natural_key(str(path))):
        yield Input(str(path), _size(path))


def _is_same(folder: Path, other: Path | None) -> bool:
    return other is not None and folder.resolve() == other.resolve()


def _read_list(path: Path) -> list[str]:
    """Lines of a list; blank lines and those that begin with # are left out.

    A relative name counts from the folder of the list. Text is UTF-8, or what its byte order mark
    says, as Windows writes it; in names, bytes that are no text stay as they are.
    """
    try:
        with open_regular(path, f"@{path}", "give a text file with one recording a line") as stream:
            data = stream.read(_MAX_LIST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceNotFoundError(f"@{path}: the list cannot be read: {reason}.") from None
    if len(data) > _MAX_LIST_BYTES:
        raise UsageError(f"@{path} has more than {_MAX_LIST_BYTES} bytes: it is no list of names.")
    lines = [line.strip() for line in _decode_list(data, path).splitlines()]
    names = [line for line in lines if line and not line.startswith("#")]
    return [n if n == "sample" or url_scheme(n) else str(path.parent / n) for n in names]


def _decode_list(data: bytes, path: Path) -> str:
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = data.decode("utf-16")
        else:
            text = data.decode("utf-8-sig", errors="surrogateescape")
    except UnicodeDecodeError as error:
        raise UsageError(f"@{path} is no list of names: {error.reason}.") from None
    if "\0" in text:
        raise UsageError(f"@{path} is no list of names: it holds null bytes.")
    return text


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
