"""Containers on standard input."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading

import pytest

from streamer.core.errors import SourceFormatError, SourceRefusedError, UsageError
from streamer.sources import SourceConfig, open_source
from streamer.sources.pipe import open_pipe
from tests.streamer.sources import make


def piped(content: bytes):
    """The reading end of a real pipe into which a thread writes."""
    reading, writing = os.pipe()

    def write():
        try:
            with os.fdopen(writing, "wb") as stream:
                stream.write(content)
        except BrokenPipeError:  # the source was closed early
            pass

    threading.Thread(target=write, daemon=True).start()
    return os.fdopen(reading, "rb", buffering=0)


@pytest.fixture
def mkv(tmp_path):
    return make.write_video(tmp_path / "v.mkv", make.noisy(20), [50 * i for i in range(20)])


@pytest.mark.parametrize("suffix", ["mkv", "ts", "mp4"])
def test_container_from_a_pipe(tmp_path, clip, suffix):
    path = clip
    if suffix != "mp4":  # the clip has its index at the front
        path = make.write_video(tmp_path / f"v.{suffix}", make.noisy(50))
    with open_pipe(piped(path.read_bytes()), SourceConfig()) as source:
        info = source.info
        frames = list(source)
    assert (info.name, info.kind, info.live) == ("-", "pipe", False)
    assert [frame.time_s for frame in frames] == pytest.approx([0.04 * i for i in range(50)])
    assert (source.report.truncated, source.report.repairs) == (False, {})


def test_standard_input_of_a_process(mkv):
    code = (
        "from streamer.sources import open_source\n"
        "with open_source('-') as source: print(len(list(source)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=mkv.read_bytes(), capture_output=True, check=True
    )
    assert done.stdout.split() == [b"20"]


def test_redirected_file_is_seekable(tmp_path):
    """`- < clip.mp4`, with the index at the end."""
    path = make.write_video(tmp_path / "v.mp4", make.noisy(20))
    with path.open("rb", buffering=0) as stream, open_pipe(stream, SourceConfig()) as source:
        assert len(list(source)) == 20


def test_index_at_the_end_cannot_be_piped(tmp_path):
    path = make.write_video(tmp_path / "v.mp4", make.noisy(40, size=(320, 240)))
    with pytest.raises(SourceFormatError, match="faststart"):
        open_pipe(piped(path.read_bytes()), SourceConfig())


def test_cut_pipe_is_truncated(mkv):
    content = mkv.read_bytes()
    with open_pipe(piped(content[: len(content) // 2]), SourceConfig()) as source:
        frames = list(source)
    assert 5 < len(frames) < 20 and source.report.truncated


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (b"", SourceFormatError, "standard input is empty"),
        (b"some text\n" * 50, SourceFormatError, "text file"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", SourceRefusedError, "playlist"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n", SourceRefusedError, "playlist"),
    ],
)
def test_bad_standard_input(content, error, sentence):
    with pytest.raises(error, match=sentence):
        open_pipe(piped(content), SourceConfig())


def test_terminal_is_refused(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(UsageError, match="Pipe a recording"):
        open_source("-")


class Interrupted(io.RawIOBase):
    """A stream on which the user presses Ctrl-C after `after` bytes."""

    def __init__(self, content: bytes, after: int):
        self._stream, self._after = io.BytesIO(content), after

    def readable(self):
        return True

    def read(self, size=-1):
        if self._stream.tell() >= self._after:
            raise KeyboardInterrupt
        return self._stream.read(size)


@pytest.mark.parametrize("share", [0.0, 0.6])  # while the container is opened, and later
def test_interrupt_while_waiting_for_bytes_is_not_lost(mkv, share):
    content = mkv.read_bytes()
    stream = Interrupted(content, int(len(content) * share))
    with pytest.raises(KeyboardInterrupt), open_pipe(stream, SourceConfig()) as source:
        list(source)
    assert stream.closed


def test_closing_closes_the_stream(mkv):
    stream = piped(mkv.read_bytes())
    with open_pipe(stream, SourceConfig()) as source:
        next(iter(source))
    assert stream.closed
