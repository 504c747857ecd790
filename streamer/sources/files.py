"""Opens recordings on disk: a file, or the bundled sample."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path

import av

from streamer.core.errors import InstallError, SourceFormatError, SourceNotFoundError
from streamer.core.files.regular import open_regular, require_regular
from streamer.sources.config import SourceConfig
from streamer.sources.containers import explain_open_failure, open_within
from streamer.sources.layouts import Layout, walk_file, walker_of
from streamer.sources.mp4_times import rate_without_times
from streamer.sources.part import Cut
from streamer.sources.recording import RecordingSource
from streamer.sources.sniff import HEAD_BYTES, is_animated_webp
from streamer.sources.video import VideoReader
from streamer.sources.webp import open_webp

_CURE = "give a recording, - for standard input, or webcam:0 for a camera"


def open_sample(config: SourceConfig) -> RecordingSource:
    """The short recording inside the package. Raises InstallError where it is missing."""
    path = Path(str(resources.files("streamer") / "assets" / "sample.mp4"))
    if not path.is_file():
        raise InstallError(
            f"The bundled recording is not in this installation ({path}). Reinstall with: "
            "pip install --force-reinstall mer-stream"
        )
    return open_file(path, config, name="sample")


def open_file(path: Path, config: SourceConfig, name: str | None = None) -> RecordingSource:
    """A video file.

    Raises SourceNotFoundError (missing, unreadable), SourceFormatError (no video in it) and
    SourceRefusedError (a playlist, a container that is not accepted).
    """
    name = name or str(path)
    source = _open_at_start(path, config, name)
    if source.approach():
        return source
    source.close()  # its time stamps do not lead to the part: all before it is decoded
    return _open_at_start(path, config, name)


def _open_at_start(path: Path, config: SourceConfig, name: str) -> RecordingSource:
    head = _read_head(path, name)
    if is_animated_webp(head):
        return open_webp(path, config, name)
    fps = _rate_without_times(path, head)
    options = {"ignore_editlist": "1"} if fps is not None else {}
    try:
        container = open_within(
            f"file:{path}", "file", config.max_megapixels, name, options=options
        )
    except av.FFmpegError as error:
        raise explain_open_failure(error, name, head) from error
    try:
        layout = functools.partial(_layout, path, container.format.name)
        reader = VideoReader(container, name, "file", config, layout=layout, without_times_fps=fps)
        return RecordingSource(reader, Cut.of(config))
    except BaseException:
        container.close()
        raise


def _rate_without_times(path: Path, head: bytes) -> float | None:
    """See `mp4_times`; None for anything but an MP4 or MOV."""
    if head[4:8] not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return None
    try:
        with open_regular(path, str(path)) as file:
            return rate_without_times(file)
    except OSError:
        return None


def _layout(path: Path, format_name: str) -> Layout | None:
    """What the file holds by its own structure; None where that is not known."""
    walker = walker_of(format_name)
    if walker is None:
        return None
    try:
        with open_regular(path, str(path)) as file:
            return walk_file(file, walker)
    except OSError:  # it was readable a moment ago: what was read of it is kept
        return None


def _read_head(path: Path, name: str) -> bytes:
    """The first bytes of a file that can be read, or the error that says why it cannot."""
    try:
        require_regular(path, name, _CURE)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise SourceNotFoundError(
            f"{name}: no such file or folder. Check the path, or give: sample, webcam, "
            "rtsp://..., http(s)://..., or - for standard input."
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SourceNotFoundError(
            f"{name} cannot be read: {reason}. Check the path and its permissions."
        ) from None
    if not head:
        raise SourceFormatError(f"{name} is empty (0 bytes). Copy or record it again.")
    return head
