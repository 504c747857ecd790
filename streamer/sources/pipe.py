"""Reads a container from standard input, or from any binary stream that may not be seekable."""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

import av
from av.container import InputContainer

from streamer.core.errors import MerError, SourceFormatError, UsageError
from streamer.sources.config import SourceConfig
from streamer.sources.containers import explain_open_failure, open_within
from streamer.sources.layouts import Layout, Walk, walk_file, walker_by_head
from streamer.sources.part import Cut
from streamer.sources.recording import RecordingSource, Stamped
from streamer.sources.sniff import HEAD_BYTES
from streamer.sources.video import VideoReader

_MP4_REFUSED = (
    "{name}: this MP4 cannot be read from a pipe: its index is at the end, or it is damaged. Give "
    "the file itself, pipe MKV, or write it with: -movflags +faststart"
)
_LOOK_S = 0.2  # so often a waiting reader looks whether it is still wanted
_REST_S = 2.0  # so long the rest of a pipe may take after its last picture
_KEPT_BYTES = 1 << 16  # of the beginning: it cannot be read again


def open_stdin(config: SourceConfig) -> RecordingSource:
    """A container on standard input. Raises UsageError where standard input is a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "-: there is nothing on standard input. Pipe a recording into the command, for "
            "example: cat clip.mkv | mer-stream --source -"
        )
    return open_pipe(os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0), config)


def open_pipe(stream: BinaryIO, config: SourceConfig, name: str = "-") -> RecordingSource:
    """A container from a binary stream; the source closes the stream.

    While it is opened, `config.read_timeout_s` without a byte end it; later it may pause.
    Raises SourceFormatError and SourceRefusedError.
    """
    pipe = Pipe(stream, config.read_timeout_s)
    try:
        # No protocol at all: the bytes come from `pipe`, and nothing else may be opened.
        container = open_within(
            pipe, "none", config.max_megapixels, name, again=lambda: io.BytesIO(pipe.head)
        )
    except av.FFmpegError as error:
        pipe.close()
        pipe.raise_interrupt()
        if pipe.silent:
            raise _explain_silence(name, config) from error
        raise _explain(error, pipe, name) from error
    except MerError:
        pipe.close()
        raise
    try:
        reader = PipeReader(container, pipe, name, config)
        pipe.patience_s = None
        return RecordingSource(reader, Cut.of(config))
    except BaseException as error:
        container.close()
        pipe.close()
        pipe.raise_interrupt()
        if pipe.silent:
            raise _explain_silence(name, config) from error
        if isinstance(error, SourceFormatError) and pipe.holds_mp4():
            raise SourceFormatError(_MP4_REFUSED.format(name=name)) from error
        raise


class Pipe:
    """A binary stream as FFmpeg reads it: what is there is handed on at once."""

    name = "pipe"

    def __init__(self, stream: BinaryIO, patience_s: float | None = None) -> None:
        """patience_s: end the stream where no byte came for so long; None: wait for ever."""
        self._stream = stream
        self._interrupted = False
        self._closed = False
        self.patience_s = patience_s
        self.silent = False  # patience was lost
        self.head = b""
        self._walk: Walk | None = None

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end. Waits where a non-blocking stream has none yet."""
        try:
            if not self._wait():
                return b""
            while (chunk := self._stream.read(size)) is None:
                time.sleep(0.005)
        except KeyboardInterrupt:
            # Raised here it would be lost inside FFmpeg: end the stream and raise it later.
            self._interrupted = True
            return b""
        if not self.head and not self.seekable():
            walker = walker_by_head(chunk)
            self._walk = Walk(walker) if walker is not None else None
        if len(self.head) < _KEPT_BYTES:
            self.head += chunk[: _KEPT_BYTES - len(self.head)]
        if self._walk is not None:
            self._walk.feed(chunk)
        return chunk

    def _wait(self) -> bool:
        """Wait for bytes or the end; False where patience was lost or the stream is closed.

        Only where the system can wait for several things at once: not for files, nor on Windows.
        """
        until_s = None if self.patience_s is None else time.monotonic() + self.patience_s
        with contextlib.suppress(OSError, ValueError):
            while not self._closed:
                if select.select([self._stream.fileno()], [], [], _LOOK_S)[0]:
                    return True
                if until_s is not None and time.monotonic() > until_s:
                    self.silent = True
                    return False
            return False
        return True

    def layout(self) -> Layout | None:
        """What came by its own structure; None where that is not known. Reads to the end."""
        if self.seekable():
            walker = walker_by_head(self.head)
            return walk_file(self._stream, walker) if walker is not None else None
        if self._walk is None:
            return None
        self.patience_s = _REST_S
        while self.read(_KEPT_BYTES):
            pass
        return None if self.silent else self._walk.finish()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._closed = True
        self._stream.close()

    def holds_mp4(self) -> bool:
        """Whether what was read begins as an MP4 or MOV."""
        return self.head[4:8] == b"ftyp"

    def raise_interrupt(self) -> None:
        """Raise the KeyboardInterrupt that came while FFmpeg was waiting for bytes."""
        if self._interrupted:
            raise KeyboardInterrupt


class PipeReader(VideoReader):
    """A VideoReader that owns the stream it reads from."""

    def __init__(
        self, container: InputContainer, pipe: Pipe, name: str, config: SourceConfig
    ) -> None:
        super().__init__(container, name, "pipe", config, layout=pipe.layout)
        self._pipe = pipe

    def __iter__(self) -> Iterator[Stamped]:
        for stamped in super().__iter__():
            self._pipe.raise_interrupt()
            yield stamped
        self._pipe.raise_interrupt()

    def close(self) -> None:
        """Free the decoder and close the stream."""
        super().close()
        self._pipe.close()


def _explain_silence(name: str, config: SourceConfig) -> SourceFormatError:
    return SourceFormatError(
        f"{name}: no data came on standard input for {config.read_timeout_s:g} s. Check the "
        "program before the |, or wait longer: --set source.read_timeout_s=60"
    )


def _explain(error: av.FFmpegError, pipe: Pipe, name: str) -> MerError:
    if not pipe.head:
        return SourceFormatError(
            f"{name}: standard input is empty. Pipe a recording into the command."
        )
    if pipe.holds_mp4():
        return SourceFormatError(_MP4_REFUSED.format(name=name))
    return explain_open_failure(error, name, pipe.head[:HEAD_BYTES])
