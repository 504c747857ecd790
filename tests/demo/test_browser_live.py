"""The live camera in a real Chromium, with a fake camera that plays the bundled sample."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo.browser import (
    Server,
    browsing,
    sample_frames,
    serving,
    wait_until,
    write_camera,
)

WAIT_MS = 60_000
EMOTIONS = {"surprise", "negative", "positive"}
_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server"), "--live", "1") as running:
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    film = write_camera(tmp_path_factory.mktemp("camera") / "camera.mjpeg", sample_frames())
    with browsing(*_CAMERA, f"--use-file-for-fake-video-capture={film}") as running:
        yield running


@pytest.fixture
def page(server: Server, browser: Any) -> Iterator[Any]:
    context = browser.new_context(permissions=["camera"], viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(server.address)
    opened.get_by_role("tab", name="Live camera").click()
    yield opened
    assert faults == []
    context.close()
    wait_until(lambda: not server.visitors, 60, "the visitor's files are still there")


def start(page: Any) -> None:
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_text("Watching.").wait_for(timeout=WAIT_MS)


def fact(page: Any, name: str) -> float:
    text = page.locator(f"[data-fact='{name}']").inner_text()
    return float(re.sub(r"[^\d.]", "", text) or 0)


def emotions(page: Any) -> set[str]:
    shown = page.locator(".live-events .badge").all_inner_texts()
    return {word for text in shown for word in text.split() if word in EMOTIONS}


def test_events_appear_while_the_camera_runs(page: Any, server: Server) -> None:
    start(page)
    wait_until(lambda: emotions(page) == EMOTIONS, 90, "the three events did not appear")
    late_s = [
        float(item.get_attribute("data-late")) for item in page.locator(".live-events li").all()
    ]
    assert all(value > 0.0 for value in late_s)  # how late is measured by benchmarks/demo.py
    assert fact(page, "rate") > 0 and fact(page, "delay") > 0
    assert fact(page, "faces") == 1
    folder = os.environ.get("MER_SCREENSHOTS")
    if folder:
        target = Path(folder) / "live.jpg"
        page.screenshot(path=target, type="jpeg", quality=80, full_page=True)

    page.get_by_role("button", name="Stop the camera").click()
    page.get_by_text("The camera is off.").wait_for()
    wait_until(lambda: not server.workers, 60, "the process of the camera is still there")


@pytest.mark.slow
def test_a_slow_machine_drops_the_oldest_pictures_and_says_so(page: Any, server: Server) -> None:
    start(page)
    wait_until(lambda: fact(page, "rate") > 0, 60, "no pictures are seen")
    before = fact(page, "dropped")
    (worker,) = server.workers
    for _ in range(4):  # stands still for most of the time
        worker.suspend()
        page.wait_for_timeout(900)
        worker.resume()
        page.wait_for_timeout(100)
    wait_until(lambda: fact(page, "dropped") > before, 60, "nothing was dropped")
    wait_until(
        lambda: "does not keep up" in page.locator(".live-warning").inner_text(),
        60,
        "the page did not say so",
    )
    wait_until(lambda: fact(page, "delay") < 1000, 60, "the delay does not recover")


def test_a_second_camera_is_refused_politely_and_the_place_is_given_back(
    page: Any, server: Server, browser: Any
) -> None:
    start(page)
    context = browser.new_context(permissions=["camera"])
    second = context.new_page()
    second.goto(server.address)
    second.get_by_role("tab", name="Live camera").click()
    second.get_by_role("button", name="Start the camera").click()
    second.get_by_text("All places for live cameras are taken").wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="Stop the camera").click()
    wait_until(lambda: not server.workers, 60, "the first camera's process is still there")
    start(second)
    context.close()
    wait_until(lambda: not server.workers, 60, "a process is left of a visitor who left")


def test_a_process_that_dies_is_told(page: Any, server: Server) -> None:
    start(page)
    for worker in server.workers:
        worker.kill()
    page.get_by_text("The analysis stopped unexpectedly").wait_for(timeout=WAIT_MS)


@pytest.mark.slow
def test_a_live_event_is_looked_into(page: Any) -> None:
    """Comes last: the process that explains stays for a while."""
    start(page)
    page.locator(".live-events li button").first.wait_for(timeout=WAIT_MS)
    page.locator(".live-events li button").first.click()  # while the camera goes on
    page.get_by_alt_text("Apex").first.wait_for(timeout=WAIT_MS)
    assert "live camera" in page.locator(".mer-inside h2").inner_text()
