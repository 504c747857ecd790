"""Connections that ask nothing, or read nothing, do not stay; the server ends when it is told to.

A small app stands behind a real uvicorn.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from demo.serving import bounded_protocol

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with a little, or at /big with more than any buffer holds."""
    if scope["type"] == "lifespan":
        return
    body = b"x" * (64 * 2**20 if scope["path"] == "/big" else 5)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for at in range(0, len(body), 2**20):
        await send({"type": "http.response.body", "body": body[at : at + 2**20], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def serving(**limits: Any) -> Iterator[int]:
    config = uvicorn.Config(
        app, http=bounded_protocol(**limits), log_level="critical", lifespan="off",
        timeout_keep_alive=60,
    )  # fmt: skip
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def connect(port: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    one.settimeout(60)
    return one


def answered(one: socket.socket) -> bool:
    one.sendall(ASK)
    heard = b""
    while b"xxxxx" not in heard:
        part = one.recv(4096)
        if not part:
            return False
        heard += part
    return True


def is_closed(one: socket.socket) -> bool:
    """Waits for the other side to close."""
    try:
        return one.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("begun", [b"", b"GE", b"GET / HTTP/1.1\r\nHost:", ASK[:-2] + b"A: b\r\n"])
def test_half_a_head_is_closed_within_seconds(begun: bytes) -> None:
    with serving(head_s=0.5) as port, connect(port) as one:
        one.sendall(begun)
        assert is_closed(one)


def test_the_second_request_has_the_same_time() -> None:
    with serving(head_s=0.5) as port, connect(port) as one:
        assert answered(one)
        one.sendall(b"GET / HTTP/1.1\r\n")
        assert is_closed(one)


def test_requests_one_after_the_other_are_answered() -> None:
    with serving(head_s=5.0) as port, connect(port) as one:
        assert all(answered(one) for _ in range(3))


def test_an_answer_that_nobody_reads_is_given_up() -> None:
    with serving(read_s=0.5) as port, connect(port) as one:
        one.sendall(ASK.replace(b"/ ", b"/big "))
        time.sleep(2.0)
        received = 0
        try:
            while part := one.recv(2**20):
                received += len(part)
        except ConnectionResetError:
            pass
        assert received < 60 * 2**20


def test_three_hundred_silent_connections_keep_nobody_out() -> None:
    with serving(head_s=60.0, most=50) as port, ExitStack() as open_:
        silent = [open_.enter_context(connect(port)) for _ in range(300)]
        with connect(port) as one:
            assert answered(one)
        assert is_closed(silent[0])  # those that came first made room


_HANGING = """
import socket, sys, time
from pathlib import Path
from demo.serving import serve

async def app(scope, receive, send):
    if scope["type"] == "http":
        {hang}

left = Path(sys.argv[1])
left.touch()
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
serve(app, listening, lambda: left.unlink(missing_ok=True), verbose=False)
"""
HANGS = {
    "the event loop": "time.sleep(600)",
    "a thread": "import asyncio; await asyncio.to_thread(time.sleep, 600)",
    "a request": "import asyncio; await asyncio.sleep(600)",
}


def test_it_ends_whatever_hangs(tmp_path: Path) -> None:
    """All at once: each takes its grace period of some seconds to end."""
    root = str(Path(__file__).parents[2])
    cases = list(itertools.product(HANGS, (signal.SIGINT, signal.SIGTERM)))
    with ExitStack() as held:
        started = []
        for number, (what, end) in enumerate(cases):
            left = tmp_path / str(number)
            running = subprocess.Popen(
                [sys.executable, "-c", _HANGING.format(hang=HANGS[what]), str(left)], cwd=root,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env=os.environ | {"PYTHONPATH": root},
            )  # fmt: skip
            held.callback(running.kill)
            started.append((running, end, left))
        for running, _, _ in started:
            assert running.stdout is not None
            port = int(running.stdout.readline())
            held.enter_context(connect(port)).sendall(ASK)
        time.sleep(1.0)
        for running, end, _ in started:
            running.send_signal(end)
        for (running, _, left), case in zip(started, cases, strict=True):
            running.communicate(timeout=60)  # a hang guard; five seconds are promised
            assert not left.exists(), case
