"""The server with real clients: the examples of docs/clients, sockets that read nothing."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.core.errors import InstallError, OutputError
from streamer.core.records import SourceInfo
from streamer.outputs.live.app import MOST_CLIENTS
from streamer.outputs.live.hub import MOST_SIGNALS
from streamer.outputs.live.server import EventServer, import_uvicorn
from streamer.outputs.record import event_to_record
from tests.streamer.outputs.fakes import REGIONS, make_event, make_result

connect = pytest.importorskip("websockets.sync.client").connect
exceptions = pytest.importorskip("websockets.exceptions")
CLIENTS = Path(__file__).parents[4] / "docs" / "clients"
INFO = SourceInfo("fake.mp4", "file", False, 64, 48, 30.0, None, None)
PATIENCE_S = 60.0


@pytest.fixture
def server() -> Iterator[EventServer]:
    running = EventServer(0, REGIONS)
    yield running
    running.close()


def wait_for_clients(server: EventServer, count: int) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while server.clients != count:
        assert time.monotonic() < until_s, f"{server.clients} clients, not {count}"
        time.sleep(0.01)


def play(server: EventServer, frames: int = 40) -> None:
    server.begin(INFO)
    for index in range(frames):
        events = (make_event(),) if index == 30 else ()
        server.write(make_result(index, index / 30, (0,), events))


def test_a_websocket_gets_events_as_in_the_file_and_signals(server: EventServer) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/ws") as client:
        wait_for_clients(server, 1)
        play(server)
        server.close()
        texts = list(client)
        assert client.close_code == 1000
    found = [json.loads(text) for text in texts]
    assert found[0]["source"] == "fake.mp4" and found[-1] == {"schema": "mer-stream/end/1"}
    events = [one for one in found if one["schema"] == "mer-stream/event/2"]
    assert events == [json.loads(json.dumps(event_to_record(make_event())))]
    signals = [one for one in found if one["schema"] == "mer-stream/signals/1"]
    assert [one["frame"] for one in signals] == list(range(40))
    assert signals[3]["motion_mouth"] == pytest.approx(0.1) and signals[3]["gate"] == "blink"


@pytest.mark.parametrize(
    ("script", "path"), [("websocket_client.py", "ws"), ("sse_client.py", "events")]
)
def test_the_example_clients(server: EventServer, script: str, path: str) -> None:
    scheme = "ws" if path == "ws" else "http"
    client = subprocess.Popen(
        [sys.executable, str(CLIENTS / script), f"{scheme}://127.0.0.1:{server.port}/{path}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for_clients(server, 1)
    play(server)
    server.close()
    said, _ = client.communicate(timeout=PATIENCE_S)
    assert (said, client.returncode) == ("1.167 s  micro  surprise\n", 0)


def test_server_sent_events_have_names_and_numbers_to_return_by(server: EventServer) -> None:
    play(server)
    url = f"http://127.0.0.1:{server.port}/events"
    request = urllib.request.Request(url, headers={"Last-Event-ID": "1"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        threading.Timer(0.1, server.close).start()
        text = stream.read().decode()
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    assert [block[0] for block in blocks] == ["event: event", "event: end"]
    assert json.loads(blocks[0][2].removeprefix("data: "))["emotion"] == "surprise"


def test_pages_of_other_sites_are_refused(server: EventServer) -> None:
    url, foreign = f"ws://127.0.0.1:{server.port}/ws", "http://evil.example"
    with pytest.raises(exceptions.InvalidStatus) as caught, connect(url, origin=foreign):
        pass
    assert caught.value.response.status_code == 403
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        url = f"http://127.0.0.1:{server.port}/events"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, headers=headers))
        assert refused.value.code == 403
        assert refused.value.headers["access-control-allow-origin"] is None
    own = f"http://localhost:{server.port}"
    with connect(f"ws://127.0.0.1:{server.port}/ws", origin=own):
        wait_for_clients(server, 1)


@pytest.mark.parametrize(("path", "code"), [("/", 200), ("/live.js", 200), ("/../etc", 404)])
def test_there_is_a_page_and_nothing_else(server: EventServer, path: str, code: int) -> None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
            found, headers = answer.status, answer.headers
    except urllib.error.HTTPError as error:
        found, headers = error.code, error.headers
    assert found == code
    assert headers["content-security-policy"].startswith("default-src 'none'")
    posting = urllib.request.Request(f"http://127.0.0.1:{server.port}/events", data=b"x")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(posting)
    assert refused.value.code == 405


def test_a_client_that_reads_nothing_holds_nobody_up(
    server: EventServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for it is bounded; the pipeline's side does not wait, and the run ends."""
    monkeypatch.setattr("streamer.outputs.live.server._DRAIN_S", 0.1)
    mute = socket.create_connection(("127.0.0.1", server.port))
    mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    mute.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    wait_for_clients(server, 1)
    twenty = make_result(0, 0.0, range(20))
    (client,) = server._hub._clients
    for _ in range(20_000):  # 1000 are some 10 MB, more than most sockets hold
        server.write(twenty)
        if dropped := client._dropped:
            break
    assert dropped > 0 and len(client._signals) <= MOST_SIGNALS
    server.close()
    assert not server._thread.is_alive()
    mute.close()


def test_there_are_only_so_many_clients(server: EventServer) -> None:
    url = f"ws://127.0.0.1:{server.port}/ws"
    with contextlib.ExitStack() as clients:
        for _ in range(MOST_CLIENTS):
            clients.enter_context(connect(url))
        wait_for_clients(server, MOST_CLIENTS)
        with pytest.raises(exceptions.InvalidStatus), connect(url):
            pass
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/events")
        assert refused.value.code == 503
    wait_for_clients(server, 0)  # those that leave make room


def test_without_signals_nobody_gets_any() -> None:
    server = EventServer(0)
    with connect(f"ws://127.0.0.1:{server.port}/ws") as client:
        wait_for_clients(server, 1)
        play(server)
        server.close()
        schemas = {json.loads(text)["schema"] for text in client}
    assert schemas == {"mer-stream/source/1", "mer-stream/event/2", "mer-stream/end/1"}


def test_a_port_that_is_taken_is_told(server: EventServer) -> None:
    with pytest.raises(OutputError, match=f"--serve-events {server.port}: .*another"):
        EventServer(server.port)


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(InstallError, match=r"mer-stream\[serve\]"):
        import_uvicorn()
