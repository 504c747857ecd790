"""Image sequences as people name them: `*.png`, `img%04d.png`, or every file by its name."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from streamer.core.errors import SourceNotFoundError
from streamer.core.files.paths import expand_home
from streamer.core.urls import is_like_url
from streamer.sources.naming import COUNTER, EXTENSIONS, is_animated, is_sequence, natural_key


def images_of(spec: str) -> list[Path]:
    """The images of a pattern in natural order. Raises SourceNotFoundError where none fits."""
    path = expand_home(spec)
    if COUNTER.search(path.name):
        shape = re.compile(_expression(path.name))
        try:
            found = [one for one in path.parent.iterdir() if shape.fullmatch(one.name)]
        except OSError:
            found = []
    else:
        found = [Path(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207  patterns may be absolute
    found = [one for one in found if not one.name.startswith(".") and one.is_file()]
    if not found:
        raise SourceNotFoundError(
            f"{spec}: no image matches this pattern. Check the folder, and quote the pattern if "
            "the shell should not expand it."
        )
    return sorted(found, key=lambda one: natural_key(str(one)))


def are_one_sequence(paths: Sequence[Path]) -> bool:
    """Whether files are the images of one recording: of one folder and kind, none animated."""
    kinds = {(path.parent, path.suffix.lower()) for path in paths}
    one_kind = len(paths) > 1 and len(kinds) == 1 and paths[0].suffix.lower() in EXTENSIONS
    return one_kind and not any(map(is_animated, paths))


def grouped(names: Iterable[str]) -> list[list[str]]:
    """Names of sources with images of one folder that stand side by side put together.

    A shell that expands `*.png` hands over every image as a source of its own.

    >>> grouped(["a.mp4", "b.mp4"])
    [['a.mp4'], ['b.mp4']]
    """
    groups = []
    for (folder, suffix), side_by_side in groupby(names, key=_folder_and_suffix):
        members = list(side_by_side)
        whole = folder is not None and are_one_sequence(
            [Path(folder, Path(m).name) for m in members]
        )
        groups += [members] if whole and suffix else [[member] for member in members]
    return groups


def _folder_and_suffix(name: str) -> tuple[str | None, str]:
    path = Path(name)
    suffix = path.suffix.lower()
    is_image = not is_like_url(name) and suffix in EXTENSIONS and not is_sequence(name)
    return (str(path.parent), suffix) if is_image else (None, name)


def _expression(name: str) -> str:
    """`img%04d.png` as a regular expression."""
    parts, at = [], 0
    for found in COUNTER.finditer(name):
        zero, width = found.groups()
        digits = r"\d+" if not width else rf"\d{{{int(width)},}}" if zero else r" *\d+"
        parts += [re.escape(name[at : found.start()]), digits]
        at = found.end()
    return "".join([*parts, re.escape(name[at:])])
