"""What a source is called: kinds of specification, natural order, patterns."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from streamer.core.errors import SourceNotFoundError
from streamer.core.files.paths import expand_home
from streamer.core.urls import is_like_url, url_scheme

__all__ = ["expand_sources", "natural_key", "url_scheme", "webcam_number"]
_WEBCAM = re.compile(r"webcam(?::(\d+))?")


def webcam_number(spec: str) -> int | None:
    """0 for `webcam`, n for `webcam:n`, None for anything else."""
    match = _WEBCAM.fullmatch(spec)
    return int(match.group(1) or 0) if match else None


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key in which numbers count as numbers: img9 before img10."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((0, int(part)) if part.isdecimal() else (1, part.lower()) for part in parts)


def expand_sources(specs: Sequence[str]) -> list[str]:
    """One name per source: patterns become their files in natural order; repeats are left out.

    Raises SourceNotFoundError for a pattern without a match.
    """
    names: dict[str, None] = {}
    for spec in specs:
        names.update(dict.fromkeys(_expand(spec)))
    return list(names)


def _expand(spec: str) -> list[str]:
    if is_like_url(spec) or not glob.has_magic(spec) or Path(spec).exists():
        return [spec]
    found = sorted(glob.glob(str(expand_home(spec)), recursive=True), key=natural_key)  # noqa: PTH207  patterns may be absolute
    if not found:
        raise SourceNotFoundError(
            f"{spec}: no file matches this pattern. Check the folder, and quote the pattern if "
            "the shell should not expand it."
        )
    return found
