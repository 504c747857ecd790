"""Opens recordings on disk: a file, or the bundled sample."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import av
from av.container import InputContainer

from streamer.errors import InstallError, SourceFormatError, SourceNotFoundError
from streamer.sources.config import SourceConfig
from streamer.sources.containers import explain_open_failure, open_within
from streamer.sources.recording import RecordingSource
from streamer.sources.regular import require_regular
from streamer.sources.sniff import HEAD_BYTES
from streamer.sources.video import VideoReader

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
    head = _read_head(path, name)
    try:
        container = open_within(f"file:{path}", "file", config.max_megapixels, name)
    except av.FFmpegError as error:
        raise explain_open_failure(error, name, head) from error
    source = _read(container, name, config)
    if container.format.name == "gif" and not _ends_as_gif(path):
        source.tally.cut_short("The GIF has no end mark: the file was cut short.")
    return source


def _ends_as_gif(path: Path) -> bool:
    """Whether the end mark of GIF is there; its header declares no length to compare with."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 64))
        return file.read().rstrip(b"\0\r\n").endswith(b";")


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


def _read(container: InputContainer, name: str, config: SourceConfig) -> RecordingSource:
    try:
        return RecordingSource(VideoReader(container, name, "file", config))
    except BaseException:
        container.close()
        raise
