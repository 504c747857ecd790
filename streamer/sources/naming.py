"""What a source is called: kinds of specification, natural order, patterns."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from streamer.core.errors import SourceNotFoundError, SourceRefusedError
from streamer.core.files.paths import expand_home
from streamer.core.files.regular import open_regular
from streamer.core.urls import is_like_url, url_scheme
from streamer.sources.sniff import HEAD_BYTES, is_animated_webp

__all__ = ["expand_sources", "is_sequence", "natural_key", "url_scheme", "webcam_number"]
EXTENSIONS = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
COUNTER = re.compile(r"%(0?)(\d{0,2})[di]")  # of a number, as in img%04d.png
_WEBCAM = re.compile(r"webcam(?::(\d+))?")


def webcam_number(spec: str) -> int | None:
    """0 for `webcam`, n for `webcam:n`, None for anything else."""
    match = _WEBCAM.fullmatch(spec)
    return int(match.group(1) or 0) if match else None


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key in which numbers count as numbers: img9 before img10."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((0, int(part)) if part.isdecimal() else (1, part.lower()) for part in parts)


def is_sequence(spec: str) -> bool:
    """Whether `spec` is a pattern of still images, and no file of that name is there.

    >>> is_sequence("img%04d.png"), is_sequence("shots/*.TIF"), is_sequence("img1.png")
    (True, True, False)
    """
    if is_like_url(spec) or Path(spec).suffix.lower() not in EXTENSIONS:
        return False
    counted = COUNTER.search(Path(spec).name) is not None
    if not (counted or glob.has_magic(spec)) or _exists(spec):
        return False
    return counted or not any(is_animated(Path(name)) for name in _matches(spec)[:1])


def is_animated(path: Path) -> bool:
    """Whether a file is an animated WebP: a recording and no image."""
    if path.suffix.lower() != ".webp":
        return False
    try:
        with open_regular(path, path.name) as file:
            return is_animated_webp(file.read(HEAD_BYTES))
    except (OSError, ValueError, SourceRefusedError):
        return False


def expand_sources(specs: Sequence[str]) -> list[str]:
    """One name per source: patterns become their files in natural order; repeats are left out.

    A pattern of images is one source.

    Raises SourceNotFoundError for a pattern without a match.
    """
    names: dict[str, None] = {}
    for spec in specs:
        names.update(dict.fromkeys(_expand(spec)))
    return list(names)


def _expand(spec: str) -> list[str]:
    if is_like_url(spec) or not glob.has_magic(spec) or Path(spec).exists() or is_sequence(spec):
        return [spec]
    found = _matches(spec)
    if not found:
        raise SourceNotFoundError(
            f"{spec}: no file matches this pattern. Check the folder, and quote the pattern if "
            "the shell should not expand it."
        )
    return found


def _matches(pattern: str) -> list[str]:
    found = glob.glob(str(expand_home(pattern)), recursive=True)  # noqa: PTH207  patterns may be absolute
    return sorted(found, key=natural_key)


def _exists(spec: str) -> bool:
    try:
        return expand_home(spec).exists()
    except (OSError, ValueError):
        return False
