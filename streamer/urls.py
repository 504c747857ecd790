"""What is shown of a network source: its scheme, host and port, and a short hash of the rest.

User, password, path, query and fragment of a URL may each hold a secret, and no pattern tells which
does. So nothing of them is ever shown or stored: `display_name` is computed once from a source's
specification and is its name everywhere. `strip_credentials` is the safety net for sentences that
other programs wrote; it replaces the specifications that `remember` was given, and whatever else
has the form of a URL.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterable
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
_PLACEHOLDER = rf"{_SCHEME}://(?:\.\.\.)?(?=[.,;:)\]'\"]*(?:\s|$))(?![^\n]*@)"
# Up to the last @ of the line: a password may hold spaces.
_ANY_URL = rf"{_SCHEME}://(?:[^\n]*@)?\S*"
_AFTER = r"(?=$|[\s.,:;)\]}>'\"\\])"  # what may follow a URL in a sentence
# A display name; of a store, with the key that may follow it.
_OWN = (
    rf"{_SCHEME}://(?:{_HOST}/)?~[0-9a-f]{{{_DIGITS}}}{_AFTER}"
    rf"|(?!http){_SCHEME}://(?:{_HOST}/)?~[0-9a-f]{{{_DIGITS}}}(?=/)"
)
_CLOSING = ".,:;)]}>'\""
_PLAIN_KEY = re.compile(r"[^?#@\\\0]+")
_SAFE = ":/?#[]@!$&'()*+,;=%~"
_SHORTEST_PART = 6
_SHORTEST_PASSWORD = 4
_MOST_KNOWN = 256


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
    """The name of something found below a URL: the key is the name of a file and is shown.

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


def remember(spec: str, shown: str | None = None, *, is_folder: bool = False) -> str:
    """Have `strip_credentials` replace `spec` wherever it stands; returns its display name.

    Known URLs are found even where they hold spaces, quotes or line ends, and so are their user,
    password and other parts where a message holds only those. Of an output folder
    (`is_folder`) the names of the files in it stay.
    """
    name = display_name(spec) if shown is None else shown
    if is_like_url(spec):
        _KNOWN.add(spec.rstrip("/") if is_folder else spec, (name, is_folder))
    return name


def strip_credentials(text: str) -> str:
    """`text` with every URL in it replaced by its display name.

    >>> strip_credentials("open rtsp://ann:p w@cam/live: refused")
    'open rtsp://cam/~b82f9d7d: refused'
    """
    return _KNOWN.pattern().sub(_KNOWN.replacement, text) if _KNOWN.is_needed(text) else text


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
        self._specs: dict[str, tuple[str, bool]] = {}
        self._names: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, spec: str, facts: tuple[str, bool]) -> None:
        with self._lock:
            if self._specs.get(spec) == facts:
                return
            self._specs.pop(spec, None)
            self._specs[spec] = facts
            while len(self._specs) > _MOST_KNOWN:
                del self._specs[next(iter(self._specs))]
            self._pattern = None

    def is_needed(self, text: str) -> bool:
        return bool(self._specs) or "://" in text

    def pattern(self) -> re.Pattern[str]:
        with self._lock:
            if self._pattern is None:
                self._pattern = self._compile()
            return self._pattern

    def replacement(self, match: re.Match[str]) -> str:
        text = match.group()
        if match.lastgroup == "known":
            return self._names.get(text.lower(), "***")
        if match.lastgroup == "part":
            return "***"
        if match.lastgroup == "shown":
            return text
        url = text.rstrip(_CLOSING)
        return display_name(url) + text[len(url) :]

    def _compile(self) -> re.Pattern[str]:
        self._names = {}
        after: dict[str, str] = {}
        parts: set[str] = set()
        for spec, (name, is_folder) in self._specs.items():
            for spelling in map(str.lower, _spellings(spec)):
                self._names[spelling] = name
                after[spelling] = f"(?:{_AFTER}|(?=/))" if is_folder else _AFTER
            parts |= _secret_parts(spec)
        longest = sorted(self._names, key=len, reverse=True)
        known = "|".join(re.escape(spelling) + after[spelling] for spelling in longest)
        part = "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True))
        choices = [rf"(?P<known>{known})"] if known else []
        choices += [rf"(?P<shown>{_OWN}|{_PLACEHOLDER})", rf"(?P<url>{_ANY_URL})"]
        choices += [rf"(?P<part>(?<!\w)(?:{part})(?!\w))"] if part else []
        return re.compile("|".join(choices), re.IGNORECASE)


def _spellings(spec: str) -> set[str]:
    """How a specification may be spelt in a message."""
    plain = {spec, spec.strip(), unquote(spec), quote(spec, _SAFE, errors="replace")}
    plain.add(quote(unquote(spec), _SAFE, errors="replace"))
    plain |= {str(PurePosixPath(text)) for text in plain}  # one slash of the two
    plain |= {text.split("://", 1)[1] for text in plain if "://" in text}
    every = plain | {repr(text)[1:-1] for text in plain}
    return {text for text in every if len(text) >= _SHORTEST_PART and not _is_word(text)}


def _secret_parts(spec: str) -> set[str]:
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
    return {part for part in found if part.lower() not in host.lower()}


def _is_word(text: str) -> bool:
    """A plain word, as `stream` in `?action=stream`: it would be hidden in every sentence."""
    return text.isalpha() and (text.islower() or text.istitle())


_KNOWN = _Known()
