"""Finding tables and frame folders below the root that a user gives, at whatever depth."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamer.core.errors import SourceNotFoundError, UsageError
from training.datasets.frames import IMAGES

DEPTH = 4  # archives unpack into themselves: Cropped/Cropped/sub01


def find_table(root: Path, patterns: Sequence[str], what: str) -> Path:
    """The one file below `root` that matches the first pattern with a match.

    Raises:
        SourceNotFoundError: no root, or no such table.
        UsageError: several tables match, and nothing names the one that counts.
    """
    _check(root)
    files = [p for p in walk(root) if p.is_file() and not p.name.startswith(("~$", "."))]
    for pattern in patterns:
        found = [path for path in files if re.fullmatch(pattern, path.name, re.IGNORECASE)]
        if len(found) > 1:
            names = ", ".join(str(path) for path in found)
            raise UsageError(f"{root} holds several tables of {what}: {names}; keep one of them")
        if found:
            return found[0]
    old = [path for path in files if path.suffix.lower() == ".xls"]
    hint = f"; {old[0]} is in the old format, save it as .xlsx" if old else ""
    raise SourceNotFoundError(
        f"{root} holds no table of {what} (looked for {' or '.join(patterns)}, {DEPTH} levels "
        f"deep){hint}: put it there as it was handed out"
    )


def find_parent(root: Path, child: str, what: str, prefer: str = "") -> Path:
    """The folder below `root` that holds folders named like `child`; `prefer` wins among several.

    Raises:
        SourceNotFoundError: there is none.
    """
    _check(root)
    parents: dict[Path, None] = {}
    for path in walk(root):
        if path.is_dir() and re.fullmatch(child, path.name, re.IGNORECASE):
            parents[path.parent] = None
    if not parents:
        raise SourceNotFoundError(
            f"{root} holds no frames of {what} (folders like {child}): unpack the archive there"
        )
    preferred = [p for p in parents if prefer and re.search(prefer, p.name, re.IGNORECASE)]
    return (preferred or list(parents))[0]


def walk(root: Path, depth: int = DEPTH) -> Iterator[Path]:
    """Files and folders below `root`, level by level; folders of frames are left early."""
    level = [root]
    for _ in range(depth):
        below: list[Path] = []
        for folder in level:
            entries = _entries(folder)
            yield from (path for path, _ in entries)
            below.extend(path for path, is_folder in entries if is_folder)
        level = below


def _entries(folder: Path) -> list[tuple[Path, bool]]:
    """Visible entries in order, each with whether it is a folder; frames: only the first few."""
    found: list[tuple[Path, bool]] = []
    images = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                found.append((Path(entry.path), entry.is_dir()))
                images += Path(entry.name).suffix.lower() in IMAGES
                if images > 8 and images == len(found):
                    break
    except OSError as error:
        raise SourceNotFoundError(f"{folder} cannot be read: {error.strerror}") from error
    return sorted(found)


def _check(root: Path) -> None:
    if not root.is_dir():
        raise SourceNotFoundError(f"{root} is not a folder: give the folder of the data set")
