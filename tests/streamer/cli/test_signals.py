"""Odd sources and signals, on the real command line: it always ends, and with the right code."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes and signals of POSIX")
ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "streamer"]
ENDS_S = 60  # generous: the machine may be busy


def start(*args, **options):
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL} | options
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([*COMMAND, *map(str, args)], stderr=subprocess.PIPE, env=env, **options)


def end(process) -> tuple[int, str]:
    try:
        _, err = process.communicate(timeout=ENDS_S)
    finally:
        process.kill()
    return process.returncode, err.decode()


@pytest.fixture
def fifo(tmp_path) -> Path:
    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    return path


def test_odd_files_are_refused_in_one_sentence(tmp_path, fifo, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    link = tmp_path / "link.mp4"
    link.symlink_to(fifo)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket.mp4")
    odd = [fifo, link, tmp_path / "socket.mp4", "/dev/zero", "/dev/stdin"]
    odd += [path for path in ("/proc/self/mem", "/proc/kmsg") if Path(path).exists()]
    code, err = end(start(*odd))
    lines = err.strip().splitlines()
    assert code == 5 and len(lines) == len(odd)
    assert all("is not a regular file" in line for line in lines), err


def test_a_pipe_in_a_folder_of_images_or_among_parts(tmp_path, fifo):
    images = tmp_path / "images"
    images.mkdir()
    os.mkfifo(images / "1.png")
    code, err = end(start(images, "--fps", 10))
    assert code == 5 and "not a regular file" in err
    code, err = end(start("--join", fifo, "sample"))
    assert code == 5 and "not a regular file" in err


def test_a_silent_standard_input_has_a_time_limit():
    read, write = os.pipe()
    code, err = end(start("-", "--set", "source.read_timeout_s=0.5", stdin=read))
    os.close(read), os.close(write)
    assert code == 4 and "no data came on standard input for 0.5 s" in err


@pytest.fixture
def silent_server():
    """Accepts, and never answers."""

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.set()
            self.server.over.wait(ENDS_S)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.asked, server.over = threading.Event(), threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_server_is_silent(silent_server, number):
    port = silent_server.server_address[1]
    process = start(
        f"http://127.0.0.1:{port}/x.mp4", "--no-recognition", "--set", "source.read_timeout_s=300"
    )
    assert silent_server.asked.wait(ENDS_S)
    process.send_signal(number)
    code, err = end(process)
    assert code == 130 and "Traceback" not in err


def test_a_signal_while_standard_input_is_silent():
    for number in (signal.SIGINT, signal.SIGTERM):
        read, write = os.pipe()
        process = start("-", "--set", "source.read_timeout_s=300", stdin=read)
        os.write(write, b"\x1aE\xdf\xa3")  # a recording begins, and says no more
        wait_until_read(read)
        process.send_signal(number)
        code, err = end(process)
        os.close(read), os.close(write)
        assert code == 130 and "Traceback" not in err


def wait_until_read(pipe: int) -> None:
    import fcntl
    import termios

    until_s = time.monotonic() + ENDS_S
    while int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder):
        assert time.monotonic() < until_s, "nothing was read"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_signal_while_nobody_reads_standard_output():
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, bytes(4096))
    os.set_blocking(write, True)
    process = start("sample", "--no-recognition", "--quiet", stdout=write)
    os.close(write)
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    code, err = end(process)
    os.close(read)
    assert code == 130 and "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("wait_s", [0.6, 0.9, 1.3, 1.8, 2.5, 3.5, 5.0])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment(number, wait_s):
    process = start("sample", "--output", "-")
    time.sleep(wait_s)
    process.send_signal(number)
    code, err = end(process)
    assert code in (0, 130) and "Traceback" not in err
    assert code == 130 or wait_s > 2  # it had ended


# Something that takes a second while the interpreter ends, as large libraries do.
SLOW_END = """
import sys, time
class Slow:
    def __init__(self): self.sleep = time.sleep
    def __del__(self): self.sleep(1.5)
sys.slow = Slow()
sys.argv = ["mer-stream", "--version"]
from streamer.__main__ import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_interpreter_ends_leaves_the_exit_code(number):
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_END],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline()
    time.sleep(0.7)
    process.send_signal(number)
    code, err = end(process)
    assert (code, err) == (0, "")
