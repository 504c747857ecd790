"""Only what the page needs is answered, and within its limits. A small app stands behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from demo.guard import LOOPBACK, Guard
from demo.limits import Limits

MB = 10**6


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.url.path} {len(await request.body())}")


async def fail(request: Request) -> PlainTextResponse:
    raise RuntimeError("secret /srv/mer/visitor-1")


async def hello(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


METHODS = ["GET", "POST"]
BEHIND = Starlette(
    routes=[
        Route("/gradio_api/reset", fail, methods=METHODS),
        WebSocketRoute("/live/{token}", hello),
        Route("/{path:path}", echo, methods=METHODS),
    ]
)


@pytest.fixture
def client() -> Iterator[TestClient]:
    guarded = Guard(BEHIND, Limits(upload_mb=1), LOOPBACK)
    yield TestClient(guarded, base_url="http://127.0.0.1:7860")


@pytest.mark.parametrize(
    "path",
    [
        "/", "/config", "/theme.css", "/assets/index-C2.js", "/static/fonts/a.woff2",
        "/visit/aB_-9/result-1/events.boris.xlsx", "/gradio_api/queue/join",
        "/gradio_api/queue/data", "/gradio_api/upload", "/gradio_api/upload/",
        "/gradio_api/heartbeat/abc-1",
    ],
)  # fmt: skip
def test_what_the_page_asks_for_passes(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (200, f"{path} 0")


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/file=/etc/passwd",
        "/gradio_api/proxy=http://127.0.0.1:1/", "/gradio_api/stream/a/b/c", "/gradio_api/info",
        "/gradio_api/call/x", "/gradio_api/openapi.json", "/docs", "/redoc", "/openapi.json",
        "/monitoring/x", "/login", "/custom_component/x", "/gradio_api/component_server",
        "/assets/%2e%2e/config", "/visit/a/%2e%2e/%2e%2e/x", "/visit/", "/%2f",
        "/visit/a/b/c%0a", "/visit/a/b\\c", "/.env", "/x", "/config/", "/gradio_api/queue/joined",
        "/static/a%00b",
    ],
)  # fmt: skip
def test_nothing_else_is_there(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is nothing here."}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("127.0.0.1:7860", 200), ("localhost:1", 200), ("LOCALHOST", 200),
        ("[::1]:7860", 200), ("[::1]", 200), ("evil.example", 403), ("evil.example:7860", 403),
        ("127.0.0.1.evil.example", 403), ("localhost.", 403), ("", 403), ("[::2]", 403),
    ],
)  # fmt: skip
def test_only_its_own_names(client: TestClient, host: str, status: int) -> None:
    """A page elsewhere whose name points here (DNS rebinding) reads nothing."""
    assert client.get("/config", headers={"host": host}).status_code == status


def test_any_name_where_it_is_open_to_the_network() -> None:
    client = TestClient(Guard(BEHIND, Limits(), None), base_url="http://lab.example")
    assert client.get("/config").status_code == 200
    assert client.get("/docs").status_code == 404


@pytest.mark.parametrize("path", ["/config", "/docs", "/gradio_api/reset", "/gradio_api/upload"])
def test_every_answer_has_the_headers(path: str) -> None:
    guarded = Guard(BEHIND, Limits(), LOOPBACK)
    client = TestClient(guarded, base_url="http://localhost", raise_server_exceptions=False)
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["permissions-policy"].startswith("camera=(self), microphone=()")
    policy = {
        part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split(";")
    }
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'self'"]
    assert policy["object-src"] == ["'none'"]
    assert not [s for sources in policy.values() for s in sources if "*" in s or "http" in s]


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/gradio_api/upload", MB, 200),
        ("/gradio_api/upload", MB + 65_536, 200),
        ("/gradio_api/upload", MB + 65_537, 413),
        ("/gradio_api/upload/", 2 * MB, 413),
        ("/gradio_api/queue/join", 2 * 2**20, 200),
        ("/gradio_api/queue/join", 2 * 2**20 + 1, 413),
    ],
)
def test_size_by_the_header(client: TestClient, path: str, size: int, status: int) -> None:
    answer = client.post(path, content=bytes(size))
    assert answer.status_code == status
    if status == 413:
        assert "too large" in answer.text or "larger than 1 MB" in answer.text


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/run/predict"])
def test_size_without_a_header(client: TestClient, path: str) -> None:
    """A body in chunks says no length beforehand; it must not fill the memory either."""
    answer = client.post(path, content=(bytes(2**20) for _ in range(4)))
    assert answer.status_code in (411, 413)


@pytest.mark.parametrize("length", ["²", "-1", "1e9", "0x10", "", "9" * 40])
def test_a_strange_length_is_no_crash(length: str) -> None:
    client = TestClient(Guard(BEHIND, Limits(), LOOPBACK), base_url="http://localhost")
    headers = [(b"content-length", length.encode("latin-1")), (b"host", b"localhost")]
    assert client.get("/config", headers=headers).status_code in (200, 400, 413)


def test_an_error_is_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    guarded = Guard(BEHIND, Limits(), LOOPBACK)
    client = TestClient(guarded, base_url="http://localhost", raise_server_exceptions=False)
    answer = client.get("/gradio_api/reset")
    assert answer.status_code == 500
    for word in ("secret", "srv", "Traceback", "RuntimeError"):
        assert word not in answer.text
    assert "secret" in caplog.text  # the log knows


def test_an_error_of_a_bare_app_is_a_sentence_too() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret")

    client = TestClient(Guard(broken, Limits(), LOOPBACK), base_url="http://localhost")
    answer = client.get("/config")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "Something went wrong here. Reload the page."}
    assert "content-security-policy" in answer.headers


def test_sockets_have_the_same_door(client: TestClient) -> None:
    mine = {"host": "127.0.0.1:7860"}
    with client.websocket_connect("/live/abc", headers=mine) as socket:
        assert socket.receive_text() == "hello"
    for path, host in (("/live/abc", "evil.example"), ("/other", "127.0.0.1")):
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            client.websocket_connect(path, headers={"host": host}),
        ):
            pass
        assert closed.value.code == 4403
