"""The page in a real Chromium: a visitor uploads, looks, downloads; hostile files are refused.

With MER_SCREENSHOTS=FOLDER the pictures of the README are written there.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo.browser import (
    Server,
    command_line,
    sample_frames,
    send,
    wait_until,
    write_clip,
)

WAIT_MS = 60_000
DESKTOP = {"width": 1200, "height": 900}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seconds with two events."""
    folder = tmp_path_factory.mktemp("clips")
    return write_clip(folder / "interview one.mp4", sample_frames()[180:400])


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds with one event, where the recording is not the point."""
    folder = tmp_path_factory.mktemp("short")
    return write_clip(folder / "interview one.mp4", sample_frames()[20:110])


@pytest.fixture
def page(server: Server, browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport=DESKTOP)
    opened = context.new_page()
    opened.foreign = []
    opened.faults = []
    opened.on("request", lambda r: _note_foreign(opened.foreign, r.url, server.address))
    opened.on("pageerror", lambda error: opened.faults.append(str(error)))
    opened.goto(server.address)
    opened.get_by_role("button", name="Try the sample").wait_for()
    yield opened
    assert opened.faults == []
    assert opened.foreign == []  # nothing is fetched from, or sent to, anywhere else
    context.close()


def _note_foreign(found: list[str], url: str, address: str) -> None:
    if not url.startswith((address, "data:", "blob:", address.replace("http", "ws"))):
        found.append(url)


def picture(page: Any, name: str) -> None:
    """A screenshot for the README, if asked for."""
    folder = os.environ.get("MER_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.jpg", type="jpeg", quality=80, full_page=True)


def upload(page: Any, *files: Any) -> None:
    page.locator("input[type=file]").first.set_input_files(*files)


def analyse(page: Any, clip: Path) -> None:
    send(page, clip)
    page.locator(".mer-result").wait_for(timeout=WAIT_MS)


def test_upload_see_events_click_one_look_inside_and_download(
    page: Any, clip: Path, tmp_path: Path
) -> None:
    analyse(page, clip)
    expected = command_line(clip)
    events = [json.loads(line) for line in expected.splitlines()]
    assert [event["emotion"] for event in events] == ["negative", "positive"]
    assert page.locator("tr[data-row]").count() == len(events)
    assert page.locator(".tl-event").count() == len(events)

    page.locator(".tl-event").nth(1).click()
    jump_s = page.evaluate("document.querySelector('video.player').currentTime")
    assert jump_s == pytest.approx(events[1]["onset_s"] - 0.4, abs=0.02)
    assert "chosen" in page.locator("tr[data-row]").nth(1).get_attribute("class")

    with page.expect_download() as waiting:
        page.get_by_role("link", name="JSON lines").click()
    target = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(target)
    assert target.name == "events.jsonl"
    assert target.read_text(encoding="utf-8") == expected
    picture(page, "recording")

    page.get_by_role("button", name=re.compile("^Look inside")).nth(1).click()
    page.get_by_alt_text("Apex").first.wait_for(timeout=WAIT_MS)
    assert "positive" in page.locator(".mer-inside h2").inner_text()
    assert "not a feeling" in page.locator(".mer-inside").inner_text()
    page.get_by_text("What SelfME makes of it").wait_for(timeout=WAIT_MS)
    for name in ("Keypoints", "Attention, with symmetry", "Attention, without symmetry"):
        wait_until(
            lambda name=name: page.evaluate(
                "name => document.querySelector(`img[alt='${name}']`).naturalWidth > 0", name
            ),
            60,
            f"the picture {name} is not shown",
        )
    picture(page, "inside")


def test_motion_is_amplified_by_the_slider_and_played(page: Any, short: Path) -> None:
    analyse(page, short)
    page.get_by_role("button", name=re.compile("^Look inside")).first.click()
    page.locator(".strip").wait_for(timeout=WAIT_MS)
    page.get_by_text("8 times the motion").wait_for()
    before = page.locator(".strip-picture").get_attribute("style")
    slider = page.get_by_role("slider", name=re.compile("Motion amplified"))
    slider.focus()
    slider.press("Home")
    page.get_by_text("As recorded").wait_for()
    assert page.locator(".strip-picture").get_attribute("style") != before

    shown = page.locator(".strip output")
    first = shown.inner_text()
    page.get_by_role("button", name="Play").click()
    wait_until(lambda: shown.inner_text() != first, 60, "the player stands still")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="onset").click()
    assert float(shown.inner_text().removesuffix(" s")) < float(first.removesuffix(" s"))
    flicker = page.locator("[data-flicker]")
    flicker.click()
    assert flicker.get_attribute("aria-pressed") == "true"


def test_the_page_is_used_with_the_keyboard_alone(page: Any) -> None:
    page.get_by_role("button", name="Try the sample").focus()
    page.keyboard.press("Enter")
    page.locator(".mer-result").wait_for(timeout=WAIT_MS)
    first = page.locator(".tl-event").first
    page.locator(".tl-scroll").focus()
    page.keyboard.press("Tab")
    assert first.evaluate("one => one === document.activeElement")
    assert "surprise" in first.get_attribute("aria-label")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('video.player').currentTime") > 1.0
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, video, a')]
            .filter((one) => one.offsetParent && !(one.innerText || one.ariaLabel || one.title
                || one.labels?.length || one.getAttribute('aria-labelledby')
                || one.closest('label')))
            .map((one) => one.outerHTML)"""
    )
    assert nameless == []


def test_settings_change_the_result_and_show_the_command(page: Any, short: Path) -> None:
    page.get_by_role("tab", name="Settings").click()
    page.get_by_label("Find movements only (--no-recognition)").check()
    code = page.locator(".cm-content")
    wait_until(lambda: "--no-recognition" in code.inner_text(), 60, "the command did not change")
    picture(page, "settings")
    page.get_by_role("tab", name="Recording").click()
    analyse(page, short)
    assert page.locator("tr[data-row] .badge").first.inner_text() == "movement"
    command = page.locator("pre.command").inner_text()
    assert command == "mer-stream 'interview one.mp4' --no-recognition --output events.jsonl"


def test_benchmarks_are_drawn_from_the_result_files(page: Any) -> None:
    page.get_by_role("tab", name="Benchmarks").click()
    page.locator("canvas, svg.marks").first.wait_for(timeout=WAIT_MS)
    figures = json.loads((Path(__file__).parents[2] / "demo/figures/loso.json").read_text())
    best = max(found["ensemble"]["uf1"] for found in figures["models"].values())
    assert f"{best:.3f}" in page.locator(".figures-table").first.inner_text()
    page.wait_for_timeout(500)
    picture(page, "benchmarks")


def _zip() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("clip.mp4", b"\0" * 4096)
    return held.getvalue()


def _claims_2_gb() -> bytes:
    """An MP4 whose second box says that it is 2 GB long, and is not."""
    brand = (20).to_bytes(4, "big") + b"ftypisom" + bytes(4) + b"isom"
    return brand + (2**31 - 1).to_bytes(4, "big") + b"moov" + bytes(2000)


HOSTILE = {
    "text": (b"This is no video.\n" * 50, "is a text file and not a video"),
    "playlist": (b"ffconcat version 1.0\nfile /etc/passwd\n", "is a playlist"),
    "hls": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "is a playlist"),
    "archive": (_zip(), "cannot be opened as a video|not accepted"),
    "header": (_claims_2_gb(), "cannot be opened as a video|no video stream"),
    "empty": (b"", "is empty|has arrived"),
}


# In a browser two are enough, what is refused by its content is the matter of test_sentry.py.
_FAST = ("playlist", "header")


@pytest.mark.parametrize(
    "kind", [k if k in _FAST else pytest.param(k, marks=pytest.mark.slow) for k in HOSTILE]
)
def test_hostile_uploads_get_a_polite_refusal(page: Any, server: Server, kind: str) -> None:
    content, expected = HOSTILE[kind]
    upload(page, {"name": f"{kind}.mp4", "mimeType": "video/mp4", "buffer": content})
    start = page.get_by_role("button", name="Find micro-expressions")
    wait_until(
        lambda: start.is_enabled() or page.locator(".said.refused").count(), 60, "nothing happened"
    )
    if start.is_enabled():
        start.click()
    refused = page.locator(".said.refused")
    refused.wait_for(timeout=WAIT_MS)
    sentence = refused.inner_text()
    assert re.search(expected, sentence), sentence
    assert str(server.scratch) not in page.content()
    assert "Traceback" not in page.content()


def test_a_file_of_another_kind_is_not_even_sent(page: Any) -> None:
    upload(page, {"name": "letters.zip", "mimeType": "application/zip", "buffer": _zip()})
    page.get_by_text(re.compile("Invalid file type|invalid", re.I)).first.wait_for(timeout=WAIT_MS)
    assert page.get_by_role("button", name="Find micro-expressions").is_disabled()


def test_phone_width_and_dark(server: Server, browser: Any, short: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.goto(server.address)
    analyse(page, short)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.body.classList.contains('dark')")
    picture(page, "phone")
    context.close()


def test_files_are_gone_when_the_visitor_has_left(
    server: Server, browser: Any, short: Path
) -> None:
    wait_until(lambda: not server.visitors, 60, "visitors of earlier tests are still there")
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.address)
    analyse(page, short)
    assert len(server.visitors) == 1
    address = page.get_by_role("link", name="JSON lines").get_attribute("href")
    assert context.request.get(server.address + address).status == 200
    context.close()
    wait_until(lambda: not server.visitors, 60, "the visitor's files are still there")
    assert server.left_over == []
    late = browser.new_context()
    assert late.request.get(server.address + address).status == 404
    late.close()
