"""The safety net for sentences that other programs wrote: no URL in them is shown as it is.

`strip_credentials` replaces the specifications that `remember` was given, and whatever else has the
form of a URL, by their display names.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from streamer.core.urls import DIGITS, HOST, SCHEME, display_name, host_and_rest, is_like_url

_AFTER = re.compile(r"$|[\s.,:;)\]}>'\"\\]")  # what may follow a URL in a sentence
_NAME = rf"{SCHEME}://(?:{HOST}/)?~[0-9a-f]{{{DIGITS}}}"
# Display names, those of a store with the key that may follow, and "rtsp://..." of our sentences.
_SHOWN = re.compile(
    rf"{_NAME}(?={_AFTER.pattern})"
    rf"|(?!http){_NAME}(?=/)"
    rf"|{SCHEME}://(?:\.\.\.)?(?=[.,;:)\]'\"]*(?:\s|$))(?![^\n]*@)",
    re.IGNORECASE,
)
# Up to the last @ of the line: a password may hold spaces.
_ANY_URL = re.compile(rf"{SCHEME}://(?:[^\n]*@)?\S*", re.IGNORECASE)
_SCHEME_CHARACTER = re.compile(r"[a-z0-9+.\-]", re.IGNORECASE)
_OPEN, _SHUT = "\ue000", "\ue001"  # around the number of a settled piece; not in the text itself
_NO_MARKS = {ord(_OPEN): "\ufffd", ord(_SHUT): "\ufffd"}
_MARKED = re.compile(rf"{_OPEN}(\d+){_SHUT}")
_CLOSING = ".,:;)]}>'\"\\"
_SAFE = ":/?#[]@!$&'()*+,;=%~"
_SHORTEST_PART = 6
_SHORTEST_PASSWORD = 4
_MOST_KNOWN = 32  # the latest; each is looked for in every message


def remember(spec: str, name: str | None = None, *, is_folder: bool = False) -> str:
    """Have `strip_credentials` replace `spec` wherever it stands; returns its display name.

    Known URLs are found even where they hold spaces, quotes or line ends, and so are their user,
    password and other parts where a message holds only those. Of an output folder
    (`is_folder`) the names of the files in it stay.
    """
    name = display_name(spec) if name is None else name
    if is_like_url(spec):
        _KNOWN.add(spec.rstrip("/") if is_folder else spec, name, is_folder)
    return name


def strip_credentials(text: str) -> str:
    """`text` with every URL in it replaced by its display name.

    >>> strip_credentials("open rtsp://ann:p w@cam/live: refused")
    'open rtsp://cam/~b82f9d7d: refused'
    """
    specs = _KNOWN.specs()
    if not specs and "://" not in text:
        return text
    settled = _Text(text)
    settled.replace_known(specs)
    settled.replace_urls()
    settled.replace_parts({part for spec in specs for part in spec.parts})
    return str(settled)


class _Known:
    """The specifications of this process in all their spellings, and their names."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._specs: dict[str, _Spec] = {}

    def add(self, text: str, name: str, is_folder: bool) -> None:
        with self._lock:
            before = self._specs.pop(text, None)
            if before is None or (before.name, before.is_folder) != (name, is_folder):
                parts = _unmarked(part for part in _secret_parts(text) if part not in name)
                before = _Spec(name, is_folder, _unmarked(_spellings(text)), parts)
            self._specs[text] = before
            while len(self._specs) > _MOST_KNOWN:
                del self._specs[next(iter(self._specs))]

    def specs(self) -> list[_Spec]:
        with self._lock:
            return list(self._specs.values())


@dataclass(frozen=True, slots=True)
class _Spec:
    name: str
    is_folder: bool  # names may follow it
    spellings: frozenset[str]
    parts: frozenset[str]


class _Text:
    """A text of which pieces have been settled, so that nothing later changes them."""

    def __init__(self, text: str) -> None:
        self._text = text.translate(_NO_MARKS)
        self._settled: list[str] = []

    def replace_known(self, specs: Iterable[_Spec]) -> None:
        """Longest first: a URL may be the beginning of another."""
        every = [(spelling, spec) for spec in specs for spelling in spec.spellings]
        for spelling, spec in sorted(every, key=lambda pair: len(pair[0]), reverse=True):
            at = self._text.find(spelling)
            while at >= 0:
                end = at + len(spelling)
                if _AFTER.match(self._text, end) or (spec.is_folder and self._text[end] == "/"):
                    end = self._settle(at, end, spec.name)
                at = self._text.find(spelling, end)

    def replace_urls(self) -> None:
        """Whatever else has the form of a URL."""
        at = self._text.find("://")
        while at >= 0:
            start = _scheme_start(self._text, at)
            end = at + 3
            if start < at:
                end = self._replace_url(start)
            at = self._text.find("://", end)

    def replace_parts(self, parts: Iterable[str]) -> None:
        for part in sorted(parts, key=len, reverse=True):
            if part in self._text:
                self._text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", "***", self._text)

    def __str__(self) -> str:
        return _MARKED.sub(lambda match: self._settled[int(match[1])], self._text)

    def _replace_url(self, start: int) -> int:
        as_is = _SHOWN.match(self._text, start)
        if as_is is not None:
            return self._settle(start, as_is.end(), as_is.group())
        url = _ANY_URL.match(self._text, start)
        text = url.group().rstrip(_CLOSING) if url is not None else ""
        return self._settle(start, start + len(text), display_name(text))

    def _settle(self, start: int, end: int, name: str) -> int:
        """Returns where the text continues."""
        marked = f"{_OPEN}{len(self._settled)}{_SHUT}"
        self._settled.append(name)
        self._text = self._text[:start] + marked + self._text[end:]
        return start + len(marked)


def _unmarked(texts: Iterable[str]) -> frozenset[str]:
    """As the text in which they are looked for."""
    return frozenset(text.translate(_NO_MARKS) for text in texts)


def _scheme_start(text: str, end: int) -> int:
    start = end
    while start > 0 and end - start < 32 and _SCHEME_CHARACTER.match(text[start - 1]):
        start -= 1
    while start < end and not (text[start].isascii() and text[start].isalpha()):
        start += 1
    return start


def _spellings(spec: str) -> frozenset[str]:
    """How a specification may be spelt in a message."""
    scheme, slashes, rest = spec.partition("://")
    plain = {spec, spec.strip(), scheme.lower() + slashes + rest, unquote(spec)}
    plain.add(quote(spec, _SAFE, errors="replace"))
    plain.add(quote(unquote(spec), _SAFE, errors="replace"))
    plain |= {str(PurePosixPath(text)) for text in plain}  # one slash of the two
    plain |= {text.split("://", 1)[1] for text in plain if "://" in text}
    every = plain | {repr(text)[1:-1] for text in plain}
    return frozenset(t for t in every if len(t) >= _SHORTEST_PART and not _is_word(t))


def _secret_parts(spec: str) -> frozenset[str]:
    """Pieces of a URL that may stand alone in a message."""
    host, rest = host_and_rest(spec)
    found: set[str] = set()
    for text in (rest, unquote(rest)):
        pieces: Iterable[str] = re.split(r"[/?#&=:@;,\s]+", text)
        found |= {p for p in pieces if len(p) >= _SHORTEST_PART and not _is_word(p)}
        user, at, _ = text.rpartition("@")
        if at:
            password = user.partition(":")[2]
            found |= {p for p in (user, password) if len(p) >= _SHORTEST_PASSWORD}
    return frozenset(part for part in found if part.lower() not in host.lower())


def _is_word(text: str) -> bool:
    """A plain word, as `stream` in `?action=stream`: it would be hidden in every sentence."""
    return text.isalpha() and (text.islower() or text.istitle())


_KNOWN = _Known()
