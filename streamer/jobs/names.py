"""What a recording is called in the outputs: its folder, and its name in the records."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from streamer.sources.naming import url_scheme
from streamer.urls import display_name, strip_credentials, url_stem

_DIGITS = 12


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


def folder_names(shown: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """A folder for each recording, by its file's name; with a digest where two would be the same.

    known: shown name -> folder, of an earlier run on the same output. Those keep their folders.
    """
    taken = {known[name].lower() for name in shown if name in known}
    names = []
    for name in shown:
        if name in known:
            names.append(known[name])
            continue
        folder = stem = _stem(name)
        if folder.lower() in taken or folder in ("images", "manifest"):
            digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
            folder = f"{stem}-{digest[:8]}"
        taken.add(folder.lower())
        names.append(folder)
    return names


def without_name(text: str, source: str, local: str, shown: str) -> str:
    """A message with the recording's own names replaced by the one that may be shown."""
    for known in (source, local, display_name(source)):
        if known:
            text = text.replace(known, shown)
    return strip_credentials(text)


def _stem(name: str) -> str:
    if url_scheme(name):
        stem = url_stem(name)
    else:
        file_name = PurePosixPath(name.replace("\\", "/").rstrip("/")).name
        stem = file_name.rsplit(".", 1)[0] or file_name
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "recording"
