"""What a recording is called in the outputs: its folder, and its name in the records."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

from streamer.core.files.inside import is_safe_name
from streamer.core.url_text import strip_credentials
from streamer.core.urls import display_name, url_stem
from streamer.sources.naming import url_scheme

_DIGITS = 12
_STEM_BYTES = 150  # file systems take 255 for a name, and digests and endings are added
# Files that the batch itself writes beside the folders, and beside unfinished work.
_RESERVED = ("images", "manifest", "manifest.json", "manifest.csv", "index.html")
_ENDINGS = (".lock", ".input", ".tmp")


def hashed_name(name: str, key: str) -> str:
    """`rec-` and the first digits of the name's SHA-256, keyed where a key is given.

    Without a key, whoever guesses the name can check the guess.
    """
    data = name.encode("utf-8", "surrogateescape")
    if key:
        return "rec-" + hmac.new(key.encode(), data, hashlib.sha256).hexdigest()[:_DIGITS]
    return "rec-" + hashlib.sha256(data).hexdigest()[:_DIGITS]


def shown_name(source: str, *, hashed: bool, key: str, name: str | None = None) -> str:
    """The name that stands in events, manifests and messages: without secrets, or hashed.

    name: the display name of the source where it is not that of its URL alone.
    """
    return hashed_name(source, key) if hashed else name or display_name(source)


def folder_names(
    display_names: Sequence[str],
    known: Mapping[str, str],
    is_foreign: Callable[[str, str], bool] = lambda folder, name: False,
) -> list[str]:
    """A folder for each recording, by its file's name; with a digest where two would be the same.

    known: display name -> folder, of an earlier run on the same output. Those keep their folders.
    is_foreign: whether a folder holds something else than the result of a recording of that name;
    such a folder is left alone.
    """
    kept = {name: known[name] for name in display_names if name in known}
    kept = {name: folder for name, folder in kept.items() if not is_foreign(folder, name)}
    taken = {folder.casefold() for folder in (*known.values(), *kept.values())}
    names = []
    for name in display_names:
        folder = kept.pop(name, None) or _free_name(name, taken, is_foreign)
        taken.add(folder.casefold())
        names.append(folder)
    return names


def _free_name(name: str, taken: set[str], is_foreign: Callable[[str, str], bool]) -> str:
    stem = _stem(name)
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    for folder in (stem, *(f"{stem}-{digest[:length]}" for length in (8, 16, 32))):
        if not _is_ours(folder) and folder.casefold() not in taken and not is_foreign(folder, name):
            return folder
    return f"recording-{digest}"  # nul.tar stays a device of Windows, whatever follows it


def _is_ours(folder: str) -> bool:
    """Whether the batch has a file of its own of that name, or the name cannot be a folder."""
    reserved = folder.casefold() in _RESERVED or folder.casefold().endswith(_ENDINGS)
    return reserved or not is_safe_name(folder)


def without_name(text: str, source: str, local: str, name: str) -> str:
    """A message with the recording's own names replaced by the one that may be published."""
    for known in (source, local, display_name(source)):
        if known:
            text = text.replace(known, name)
    return strip_credentials(text)


def _stem(name: str) -> str:
    if url_scheme(name):
        stem = url_stem(name)
    else:
        file_name = PurePosixPath(name.replace("\\", "/").rstrip("/")).name
        stem = file_name.rsplit(".", 1)[0] or file_name
    plain = re.sub(r"[^\w.-]+", "-", stem).encode()[:_STEM_BYTES].decode(errors="ignore")
    return plain.strip("-.") or "recording"
