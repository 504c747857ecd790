"""Files of a run, written whole or not at all: a killed run leaves the old file or the new one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from streamer.core.errors import OutputError
from streamer.outputs.temporary import put_in_place, temporary_beside


def write_bytes(path: Path, data: bytes) -> None:
    """Write beside the file, force to disk, rename.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_beside(path) as temporary:
            temporary.write_bytes(data)
            put_in_place(temporary, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error}): choose another --output") from error


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of UTF-8 text."""
    write_bytes(path, text.encode())


def write_json(path: Path, facts: Mapping[str, object]) -> None:
    """`write_text` of a JSON object."""
    write_text(path, json.dumps(facts, indent=1) + "\n")


def plain_name(name: str) -> str:
    """A name as that of a file: whatever is odd becomes underscores."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "__", name)


def sha256_of(files: Iterable[Path]) -> dict[str, str]:
    """File name -> sha256 in hexadecimal."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
