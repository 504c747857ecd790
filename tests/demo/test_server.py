"""The whole application without a browser: pages, files of visitors, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import demo.server
from demo.app_context import AppContext, open_app_context
from demo.limits import Limits
from demo.page import build_page
from demo.visitors import Visitor, Visitors


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[TestClient, Visitors]]:
    held: list[Visitors] = []

    def seen(limits: Limits | None) -> AppContext:
        context = open_app_context(limits)
        held.append(context.visitors)
        return context

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo.server, "open_app_context", seen)
        for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED"):
            patch.setenv(name, "")  # and as it was afterwards
        app = demo.server.create_app(Limits(live=1, calls_per_s=1000.0))
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            client.get("/")  # the cookie
            yield client, held[0]
    assert not held[0].root.exists()  # shutting down deletes everything


@pytest.fixture
def client(served: tuple[TestClient, Visitors]) -> TestClient:
    return served[0]


def visitor_of(served: tuple[TestClient, Visitors], session: str) -> Visitor:
    """The visitor of a page that this client has opened."""
    client, visitors = served
    (cookie,) = client.cookies.items()
    owner = visitors.sessions.owner_of("=".join(cookie), "127.0.0.1")
    assert owner is not None and visitors.sessions.claim(session, owner)
    return visitors.of(session)


@pytest.fixture
def page_visitor(served: tuple[TestClient, Visitors]) -> Iterator[Visitor]:
    visitor = visitor_of(served, "a page")
    if not visitor.results:
        folder = visitor.folder / "result-1"
        folder.mkdir()
        for name in ("events.jsonl", "report.html", "annotated.mp4", "secret.txt"):
            (folder / name).write_text(f"mine: {name}")
        (visitor.folder / "events.jsonl").write_text("not a result's")
        visitor.keep("result-1", 5)
    yield visitor


def test_the_page_is_there(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200 and "see a micro-expression happen" in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    config = client.get("/config")
    assert config.status_code == 200 and "Find micro-expressions" in config.text


def test_no_path_of_this_machine_is_told(
    client: TestClient, served: tuple[TestClient, Visitors]
) -> None:
    for path in ("/", "/config"):
        said = client.get(path).text
        for secret in (str(served[1].root), str(Path(demo.server.__file__).parent)):
            assert secret not in said, path


def test_it_asks_for_nothing_from_elsewhere(client: TestClient) -> None:
    said = client.get("/").text
    for tag in ('<script src="http', '<link rel="stylesheet" href="http', "fonts.googleapis"):
        assert tag not in said


def test_no_route_of_gradio_reads_files(client: TestClient) -> None:
    for path in ("/etc/passwd", __file__, "/proc/self/environ"):
        for route in ("/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/..%2f..%2f"):
            assert client.get(route + path).status_code == 404
    assert client.get("/gradio_api/info").status_code == 404
    assert client.get("/openapi.json").status_code == 404
    assert client.get("/docs").status_code == 404


def test_functions_are_not_open_to_scripts(client: TestClient) -> None:
    config = json.loads(client.get("/config").text)
    named = [one["api_name"] for one in config["dependencies"]
             if one.get("api_visibility", "public") == "public"]  # fmt: skip
    assert named == [] or all(not name for name in named)


def test_files_of_a_visitor(client: TestClient, page_visitor: Visitor) -> None:
    base = f"/visit/{page_visitor.token}/result-1"
    answer = client.get(f"{base}/events.jsonl")
    assert (answer.status_code, answer.text) == (200, "mine: events.jsonl")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="events.jsonl"'
    video = client.get(f"{base}/annotated.mp4")
    assert video.status_code == 200 and video.headers["content-type"] == "video/mp4"
    assert "attachment" not in video.headers.get("content-disposition", "")
    part = client.get(f"{base}/annotated.mp4", headers={"range": "bytes=0-3"})
    assert (part.status_code, part.text) == (206, "mine")
    saved = client.get(f"{base}/annotated.mp4?download=1")
    assert saved.headers["content-disposition"] == 'attachment; filename="annotated.mp4"'
    report = client.get(f"{base}/report.html?download=0")
    assert report.headers["content-disposition"].startswith("attachment")  # no page of this origin


@pytest.mark.parametrize(
    "rest",
    [
        "result-1/secret.txt", "result-1/events.csv", "result-2/events.jsonl", "events.jsonl",
        "./events.jsonl", "result-1/../events.jsonl", "result-1/%2e%2e/events.jsonl",
        "%2e%2e/x/events.jsonl", "result-1%2fevents.jsonl/events.jsonl", "result-1/", "result-1",
        "//events.jsonl", "result-1/events.jsonl/", "result-1/events.jsonl%00",
        "result-1/..%2f..%2f..%2fetc%2fpasswd", "upload-1/events.jsonl", "result-1/EVENTS.JSONL",
    ],
)  # fmt: skip
def test_nothing_else_of_a_visitor(client: TestClient, page_visitor: Visitor, rest: str) -> None:
    answer = client.get(f"/visit/{page_visitor.token}/{rest}", follow_redirects=False)
    assert answer.status_code in (404, 307)
    assert "mine" not in answer.text and str(page_visitor.folder) not in answer.text


def test_nothing_of_another_visitor(
    client: TestClient, served: tuple[TestClient, Visitors], page_visitor: Visitor
) -> None:
    other = served[1].of("another page")
    assert page_visitor.token != other.token
    for token in (other.token, "x", page_visitor.token[:-1], page_visitor.token + "a", "ü", "%ff"):
        answer = client.get(f"/visit/{token}/result-1/events.jsonl")
        assert answer.status_code == 404 and "mine" not in answer.text


def test_the_address_alone_opens_no_file(
    client: TestClient, served: tuple[TestClient, Visitors], page_visitor: Visitor
) -> None:
    """Somebody else who has seen the address, with a cookie of their own or none."""
    address = f"/visit/{page_visitor.token}/result-1/events.jsonl"
    stranger = TestClient(client.app, base_url="http://127.0.0.1")
    assert stranger.get(address).status_code == 404
    stranger.get("/")
    answer = stranger.get(address)
    assert answer.status_code == 404 and "mine" not in answer.text
    assert client.get(address).status_code == 200
    unowned = served[1].of("nobody's page")
    (unowned.folder / "result-1").mkdir()
    (unowned.folder / "result-1" / "events.jsonl").write_text("mine")
    unowned.keep("result-1", 5)
    assert client.get(f"/visit/{unowned.token}/result-1/events.jsonl").status_code == 404


def test_files_are_gone_with_their_visitor(
    client: TestClient, served: tuple[TestClient, Visitors]
) -> None:
    visitor = visitor_of(served, "leaving")
    (visitor.folder / "result-1").mkdir()
    (visitor.folder / "result-1" / "run.json").write_text("{}")
    visitor.keep("result-1", 5)
    address = f"/visit/{visitor.token}/result-1/run.json"
    assert client.get(address).status_code == 200
    served[1].forget("leaving")
    answer = client.get(address)
    assert answer.status_code == 404 and "Reload the page" in answer.text


@pytest.mark.parametrize(
    "path", ["/nothing", "/visit/x/y/z", "/gradio_api/nothing", "/assets/nothing.js", "/static/x"]
)
def test_an_unknown_path_leaks_none(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    for word in ("/tmp", "/usr", "/work", "site-packages", "Traceback", ".py"):
        assert word not in answer.text


def test_another_name_is_refused(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 403


def test_two_gigabytes_are_refused_before_they_arrive(client: TestClient) -> None:
    read: list[int] = []

    def body() -> Iterator[bytes]:
        read.append(1)
        yield b"x"

    headers = {"content-length": str(2 * 10**9)}
    answer = client.post("/upload?name=a.mp4", content=body(), headers=headers)
    assert answer.status_code == 413
    assert answer.json() == {"detail": "This file is larger than 500 MB, the limit here."}
    assert read == []


@pytest.mark.parametrize("name", ["../../../escape.mp4", "/etc/cron.d/x.mp4", "a\\..\\b.mp4"])
def test_an_upload_stays_in_its_folder(
    client: TestClient, served: tuple[TestClient, Visitors], name: str
) -> None:
    answer = client.post("/upload", params={"name": name}, content=b"no film")
    assert answer.status_code == 200 and list(answer.json()) == ["id"]
    (arrived,) = served[1].upload_folder.iterdir()
    assert arrived.read_bytes() == b"no film" and arrived.name == answer.json()["id"]
    assert client.post("/gradio_api/upload", files={"files": (name, b"x")}).status_code == 404


def test_gradio_checks_paths_itself_too(tmp_path: Path) -> None:
    """The second lock: without it, Gradio copies any file that a call names."""
    from gradio.context import LocalContext
    from gradio.exceptions import InvalidPathError
    from gradio.processing_utils import _check_allowed

    pages: list[Any] = []

    def built(context: AppContext) -> Any:
        pages.append(build_page(context))
        return pages[-1]

    with pytest.MonkeyPatch.context() as patch:
        for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED"):
            patch.setenv(name, "")
        patch.setattr(demo.server, "build_page", built)
        context = open_app_context()
        demo.server.serve_app(context)
        token = LocalContext.blocks.set(pages[0])
        try:
            for path in ("/etc/passwd", __file__, str(context.visitors.upload_folder / "x")):
                with pytest.raises(InvalidPathError):
                    _check_allowed(path, check_in_upload_folder=True)
        finally:
            LocalContext.blocks.reset(token)
            context.close()


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"fn_index": 99999, "data": []}'])
def test_requests_of_nonsense_show_no_trace(client: TestClient, body: str) -> None:
    for path in ("/gradio_api/queue/join", "/gradio_api/run/predict"):
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code >= 400
        for word in ("Traceback", "site-packages", ".py", "/tmp"):
            assert word not in answer.text
