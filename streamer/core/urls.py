"""The display name of a network source: its scheme, host and port, and a short hash of the rest.

User, password, path, query and fragment of a URL may each hold a secret, and no pattern tells which
does. So nothing of them is displayed or stored: `display_name` is computed once from a source's
specification and is its name everywhere; for sentences of other programs see `url_text`.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

SCHEME = r"[a-z][a-z0-9+.\-]{0,31}"
_URL = re.compile(rf"\s*({SCHEME})://(.*)", re.IGNORECASE | re.DOTALL)
_SLASHES = re.compile(rf"({SCHEME})?://", re.IGNORECASE)
# A slash was forgotten: no file, or at least none whose name is worth the risk.
_MISSPELT = re.compile(
    r"\s*(rtsps?|rtmp[st]?|https?|udp|tcp|tls|srt|rtp|ftps?|sftp|mms|hls|s3a?|gcs?|abfs|az):(?=[/\\]|.*@)",
    re.IGNORECASE | re.DOTALL,
)
HOST = r"(?:[\w.\-]{1,253}|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
DIGITS = 8  # of the hash
_PLAIN_KEY = re.compile(r"[^?#@\\\0]+")


def url_scheme(spec: str) -> str | None:
    """The scheme of a URL in lower case; None where `spec` is no URL."""
    match = re.match(rf"({SCHEME})://", spec, re.IGNORECASE)
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


def host_and_rest(spec: str) -> tuple[str, str]:
    """(host and port, all that follows `://`) of a URL; ("", `spec`) of anything else."""
    match = _URL.match(spec)
    rest = match.group(2) if match else spec
    return _split(rest)[0], rest


def _split(rest: str) -> tuple[str, str]:
    """(host and port, what is hidden) of what follows `://`.

    An @ behind the first / ? or # may be the end of a password with such a character in it: then
    the host is not known.
    """
    authority = re.match(r"[^/?#]*", rest)[0]  # type: ignore[index]  # it matches the empty text
    tail = rest[len(authority) :]
    host = authority.rpartition("@")[2]
    if "@" in tail or not re.fullmatch(HOST, host, re.IGNORECASE):
        return "", rest
    return host, tail.rstrip("/")


def _digest(hidden: str) -> str:
    return hashlib.sha256(hidden.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
