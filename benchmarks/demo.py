"""The demo page under load: how late live events are shown, and what eight visitors cost.

    python -m benchmarks.demo [--seconds 60] [--write]

A real server, a headless Chromium with a fake camera that plays the bundled sample at 30 pictures a
second; then eight visitors at once, each with a recording of seven seconds. `--write` puts the
figures into `demo/figures/demo.json` and the section "demo" of docs/demo.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.page_section import ROOT, made_on, write_section
from tests.demo.browser import (
    WAIT_MS,
    Server,
    begin,
    browsing,
    sample_frames,
    serving,
    wait_until,
    write_camera,
    write_clip,
)
from training.common.files import write_json

RESULTS = ROOT / "demo" / "figures" / "demo.json"
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
VISITORS = 8


def measure_live(scratch: Path, seconds: float) -> dict[str, Any]:
    """Per spotter: pictures a second, delay of a picture, events, how late they were shown."""
    film = write_camera(scratch / "camera.mjpeg", sample_frames())
    found = {}
    with (
        serving(_folder(scratch, "live")) as server,
        browsing(*CAMERA, f"--use-file-for-fake-video-capture={film}") as browser,
    ):
        for spotter in ("learned", "rule"):
            found[spotter] = _watch(server, browser, spotter, seconds)
    return found


def _watch(server: Server, browser: Any, spotter: str, seconds: float) -> dict[str, Any]:
    context = browser.new_context(permissions=["camera"])
    page = context.new_page()
    page.goto(server.address)
    page.get_by_role("tab", name="Live camera").click()
    page.locator("#live").wait_for()
    page.get_by_role("radio", name=spotter.capitalize()).last.check()
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_text("Watching.").wait_for(timeout=WAIT_MS)
    rates, delays_ms = [], []
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        page.wait_for_timeout(1000)
        rates.append(_fact(page, "rate"))
        delays_ms.append(_fact(page, "delay"))
    items = page.locator(".live-events li").all()
    late_s = [float(item.get_attribute("data-late")) for item in items]
    shown = {
        "seconds": seconds,
        "pictures_a_second": statistics.median(rates[3:]),
        "picture_delay_ms": statistics.median(delays_ms[3:]),
        "dropped": int(_fact(page, "dropped")),
        "events": len(late_s),
        "late_median_s": round(statistics.median(late_s), 2),
        "late_max_s": round(max(late_s), 2),
    }
    context.close()
    wait_until(lambda: not server.workers, 30, "the camera's process is still there")
    return shown


def _fact(page: Any, name: str) -> float:
    digits = "".join(
        c for c in page.locator(f"[data-fact='{name}']").inner_text() if c in "0123456789."
    )
    return float(digits or 0)


def measure_crowd(scratch: Path) -> dict[str, Any]:
    """Eight visitors at once: seconds to the results, and memory before, at most and after."""
    clip = write_clip(scratch / "talk.mp4", sample_frames()[180:400])
    with serving(_folder(scratch, "crowd")) as server, browsing() as browser:
        _finish([begin(browser, server, clip)])  # loads what is loaded once
        _wait_for_nobody(server)
        before_mb = most_mb = server.memory_mb
        started_s = time.monotonic()
        pages = [begin(browser, server, clip) for _ in range(VISITORS)]
        waits_s = []
        while len(waits_s) < VISITORS:
            most_mb = max(most_mb, server.memory_mb)
            done = sum(page.locator(".mer-result").count() for page in pages)
            waits_s += [time.monotonic() - started_s] * (done - len(waits_s))
            time.sleep(0.1)
        _finish(pages)
        _wait_for_nobody(server)
        after_mb = server.memory_mb
    return {
        "visitors": VISITORS,
        "first_result_s": round(waits_s[0], 1),
        "last_result_s": round(waits_s[-1], 1),
        "before_mb": round(before_mb),
        "most_mb": round(most_mb),
        "after_mb": round(after_mb),
    }


def _finish(pages: list[Any]) -> None:
    for page in pages:
        page.locator(".mer-result").wait_for(timeout=WAIT_MS)
        page.context.close()


def _wait_for_nobody(server: Server) -> None:
    wait_until(lambda: not server.visitors and not server.workers, 60, "somebody is still there")


def _folder(scratch: Path, name: str) -> Path:
    folder = scratch / name
    folder.mkdir()
    return folder


def section(figures: dict[str, Any]) -> str:
    """The text between the markers."""
    rows = "\n".join(
        f"| {spotter} | {one['pictures_a_second']:.0f} | {one['picture_delay_ms']:.0f} ms "
        f"| {one['dropped']} in {one['seconds']:.0f} s | {one['events']} "
        f"| {one['late_median_s']:.2f} s | {one['late_max_s']:.2f} s |"
        for spotter, one in figures["live"].items()
    )
    crowd = figures["crowd"]
    return (
        f"Made by `python -m benchmarks.demo --write` on {figures['date']} ({figures['machine']}; "
        "server and Chromium share it).\n\n"
        "| live, spotter | pictures a second | delay of a picture | dropped | events | shown after "
        "their end, median | at most |\n|---|---|---|---|---|---|---|\n"
        f"{rows}\n\n"
        f"{crowd['visitors']} visitors at once, each with a recording of 7.3 s: first result after "
        f"{crowd['first_result_s']:.0f} s, last after {crowd['last_result_s']:.0f} s. Memory "
        f"of the server and all its processes: {crowd['before_mb']} MB before, {crowd['most_mb']} "
        f"MB at most, {crowd['after_mb']} MB when all had left."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of live camera per spotter")
    parser.add_argument("--write", action="store_true", help="into demo/figures and docs/demo.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = {
            **made_on(),
            "live": measure_live(Path(scratch), options.seconds),
            "crowd": measure_crowd(Path(scratch)),
        }
    print(json.dumps(figures, indent=1))
    if options.write:
        write_json(RESULTS, figures)
        write_section(ROOT / "docs" / "demo.md", "demo", section(figures))


if __name__ == "__main__":
    main()
