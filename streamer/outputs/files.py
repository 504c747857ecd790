"""Output files are checked before work starts, and never overwritten unasked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from streamer.core.errors import OutputError, UsageError
from streamer.core.files.writing import is_device


def check_outputs(
    outputs: Mapping[str, Path], inputs: Iterable[str | Path] = (), *, overwrite: bool = False
) -> None:
    """Refuse outputs that would destroy something, before any work is done.

    `outputs` maps the option's name to its file. Raises UsageError when two options name one file
    or an input file is named as output; OutputError when a file exists and `overwrite` is not
    given, is a folder, or cannot be written.
    """
    options = list(outputs)
    for i, first in enumerate(options):
        for second in options[i + 1 :]:
            if _same(outputs[first], outputs[second]) and not is_device(outputs[first]):
                raise UsageError(f"{first} and {second} name the same file, {outputs[first]}.")
    sources = [Path(source) for source in inputs]
    for option, path in outputs.items():
        if any(_same(path, source) for source in sources if source.exists()):
            raise UsageError(f"{option} names the source itself, {path}; choose another file.")
        check_writable(path, option, overwrite=overwrite)


def check_writable(path: Path, option: str, *, overwrite: bool) -> None:
    """Raise OutputError unless `path` can be written as things stand now."""
    if path.is_dir():
        raise OutputError(f"{option} {path} is a folder; name a file in it.")
    if path.exists():
        if not overwrite and not is_device(path):
            raise OutputError(f"{path} exists already; add --overwrite to replace it.")
        if not os.access(path, os.W_OK):
            raise OutputError(f"{path} cannot be written: permission denied.")
        return
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise OutputError(f"{path} cannot be written: {parent} is a file, not a folder.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{path} cannot be written: no permission to create files in {parent}.")


def check_folder(folder: Path, option: str, *, overwrite: bool) -> None:
    """Raise unless new files can be written into a folder, which may be made.

    UsageError for a file, OutputError for a folder that holds something already or is read-only.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{option} {folder} is a file; name a folder.")
    if folder.is_dir() and not overwrite and any(folder.iterdir()):
        raise OutputError(f"{folder} holds files already; add --overwrite to replace them.")
    check_writable(folder / "clip", option, overwrite=True)


def _same(first: Path, second: Path) -> bool:
    with contextlib.suppress(OSError):
        return first.samefile(second)
    return first.absolute().resolve() == second.absolute().resolve()
