"""Only regular files are opened, whatever a name stands for."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from streamer.core.errors import SourceRefusedError
from streamer.core.files import regular
from streamer.core.files.regular import is_regular, open_regular, require_regular

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")


def refused(path: Path) -> str:
    """The sentence, the same from both functions."""
    with pytest.raises(SourceRefusedError) as looked:
        require_regular(path, "NAME")
    with pytest.raises(SourceRefusedError) as opened:
        open_regular(path, "NAME")
    assert str(looked.value) == str(opened.value)
    assert not is_regular(path)
    return str(looked.value)


def test_a_pipe_a_socket_a_device_a_folder_are_refused_by_their_kind(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        kinds = {
            tmp_path / "pipe": "a pipe",
            tmp_path / "socket": "a socket",
            Path("/dev/zero"): "a device",
            tmp_path: "a folder",
        }
        for path, kind in kinds.items():
            link = tmp_path / "link"
            link.symlink_to(path)
            for name in (path, link):
                sentence = refused(name)
                assert sentence.startswith(f"NAME is not a regular file ({kind}): give a recording")
            link.unlink()


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="Linux only")
@pytest.mark.parametrize("name", ["/proc/kmsg", "/proc/self/mem", "/sys/kernel/uevent_seqnum"])
def test_a_file_of_the_kernel_is_refused(name: str) -> None:
    if not Path(name).exists():
        pytest.skip(f"{name} is not here")
    assert "as in /proc" in refused(Path(name))


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd")
def test_a_descriptor_is_what_lies_behind_it(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    (tmp_path / "file").write_bytes(b"data")
    file = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        assert "(a pipe)" in refused(Path(f"/dev/fd/{reading}"))
        with open_regular(Path(f"/dev/fd/{file}"), "NAME") as stream:
            assert stream.read() == b"data"
    finally:
        for number in (reading, writing, file):
            os.close(number)


def test_a_file_is_read_also_empty_and_through_links(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"data")
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name, data in (("file", b"data"), ("empty", b""), ("link", b"data")):
        require_regular(tmp_path / name, "NAME")
        with open_regular(tmp_path / name, "NAME") as stream:
            assert stream.read() == data
        assert is_regular(tmp_path / name)


def test_what_is_not_there_is_not_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        require_regular(tmp_path / "none", "NAME")
    with pytest.raises(ValueError, match="null"):
        open_regular(Path("a\0b"), "NAME")
    assert not is_regular(tmp_path / "none")
    assert not is_regular(Path("a\0b"))


def test_a_file_that_becomes_a_pipe_before_it_is_open_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this the open waits for somebody to write."""
    path = tmp_path / "file"
    path.touch()
    look = regular.require_regular

    def replaced(*arguments: object) -> None:
        look(*arguments)  # type: ignore[arg-type]
        path.unlink()
        os.mkfifo(path)

    monkeypatch.setattr(regular, "require_regular", replaced)
    with pytest.raises(SourceRefusedError, match="a pipe"):
        open_regular(path, "NAME")
