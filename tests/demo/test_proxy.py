"""The recipe of docs/demo.md: nginx with https, a password, an upload, the camera."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.demo.browser import (
    ROOT,
    Server,
    browsing,
    missing,
    sample_frames,
    send,
    serving,
    wait_until,
    write_camera,
    write_clip,
)

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
PASSWORD = "correct horse battery"
WAIT_MS = 120_000
pytestmark = pytest.mark.slow


def recipe(folder: Path, port: int, behind: int) -> str:
    """The configuration of the documentation, with ports and certificates of this test."""
    text = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```nginx\n(.*?)```", text, re.S)
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/lab.pem", f"{folder}/lab.pem"),
        ("/etc/ssl/lab.key", f"{folder}/lab.key"), ("127.0.0.1:7860", f"127.0.0.1:{behind}"),
        ("lab.example", "localhost"),
    ):  # fmt: skip
        assert old in block
        block = block.replace(old, new)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    return (
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;\n"
        f"events {{}}\nhttp {{ access_log off; {paths}\n{block}\n}}\n"
    )


@contextmanager
def nginx(folder: Path, behind: int) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", folder / "lab.key", "-out", folder / "lab.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "nginx.conf").write_text(recipe(folder, port, behind))
    assert NGINX is not None
    running = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    try:
        until_s = time.monotonic() + 60.0
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert running.poll() is None and time.monotonic() < until_s
                time.sleep(0.1)
        yield port
    finally:
        running.terminate()
        running.wait(60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MER_DEMO_PASSWORD", PASSWORD)
        scratch = tmp_path_factory.mktemp("server")
        with serving(scratch, "--auth", "ann", "--public-name", "localhost") as running:
            yield running


def test_an_upload_and_the_camera_through_nginx(server: Server, tmp_path: Path) -> None:
    if NGINX is None:
        missing("no nginx here: apt-get install nginx-light")
    if os.geteuid() != 0:
        pytest.skip("the configuration of this test names the user root")
    behind = int(server.address.rsplit(":", 1)[1])
    film = write_camera(tmp_path / "camera.mjpeg", sample_frames()[20:120])
    camera = (
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )  # fmt: skip
    with nginx(tmp_path, behind) as port, browsing(*camera) as browser:
        address = f"https://localhost:{port}"
        stranger = browser.new_context(ignore_https_errors=True)
        assert stranger.request.get(address).status == 401
        stranger.close()

        context = browser.new_context(
            ignore_https_errors=True, permissions=["camera"],
            http_credentials={"username": "ann", "password": PASSWORD},
        )  # fmt: skip
        page = context.new_page()
        foreign: list[str] = []
        page.on("request", lambda r: _note_foreign(foreign, r.url, f"//localhost:{port}"))
        page.goto(address)
        send(page, write_clip(tmp_path / "clip.mp4", sample_frames()[20:80]))
        page.locator(".mer-result").wait_for(timeout=WAIT_MS)
        link = page.get_by_role("link", name="JSON lines").get_attribute("href")
        assert '"surprise"' in context.request.get(address + link).text()
        (cookie,) = context.cookies()
        assert cookie["secure"] and cookie["httpOnly"]

        page.get_by_role("tab", name="Live camera").click()
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_text("Watching.").wait_for(timeout=WAIT_MS)
        rate = page.locator("[data-fact='rate']")
        wait_until(lambda: _number(rate) > 2, 30, "no pictures are seen")
        assert foreign == []
        context.close()


def _note_foreign(found: list[str], url: str, address: str) -> None:
    if address not in url and not url.startswith(("data:", "blob:")):
        found.append(url)


def _number(element: Any) -> float:
    return float(re.sub(r"[^\d.]", "", element.inner_text()) or 0)
