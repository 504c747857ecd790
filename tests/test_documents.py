"""The Python examples of README.md and docs/ run as they stand; the files that they name exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.compile(
    r"`((?:streamer|spotting|recognition|training|demo|tests|benchmarks|docs|\.ci)/[\w./]*)`"
)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def examples() -> list[Any]:
    found = []
    for page in PAGES:
        for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), start=1):
            marks = [pytest.mark.slow] if "explain" in block else []
            found.append(pytest.param(page, block, id=f"{page.name}-{number}", marks=marks))
    return found


def my_frames() -> Iterator[tuple[float, Any]]:
    """The first seconds of the bundled recording, as the example takes its own."""
    from streamer.sources import open_source

    with open_source("sample") as source:
        for frame in source:
            if frame.time_s > 2.5:
                return
            yield frame.time_s, frame.image


def _pair() -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    onset = rng.integers(0, 255, (128, 128, 3), dtype=np.uint8)
    return onset, np.roll(onset, 1, axis=0)


def test_there_are_examples() -> None:
    assert len(examples()) >= 3


@pytest.mark.parametrize(("page", "block"), examples())
def test_an_example_runs(
    page: Path, block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "explain" in block:
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    onset, apex = _pair()
    given: dict[str, Callable[[], Any] | Any] = {
        "my_frames": my_frames, "onset": onset, "apex": apex,
    }  # fmt: skip
    exec(compile(block, str(page), "exec"), given)


@pytest.mark.parametrize("page", [ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []
