"""The WebSocket of the live camera: who may open it, how many, and how it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from demo.limits import Limits
from demo.live_socket import PICTURE_BYTES, add_live_socket
from demo.settings_view import Choices
from demo.visitors import Visitors
from tests.demo.clips import jpeg, picture, sample_frames

GREY = jpeg(np.full((48, 64, 3), 90, dtype=np.uint8))
SHOWN = picture(0.0, 0, np.full((48, 64, 3), 90, dtype=np.uint8))  # what a browser sends first
HOST = {"host": "127.0.0.1:7860"}
Serve = Callable[[Limits], tuple[TestClient, Visitors]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    held: list[Visitors] = []

    def made(limits: Limits) -> tuple[TestClient, Visitors]:
        held.append(Visitors(limits))
        app = FastAPI()
        add_live_socket(app, held[-1])
        return TestClient(app), held[-1]

    yield made
    for visitors in held:
        visitors.close()


def connect(
    client: TestClient, token: str, **headers: str
) -> AbstractContextManager[WebSocketTestSession]:
    return client.websocket_connect(f"/live/{token}", headers={**HOST, **headers})


def quick(visitors: Visitors, session: str = "a page") -> str:
    visitor = visitors.of(session)
    visitor.live_choices = Choices(no_recognition=True)
    return visitor.token


def told(socket: WebSocketTestSession) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(socket.receive_text())
    return found


@pytest.mark.parametrize("token", ["x", "ü", "a" * 32])
def test_a_wrong_token_is_turned_away(serve: Serve, token: str) -> None:
    client, visitors = serve(Limits())
    quick(visitors)
    with pytest.raises(WebSocketDisconnect) as closed, connect(client, token):
        pass
    assert closed.value.code == 4403


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:8000",
        "null",
        "",
        "http://127.0.0.1:7860@evil.example",
    ],
)
def test_another_site_is_turned_away(serve: Serve, origin: str) -> None:
    client, visitors = serve(Limits())
    token = quick(visitors)
    with pytest.raises(WebSocketDisconnect) as closed, connect(client, token, origin=origin):
        pass
    assert closed.value.code == 4403


def test_pictures_in_answers_out_and_open_events_at_the_end(serve: Serve) -> None:
    client, visitors = serve(Limits(live=1))
    token = quick(visitors)
    with connect(client, token, origin="http://127.0.0.1:7860") as socket:
        assert told(socket) == {"type": "ready", "result": "live-1"}
        assert visitors.of("a page").results == ["live-1"]
        for frame in sample_frames(0, 72):
            socket.send_bytes(picture(100.0 + frame.time_s, frame.index + 1, frame.image))
            answer = told(socket)
            assert (answer["type"], answer["number"]) == ("seen", frame.index + 1)
            assert answer["dropped"] == 0 and answer["events"] == []
        assert answer["faces"][0]["box"] and answer["work_ms"] > 0
        socket.send_bytes(picture(200.0, 99, b"x" * PICTURE_BYTES))  # too large: not looked at
        socket.send_bytes(b"short")
        socket.send_text("stop")
        last = told(socket)
        assert [event["onset_frame"] for event in last["events"]] == [46]
    assert not visitors.of("a page").is_busy
    with connect(client, token) as socket:  # the place was given back
        assert told(socket) == {"type": "ready", "result": "live-2"}


def test_no_more_cameras_than_places(serve: Serve) -> None:
    client, visitors = serve(Limits(live=1, silent_s=60.0))
    first, second = quick(visitors, "first"), quick(visitors, "second")
    with connect(client, first) as socket:
        assert told(socket)["type"] == "ready"
        socket.send_bytes(picture(1.0, 1, GREY))
        assert told(socket)["type"] == "seen"
        with connect(client, second) as other:
            other.send_bytes(SHOWN)
            refused = told(other)
        assert refused["type"] == "error" and "places for live cameras are taken" in refused["text"]
        assert visitors.of("second").results == []
        socket.send_text("stop")
    with connect(client, second) as other:
        assert told(other)["type"] == "ready"


def test_settings_that_cannot_be_used_are_a_sentence(serve: Serve) -> None:
    client, visitors = serve(Limits(live=1))
    token = quick(visitors)
    visitors.of("a page").live_choices = Choices(sensitivity=99.0)
    for _ in range(2):  # the place is given back
        with connect(client, token) as socket:
            refused = told(socket)
            assert refused["type"] == "error" and "sensitivity' must be" in refused["text"]
    assert not visitors.of("a page").is_busy


def test_a_broken_picture_is_a_sentence(serve: Serve) -> None:
    client, visitors = serve(Limits(live=1))
    with connect(client, quick(visitors)) as socket:
        told(socket)
        socket.send_bytes(picture(1.0, 1, b"no picture"))
        refused = told(socket)
        assert refused["type"] == "error" and "could not be read" in refused["text"]


def _ends(serve: Serve, limits: Limits, leave: bool) -> bool:
    """Whether a camera that says nothing more gives its place back within some seconds."""
    client, visitors = serve(limits)
    visitor = visitors.of("a page")
    with connect(client, quick(visitors)) as socket:
        told(socket)
        if leave:
            visitors.forget("a page")
        until_s = time.monotonic() + 60.0
        while visitor.is_busy and time.monotonic() < until_s:
            time.sleep(0.1)
        ended = not visitor.is_busy
        with connect(client, quick(visitors, "next")) as other:
            other.send_bytes(SHOWN)
            ended = ended and told(other)["type"] == "ready"
        with suppress(WebSocketDisconnect, RuntimeError):
            socket.send_text("stop")
    return ended


def test_a_camera_without_pictures_ends_within_seconds(serve: Serve) -> None:
    assert _ends(serve, Limits(live=1, silent_s=0.5), leave=False)


def test_silent_sockets_do_not_hold_the_places(serve: Serve) -> None:
    """Also while many of them try, whoever shows a picture gets in at once."""
    client, visitors = serve(Limits(live=1, silent_s=60.0))
    tokens = [quick(visitors, f"silent {number}") for number in range(20)]
    genuine = quick(visitors, "genuine")
    with ExitStack() as sockets:
        first = sockets.enter_context(connect(client, tokens[0]))
        assert told(first)["type"] == "ready"
        for token in tokens[1:]:
            sockets.enter_context(connect(client, token))
        with connect(client, genuine) as socket:
            socket.send_bytes(SHOWN)
            assert told(socket)["type"] == "ready"
            socket.send_bytes(picture(1.0, 1, GREY))
            assert told(socket)["number"] == 1
        lost = told(first)
        while lost["type"] == "seen":  # what was open at the end
            lost = told(first)
        assert lost["type"] == "error" and "places for live cameras are taken" in lost["text"]


def test_the_picture_that_shows_a_camera_is_not_analysed(serve: Serve) -> None:
    client, visitors = serve(Limits(live=1))
    with connect(client, quick(visitors)) as socket:
        socket.send_bytes(SHOWN)
        assert told(socket)["type"] == "ready"
        socket.send_bytes(picture(5.0, 1, GREY))
        assert told(socket)["number"] == 1  # and no answer to number 0 before


def test_a_socket_of_another_browser_is_turned_away(serve: Serve) -> None:
    client, visitors = serve(Limits(live=1))
    visitors.sessions.claim("a page", "somebody")
    with pytest.raises(WebSocketDisconnect) as closed, connect(client, quick(visitors)):
        pass
    assert closed.value.code == 4403


def test_a_picture_that_would_fill_the_memory_is_a_sentence(serve: Serve) -> None:
    client, visitors = serve(Limits(live=1))
    bomb = bytearray(jpeg(np.full((16, 16, 3), 90, dtype=np.uint8)))
    size = bomb.index(b"\xff\xc0") + 5  # height and width of the frame header
    bomb[size : size + 4] = b"\xff\xff\xff\xff"
    with connect(client, quick(visitors)) as socket:
        told(socket)
        socket.send_bytes(picture(1.0, 1, bytes(bomb)))
        refused = told(socket)
        assert refused["type"] == "error" and "could not be read" in refused["text"]


def test_a_silent_camera_ends_when_its_time_is_over(serve: Serve) -> None:
    assert _ends(serve, Limits(live=1, live_minutes=0.01), leave=False)


def test_a_silent_camera_ends_when_its_visitor_leaves(serve: Serve) -> None:
    assert _ends(serve, Limits(live=1), leave=True)


def test_a_busy_camera_ends_when_its_time_is_over(serve: Serve) -> None:
    client, visitors = serve(Limits(live=1, live_minutes=0.02))
    with connect(client, quick(visitors)) as socket:
        told(socket)
        with pytest.raises(WebSocketDisconnect):
            for number in range(1, 200):
                socket.send_bytes(picture(number / 10, number, GREY))
                told(socket)
                time.sleep(0.05)
    assert not visitors.of("a page").is_busy
