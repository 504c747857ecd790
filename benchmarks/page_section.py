"""One generated section of a Markdown file, between its markers; the rest stays as it is.

    <!-- loso:begin -->
    ... replaced ...
    <!-- loso:end -->

A script beside this file writes its section with `write_section(BENCHMARKS_PAGE, "loso", text)`.
"""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from streamer.core.files.atomic import write_file

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS_PAGE = ROOT / "docs" / "benchmarks.md"
# What the speed depends on; of a library that comes under several names those that are there.
_LIBRARIES = (
    "numpy", "av", "onnxruntime", "onnxruntime-gpu", "opencv-python", "opencv-contrib-python",
    "mediapipe", "scikit-image",
)  # fmt: skip


def made_on() -> dict[str, str]:
    """Date (UTC) and machine, for the results."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def versions() -> dict[str, str]:
    """Python and the libraries that take the time, as far as they are installed."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_section(path: Path, name: str, body: str) -> bool:
    """Put `body` between the markers of `name`; whole or not at all. Returns whether it changed.

    Raises:
        ValueError: see `replace_section`.
    """
    old = path.read_text(encoding="utf-8")
    new = replace_section(old, name, body, str(path))
    if new != old:
        write_file(path, new.encode())
    return new != old


def replace_section(text: str, name: str, body: str, where: str = "the text") -> str:
    """The text with `body`, on lines of its own, between the markers of `name`.

    Raises:
        ValueError: a marker is missing or doubled, the two are in the wrong order, or the body
            holds a marker itself.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    for marker in (begin, end):
        if text.count(marker) != 1:
            raise ValueError(
                f"{where} holds {marker} {text.count(marker)} times: it must stand there once"
            )
        if marker in body:
            raise ValueError(f"the new section {name} holds {marker}: leave the markers out of it")
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"{where} has {end} before {begin}: swap them")
    return f"{head}{begin}\n{body.strip()}\n{end}{tail}"
