"""The display name of a network source: its scheme, host and port, and a short hash of the rest.

User, password, path, query and fragment of a URL may each hold a secret, and no pattern tells which
does. So nothing of them is displayed or stored: `display_name` is computed once from a source's
specification and is its name everywhere. `strip_credentials` is the safety net for sentences that
other programs wrote; it replaces the specifications that `remember` was given, and whatever else
has the form of a URL.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

_SCHEME = r"[a-z][a-z0-9+.\-]{0,31}"
_URL = re.compile(rf"\s*({_SCHEME})://(.*)", re.IGNORECASE | re.DOTALL)
_SLASHES = re.compile(rf"({_SCHEME})?://", re.IGNORECASE)
# A slash was forgotten: no file, or at least none whose name is worth the risk.
_MISSPELT = re.compile(
    r"\s*(rtsps?|rtmp[st]?|https?|udp|tcp|tls|srt|rtp|ftps?|sftp|mms|hls|s3a?|gcs?|abfs|az):(?=[/\\]|.*@)",
    re.IGNORECASE | re.DOTALL,
)
_HOST = r"(?:[\w.\-]{1,253}|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
_DIGITS = 8
_AFTER = re.compile(r"$|[\s.,:;)\]}>'\"\\]")  # what may follow a URL in a sentence
_NAME = rf"{_SCHEME}://(?:{_HOST}/)?~[0-9a-f]{{{_DIGITS}}}"
# Display names, those of a store with the key that may follow, and "rtsp://..." of our sentences.
_SHOWN = re.compile(
    rf"{_NAME}(?={_AFTER.pattern})"
    rf"|(?!http){_NAME}(?=/)"
    rf"|{_SCHEME}://(?:\.\.\.)?(?=[.,;:)\]'\"]*(?:\s|$))(?![^\n]*@)",
    re.IGNORECASE,
)
# Up to the last @ of the line: a password may hold spaces.
_ANY_URL = re.compile(rf"{_SCHEME}://(?:[^\n]*@)?\S*", re.IGNORECASE)
_SCHEME_CHARACTER = re.compile(r"[a-z0-9+.\-]", re.IGNORECASE)
_OPEN, _SHUT = "\ue000", "\ue001"  # around the number of a settled piece; not in the text itself
_NO_MARKS = {ord(_OPEN): "\ufffd", ord(_SHUT): "\ufffd"}
_MARKED = re.compile(rf"{_OPEN}(\d+){_SHUT}")
_CLOSING = ".,:;)]}>'\""
_PLAIN_KEY = re.compile(r"[^?#@\\\0]+")
_SAFE = ":/?#[]@!$&'()*+,;=%~"
_SHORTEST_PART = 6
_SHORTEST_PASSWORD = 4
_MOST_KNOWN = 32  # the latest; each is looked for in every message


def url_scheme(spec: str) -> str | None:
    """The scheme of a URL in lower case; None where `spec` is no URL."""
    match = re.match(rf"({_SCHEME})://", spec, re.IGNORECASE)
    return match.group(1).lower() if match else None


def is_like_url(spec: str) -> bool:
    """Whether `spec` is a URL, a misspelt one, or holds one, and so may hold a secret."""
    return "://" in spec or _MISSPELT.match(spec) is not None


def display_name(spec: str) -> str:
    """The name of a source: a URL as `scheme://host:port/~hash`, anything else as it is.

    The hash is of path, query and fragment, and the same in every run. The host is left out where
    it is not certain which part of the URL is the host.

    >>> display_name("rtsp://ann:secret@10.0.0.5:554/live?token=abc")
    'rtsp://10.0.0.5:554/~68910b75'
    """
    match = _URL.match(spec)
    if match is not None:
        scheme, host, hidden = match.group(1), *_split(match.group(2))
    elif (found := _SLASHES.search(spec)) is not None:
        scheme, host, hidden = found.group(1) or "url", "", spec
    elif (found := _MISSPELT.match(spec)) is not None:
        scheme, host, hidden = found.group(1), "", spec
    else:
        return spec
    parts = [part for part in (host, hidden and "~" + _digest(hidden)) if part]
    return f"{scheme.lower()}://{'/'.join(parts)}"


def key_name(prefix: str, key: str) -> str:
    """The name of something found below a URL: the key is the name of a file and stays readable.

    Only for keys that a store listed, below a prefix that the user gave. A web server may list
    links with tokens in them, so its keys are hidden like the rest of a URL.
    """
    whole = f"{prefix.rstrip('/')}/{key}"
    match = _URL.match(prefix)
    if match is None or match.group(1).lower() in ("http", "https"):
        return display_name(whole)
    if not _PLAIN_KEY.fullmatch(key) or not _PLAIN_KEY.fullmatch(prefix):
        return display_name(whole)
    host, hidden = _split(match.group(2).rstrip("/"))
    parts = (host, "~" + _digest(hidden), key)
    return f"{match.group(1).lower()}://{'/'.join(part for part in parts if part)}"


def url_stem(display_name: str) -> str:
    """What files about a source are called, from the display name of its URL.

    >>> url_stem("rtsp://10.0.0.5:554/~68910b75"), url_stem("s3://bucket/~86121fea/a/clip.mp4")
    ('10.0.0.5:554-68910b75', 'clip')
    """
    scheme, _, rest = display_name.partition("://")
    host, mark, hidden = rest.partition("~")
    if "/" in hidden:
        return PurePosixPath(hidden).stem
    return f"{host.rstrip('/') or scheme}-{hidden}" if mark else rest


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


def _split(rest: str) -> tuple[str, str]:
    """(host and port, what is hidden) of what follows `://`.

    An @ behind the first / ? or # may be the end of a password with such a character in it: then
    the host is not known.
    """
    authority = re.match(r"[^/?#]*", rest)[0]  # type: ignore[index]  # it matches the empty text
    tail = rest[len(authority) :]
    host = authority.rpartition("@")[2]
    if "@" in tail or not re.fullmatch(_HOST, host, re.IGNORECASE):
        return "", rest
    return host, tail.rstrip("/")


def _digest(hidden: str) -> str:
    return hashlib.sha256(hidden.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


class _Known:
    """The specifications of this process in all their spellings, and their names."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._specs: dict[str, _Spec] = {}

    def add(self, text: str, name: str, is_folder: bool) -> None:
        with self._lock:
            before = self._specs.pop(text, None)
            if before is None or (before.name, before.is_folder) != (name, is_folder):
                parts = frozenset(part for part in _secret_parts(text) if part not in name)
                before = _Spec(name, is_folder, _spellings(text), parts)
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
    match = _URL.match(spec)
    rest = match.group(2) if match else spec
    host = _split(rest)[0]
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
