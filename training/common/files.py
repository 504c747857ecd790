"""Files of a run, written whole or not at all: a killed run leaves the old file or the new one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from streamer.core.errors import ModelError
from streamer.core.files.atomic import write_file


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text.

    Raises:
        OutputError: it cannot be written.
    """
    write_file(path, text.encode())


def write_json(path: Path, facts: Mapping[str, object]) -> None:
    """`write_text` of a JSON object."""
    write_text(path, json.dumps(facts, indent=1) + "\n")


def plain_name(name: str) -> str:
    """A name as that of a file: whatever is odd becomes underscores."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "__", name)


def sha256_of(files: Iterable[Path]) -> dict[str, str]:
    """File name -> sha256 in hexadecimal."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def start_weights(start: str | None, bundled: Path, made_by: str) -> Path | None:
    """The weights meant by "bundled", a path, or None.

    Raises:
        ModelError: they are not there.
    """
    if start is None:
        return None
    path = bundled if start == "bundled" else Path(start)
    if not path.is_file():
        raise ModelError(
            f"{path} not found: name a .safetensors file of {made_by} as `start`, or null to train "
            "from scratch"
        )
    return path
