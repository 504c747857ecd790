"""SHA-256 of what a recording is made of."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

from streamer.core.errors import SourceNotFoundError
from streamer.core.files.regular import is_regular, open_regular
from streamer.sources.naming import natural_key

_BLOCK = 2**20


def input_digest(path: Path) -> str:
    """Of a file's bytes; of a folder's file names and bytes.

    Raises SourceNotFoundError, and SourceRefusedError for what is no regular file or folder.
    """
    digest = hashlib.sha256()
    try:
        if path.is_dir():
            for file in sorted(path.iterdir(), key=lambda p: natural_key(p.name)):
                if is_regular(file):
                    digest.update(f"{file.name}\0{file.stat().st_size}\0".encode(errors="replace"))
                    _add(digest, file)
        else:
            _add(digest, path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceNotFoundError(
            f"{path} cannot be read: {reason}. Check the path and its permissions."
        ) from None
    return digest.hexdigest()


def sample_path() -> Path:
    """The bundled recording."""
    return Path(str(resources.files("streamer") / "assets" / "sample.mp4"))


def _add(digest: hashlib._Hash, path: Path) -> None:
    with open_regular(path, str(path), "name a recording or a folder of images") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
