"""A running page under attack: files of the machine, blocked loops, places held for nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from websockets.sync.client import connect as connect_socket

from tests.demo.browser import Server, begin, browsing, sample_frames, serving, write_clip

FILE = {"meta": {"_type": "gradio.FileData"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server"), "--live", "2") as running:
        yield running


@dataclass
class Client:
    """Somebody with an HTTP library, and a cookie of the page if they asked for it."""

    server: Server
    cookie: str = ""

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        where = urlsplit(self.server.address)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
        if self.cookie:
            headers["Cookie"] = self.cookie
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        set_cookie = answer.getheader("Set-Cookie")
        if set_cookie:
            self.cookie = set_cookie.split(";")[0]
        connection.close()
        return answer.status, text

    def call(self, body: Any, path: str = "/gradio_api/queue/join") -> tuple[int, str]:
        return self.ask(
            "POST", path, json.dumps(body).encode(), **{"Content-Type": "application/json"}
        )

    def opened(self) -> Client:
        assert self.ask("GET", "/")[0] == 200
        return self


@pytest.fixture
def client(server: Server) -> Client:
    return Client(server).opened()


def functions(client: Client) -> dict[str, int]:
    """The functions of the page by the event and name, with their numbers."""
    config = json.loads(client.ask("GET", "/config")[1])
    return {f"{n}": one["id"] for n, one in enumerate(config["dependencies"])}


def payloads(path: str) -> list[Any]:
    named = {"path": path, **FILE}
    return [
        named, {"path": path}, [named], {"video": named}, {"url": f"file://{path}", **FILE},
        {"path": path, "url": "http://127.0.0.1:9/x", **FILE},
        {"path": f"/proc/self/root{path}", **FILE}, {"files": [named]},
        {"path": os.path.relpath(path), **FILE},
    ]  # fmt: skip


def test_no_call_makes_the_server_open_a_file(
    server: Server, client: Client, tmp_path: Path
) -> None:
    secret = write_clip(tmp_path / "secret.mp4", sample_frames()[20:40])
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link.mp4").symlink_to(secret)
    before = server.left_over
    for target in (secret, Path("/etc/passwd"), tmp_path / "fifo", tmp_path / "link.mp4"):
        for number in functions(client).values():
            for path in ("/gradio_api/queue/join", "/gradio_api/run/predict"):
                payload = payloads(str(target))[number % 9]
                status, text = client.call(
                    {"data": [payload] * 3, "fn_index": number, "session_hash": "attack1"}, path
                )
                assert status in (400, 429), text
                time.sleep(0.02)
    for payload in payloads(str(tmp_path / "fifo")):
        body = {"data": [], "event_data": payload, "fn_index": 3, "session_hash": "attack1"}
        assert client.call(body)[0] in (400, 429)
    assert client.ask("GET", "/")[0] == 200  # nothing blocks: an answer within the client's 60 s
    assert server.left_over == before


def test_foreign_sites_get_nothing(client: Client) -> None:
    for origin in ("http://evil.example", "http://127.0.0.1:1", "null", "ftp://127.0.0.1"):
        assert client.ask("POST", "/upload?name=a.mp4", b"film", Origin=origin)[0] == 403
        assert client.ask("GET", "/config", Origin=origin)[0] == 403


def test_the_name_of_a_session_is_worth_nothing(server: Server, client: Client) -> None:
    body = {"data": [], "fn_index": 5, "session_hash": "victim"}
    assert client.call(body)[0] == 200
    thief = Client(server).opened()
    assert thief.call(body)[0] == 403
    for path in ("queue/data?session_hash=victim", "heartbeat/victim"):
        assert thief.ask("GET", f"/gradio_api/{path}")[0] == 403
    assert Client(server).call(body)[0] == 403  # without any cookie


def token_of(client: Client, session: str) -> str:
    """As the page gets it before the camera starts."""
    config = json.loads(client.ask("GET", "/config")[1])
    labels = {one["id"]: one["props"].get("label") for one in config["components"]}
    (prepare,) = [
        one for one in config["dependencies"]
        if [labels.get(output) for output in one["outputs"]] == ["token"] and one["backend_fn"]
    ]  # fmt: skip
    values = ["learned", 1, "rule", False, 0, 4, False, False, "auto", "classes"]
    body = {"data": values, "fn_index": prepare["id"], "session_hash": session}
    status, text = client.call(body, "/gradio_api/run/predict")
    assert status == 200, text
    return str(json.loads(text)["data"][0])


def hold(server: Server, held: ExitStack) -> None:
    """Everything that dishonest visitors can hold without doing anything, a hundred of them."""
    where = urlsplit(server.address)
    address = (where.hostname or "", where.port or 0)
    for number in range(100):
        one = held.enter_context(socket.create_connection(address))
        head = ("GET / HTTP/1.1", "POST /gradio_api/queue/join HTTP/1.1\r\nHost: 127.0.0.1")
        one.sendall(head[number % 2].encode())
    browsers = [Client(server).opened() for _ in range(10)]
    for number in range(100):
        browser = browsers[number % 10]
        if number % 5 == 0:  # half an upload
            one = held.enter_context(socket.create_connection(address))
            one.sendall(
                f"POST /upload?name=a.mp4 HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: "
                f"{browser.cookie}\r\nContent-Length: 1000000\r\n\r\nhalf".encode()
            )
        elif number % 5 == 1:  # a whole one that nobody takes
            browser.ask("POST", "/upload?name=a.mp4", b"nobody's")
        elif number % 5 == 2:  # a silent camera
            token = token_of(browser, f"made-up-{number}")
            uri = server.address.replace("http", "ws") + f"/live/{token}"
            header = {"Cookie": browser.cookie}
            held.enter_context(connect_socket(uri, additional_headers=header))
        else:  # a page that is not there
            token_of(browser, f"made-up-{number}")


@pytest.mark.slow
def test_a_genuine_visitor_gets_in_while_a_hundred_dishonest_ones_try(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("crowd")
    clip = write_clip(folder / "mine.mp4", sample_frames()[20:80])
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with serving(folder, "--live", "2") as server, ExitStack() as held:
        hold(server, held)
        with browsing(*camera) as browser:
            page = begin(browser, server, clip)
            page.locator(".mer-result").wait_for(timeout=120_000)
            page.context.grant_permissions(["camera"])
            page.get_by_role("tab", name="Live camera").click()
            page.get_by_role("button", name="Start the camera").click()
            page.get_by_text("Watching.").wait_for(timeout=120_000)
            page.context.close()
        own = psutil.Process(server.process.pid)
        until_s = time.monotonic() + 120.0
        while own.num_fds() > 60 or list(server.scratch.glob("*/uploads/*")):
            assert time.monotonic() < until_s, "what was held is still there"
            time.sleep(1.0)


def test_what_a_killed_server_left_is_swept_at_the_next_start(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    scratch = tmp_path_factory.mktemp("killed")
    with serving(scratch) as server:
        client = Client(server).opened()
        assert client.ask("POST", "/upload?name=a.mp4", b"a face")[0] == 200
        assert [path.read_bytes() for path in server.left_over] == [b"a face"]
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    assert len(server.left_over) == 1
    with serving(scratch) as server:
        assert server.left_over == []
    assert list(scratch.glob("mer-demo-*")) == []


def test_nothing_of_the_machine_is_in_an_answer(server: Server, client: Client) -> None:
    for path in ("/", "/config", "/gradio_api/app_id", "/gradio_api/startup-events"):
        text = client.ask("GET", path)[1]
        assert str(server.scratch) not in text and not re.search(r"/site-packages/", text), path
