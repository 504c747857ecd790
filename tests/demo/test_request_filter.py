"""Only what the page needs is answered, and within its limits. A small app stands behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from demo.account import Account
from demo.limits import Limits
from demo.request_filter import RequestFilter
from demo.rules import LOOPBACK
from demo.sessions import Sessions

MB = 10**6
HOST = "127.0.0.1:7860"
CALL = {"data": [1, "rule"], "fn_index": 3, "session_hash": "abc123"}


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
        Route("/gradio_api/startup-events", fail, methods=METHODS),
        WebSocketRoute("/live/{token}", hello),
        Route("/{path:path}", echo, methods=METHODS),
    ]
)


def opened(**more: Any) -> TestClient:
    """A browser that has opened the page, and so has its cookie."""
    guarded = RequestFilter(BEHIND, Limits(upload_mb=1, calls_per_s=1000.0), LOOPBACK, **more)
    client = TestClient(guarded, base_url=f"http://{HOST}", raise_server_exceptions=False)
    client.get("/")
    return client


@pytest.fixture
def client() -> Iterator[TestClient]:
    yield opened()


@pytest.mark.parametrize(
    "path",
    [
        "/", "/config", "/theme.css", "/assets/index-C2.js", "/static/fonts/a.woff2",
        "/visit/aB_-9/result-1/events.boris.xlsx", "/gradio_api/queue/data?session_hash=abc123",
        "/gradio_api/heartbeat/abc-1",
    ],
)  # fmt: skip
def test_what_the_page_asks_for_passes(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (200, f"{path.partition('?')[0]} 0")


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/run/predict"])
def test_a_call_of_the_page_passes_whole(client: TestClient, path: str) -> None:
    body = json.dumps(CALL)
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.text) == (200, f"{path} {len(body)}")
    assert client.post("/upload?name=a.mp4", content=b"film").text == "/upload 4"


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/file=/etc/passwd",
        "/gradio_api/proxy=http://127.0.0.1:1/", "/gradio_api/stream/a/b/c", "/gradio_api/info",
        "/gradio_api/call/x", "/gradio_api/openapi.json", "/docs", "/redoc", "/openapi.json",
        "/monitoring/x", "/login", "/custom_component/x", "/gradio_api/component_server",
        "/assets/%2e%2e/config", "/visit/a/%2e%2e/%2e%2e/x", "/visit/", "/%2f",
        "/visit/a/b/c%0a", "/visit/a/b\\c", "/.env", "/x", "/config/", "/gradio_api/queue/joined",
        "/static/a%00b", "/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/reset",
        "/gradio_api/queue/status",
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
    client = TestClient(RequestFilter(BEHIND, Limits(), None), base_url="http://lab.example")
    assert client.get("/config").status_code == 200
    assert client.get("/docs").status_code == 404


@pytest.mark.parametrize("path", ["/config", "/docs", "/gradio_api/startup-events", "/upload"])
def test_every_answer_has_the_headers(path: str) -> None:
    headers = opened().get(path).headers
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
    sockets = [s for s in policy["connect-src"] if s != "'self'"]
    assert sockets == [f"ws://{HOST}", f"wss://{HOST}"]  # not every host of the world


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/upload", MB, 200),
        ("/upload", MB + 1, 413),
        ("/gradio_api/queue/join", 64 * 2**10 + 1, 413),
        ("/gradio_api/run/predict", 2 * 2**20, 413),
    ],
)
def test_size_by_the_header(client: TestClient, path: str, size: int, status: int) -> None:
    answer = client.post(path, content=bytes(size))
    assert answer.status_code == status
    if status == 413:
        assert "too large" in answer.text or "larger than 1 MB" in answer.text


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/run/predict", "/upload"])
def test_size_without_a_header(client: TestClient, path: str) -> None:
    """A body in chunks says no length beforehand; it must not fill the memory either."""
    answer = client.post(path, content=(bytes(2**20) for _ in range(4)))
    assert answer.status_code in (411, 413)


@pytest.mark.parametrize("length", ["²", "-1", "1e9", "0x10", "", "9" * 40])
def test_a_strange_length_is_no_crash(length: str) -> None:
    client = TestClient(RequestFilter(BEHIND, Limits(), LOOPBACK), base_url="http://localhost")
    headers = [(b"content-length", length.encode("latin-1")), (b"host", b"localhost")]
    assert client.get("/config", headers=headers).status_code in (200, 400, 413)


def test_an_error_is_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    answer = opened().get("/gradio_api/startup-events")
    assert answer.status_code == 500
    for word in ("secret", "srv", "Traceback", "RuntimeError"):
        assert word not in answer.text
    assert "secret" in caplog.text  # the log knows


def test_an_error_of_a_bare_app_is_a_sentence_too() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret")

    client = TestClient(RequestFilter(broken, Limits(), LOOPBACK), base_url="http://localhost")
    answer = client.get("/config")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "Something went wrong here. Reload the page."}
    assert "content-security-policy" in answer.headers


def test_sockets_have_the_same_door(client: TestClient) -> None:
    mine = {"host": HOST}
    cookie = {"cookie": "; ".join(f"{k}={v}" for k, v in client.cookies.items())}
    with client.websocket_connect("/live/abc", headers=mine | cookie) as socket:
        assert socket.receive_text() == "hello"
    for path, headers in (
        ("/live/abc", cookie | {"host": "evil.example:7860"}),
        ("/other", cookie | mine),
        ("/live/abc", cookie | mine | {"origin": "http://evil.example"}),
        ("/live/abc", cookie | mine | {"origin": f"ftp://{HOST}"}),
        ("/live/abc", cookie | mine | {"origin": "http://127.0.0.1:8000"}),
    ):
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            client.websocket_connect(path, headers=headers),
        ):
            pass
        assert closed.value.code == 4403
    with (  # a stranger
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/live/abc", headers=mine),
    ):
        pass
    assert closed.value.code == 4403


ORIGINS = [
    "http://evil.example", "https://127.0.0.1", "http://127.0.0.1:8000", "http://localhost:7860",
    "ftp://127.0.0.1:7860", "file://", "null", "", "http://127.0.0.1:7860@evil.example",
    "http://127.0.0.1:7860.evil.example", "http://127.0.0.1:7860/x", "http://[", "//127.0.0.1:7860",
]  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("path", ["/upload", "/gradio_api/queue/join", "/", "/config"])
def test_another_site_may_do_nothing(client: TestClient, origin: str, path: str) -> None:
    method = "GET" if path in ("/", "/config") else "POST"
    headers = {"origin": origin, "content-type": "application/json"}
    answer = client.request(method, path, headers=headers, content=json.dumps(CALL))
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", [f"http://{HOST}", f"https://{HOST}"])
def test_the_page_itself_may(client: TestClient, origin: str) -> None:
    headers = {
        "origin": origin,
        "content-type": "application/json",
        "sec-fetch-site": "same-origin",
    }
    answer = client.post("/gradio_api/queue/join", headers=headers, content=json.dumps(CALL))
    assert answer.status_code == 200


def test_a_request_that_the_browser_marks_as_foreign(client: TestClient) -> None:
    for site in ("cross-site", "same-site"):
        assert client.get("/config", headers={"sec-fetch-site": site}).status_code == 403
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200  # somebody followed a link


def test_leave_for_other_sites_is_taken_out_of_answers() -> None:
    async def generous(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"access-control-allow-origin", b"*"), (b"x-mine", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    headers = TestClient(RequestFilter(generous, Limits(), None)).get("/").headers
    assert "access-control-allow-origin" not in headers and headers["x-mine"] == "1"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/"), ("PUT", "/upload"), ("GET", "/upload"), ("GET", "/gradio_api/queue/join"),
     ("DELETE", "/visit/a/b/c"), ("OPTIONS", "/config"), ("POST", "/gradio_api/heartbeat/abc")],
)  # fmt: skip
def test_each_path_has_its_methods(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 405


def test_a_session_belongs_to_the_browser_that_used_it_first() -> None:
    sessions = Sessions()
    mine, other = opened(sessions=sessions), opened(sessions=sessions)
    json_body = {"content-type": "application/json"}
    assert mine.get("/gradio_api/heartbeat/abc123").status_code == 200
    for client, status in ((other, 403), (mine, 200)):
        call = client.post("/gradio_api/queue/join", content=json.dumps(CALL), headers=json_body)
        assert call.status_code == status
        for path in ("heartbeat/abc123", "queue/data?session_hash=abc123"):
            assert client.get(f"/gradio_api/{path}").status_code == status, path
    for path in (
        "queue/data", "queue/data?session_hash=", "queue/data?session_hash=new&session_hash=abc123"
    ):  # fmt: skip
        assert mine.get(f"/gradio_api/{path}").status_code == 403, path


def test_without_a_cookie_there_is_only_the_page() -> None:
    client = opened()
    client.cookies.clear()
    for path, status in (("/visit/a/b/c", 404), ("/gradio_api/heartbeat/abc", 403)):
        assert client.get(path).status_code == status
    assert client.post("/upload", content=b"x").status_code == 403
    assert client.post("/gradio_api/queue/join", json=CALL).status_code == 403
    assert client.get("/assets/a.js").status_code == 200
    forged = {"cookie": "mer-visitor-7860=abc." + "0" * 64}
    assert client.post("/gradio_api/queue/join", json=CALL, headers=forged).status_code == 403


def test_the_cookie_is_closed_to_scripts_and_other_sites() -> None:
    guarded = RequestFilter(BEHIND, Limits(), None)
    plain = TestClient(guarded, base_url="http://lab.example").get("/").headers["set-cookie"]
    assert "HttpOnly" in plain and "SameSite=Lax" in plain and "Secure" not in plain
    safe = TestClient(guarded, base_url="https://lab.example").get("/").headers["set-cookie"]
    assert safe.endswith("; Secure")


def test_a_password_is_asked_for_before_anything_is_shown() -> None:
    client = opened(account=Account("ann", "correct horse"))
    for path in ("/", "/config"):
        answer = client.get(path)
        assert answer.status_code == 401 and "set-cookie" not in answer.headers
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert client.post("/gradio_api/queue/join", json=CALL).status_code == 403
    assert client.get("/", auth=("ann", "wrong")).status_code == 401
    assert client.get("/", auth=("ann", "correct horse")).status_code == 200
    assert client.post("/gradio_api/queue/join", json=CALL).status_code == 200  # by the cookie


def test_guessing_passwords_is_slowed_down() -> None:
    client = opened(account=Account("ann", "correct horse"))
    codes = [client.get("/", auth=("ann", "wrong")).status_code for _ in range(10)]
    assert codes == [401] * 9 + [429]
    answer = client.get("/", auth=("ann", "correct horse"))
    assert answer.status_code == 429 and "Wait a minute" in answer.text


def test_a_browser_has_a_pace() -> None:
    guarded = RequestFilter(BEHIND, Limits(calls_per_s=2.0), LOOPBACK)
    client = TestClient(guarded, base_url=f"http://{HOST}")
    client.get("/")
    codes = [client.post("/gradio_api/queue/join", json=CALL).status_code for _ in range(40)]
    assert codes[:6] == [200] * 6 and 429 in codes
    client.cookies.clear()
    client.get("/")  # somebody else is not held up
    call = CALL | {"session_hash": "other"}
    assert client.post("/gradio_api/queue/join", json=call).status_code == 200
