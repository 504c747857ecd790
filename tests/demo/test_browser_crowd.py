"""Eight visitors at once on the same page: nobody's result mixes, memory comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.demo.browser import (
    WAIT_MS,
    Server,
    begin,
    command_line,
    sample_frames,
    wait_until,
    write_clip,
)

VISITORS = 8
# Frames of the sample (surprise at 51, negative at 214, positive at 322); each visitor's own.
PARTS = (
    ((20, 110),), ((180, 280),), ((290, 400),), ((20, 110), (290, 400)),
    ((180, 280), (20, 110)), ((290, 400), (180, 280)), ((60, 180),), ((20, 400),),
)  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder, frames = tmp_path_factory.mktemp("clips"), sample_frames()
    return [
        write_clip(folder / f"visitor-{n}.mp4", [f for a, b in parts for f in frames[a:b]])
        for n, parts in enumerate(PARTS)
    ]


def result_of(page: Any, server: Server) -> str:
    """The events that this visitor can download."""
    page.locator(".mer-result").wait_for(timeout=WAIT_MS)
    link = page.get_by_role("link", name="JSON lines").get_attribute("href")
    return page.context.request.get(server.address + link).text()


@pytest.mark.slow
def test_eight_visitors_at_once(browser: Any, server: Server, clips: list[Path]) -> None:
    first = begin(browser, server, clips[0])  # whatever is loaded once, is loaded now
    result_of(first, server)
    first.context.close()
    wait_until(lambda: not server.visitors and not server.workers, 30, "the first has not left")
    before_mb = server.memory_mb

    pages = [begin(browser, server, clip) for clip in clips]
    assert len(server.visitors) == VISITORS
    found = [result_of(page, server) for page in pages]
    for clip, events in zip(clips, found, strict=True):
        assert events == command_line(clip), clip.name
    counts = [len(events.splitlines()) for events in found]
    assert sum(counts) >= 9
    tokens = {page.locator("video.player").get_attribute("src").split("/")[2] for page in pages}
    assert len(tokens) == VISITORS
    for page, clip in zip(pages, clips, strict=True):
        shown = page.locator(".mer-result").inner_text()
        assert clip.name in shown
        assert not any(other.name in shown for other in clips if other is not clip)

    for page in pages:
        page.context.close()
    wait_until(lambda: not server.visitors and not server.workers, 60, "somebody is still there")
    assert server.left_over == []
    after_mb = server.memory_mb
    print(json.dumps({"before_mb": round(before_mb), "after_mb": round(after_mb)}))
    assert after_mb < 1.10 * before_mb
