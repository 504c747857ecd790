"""What is refused by looking at the head of a request alone. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from starlette.types import Scope

Refusal = tuple[int, str]  # status, sentence
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
PAGE = re.compile(r"/|/config")
# Scripts, styles and pictures of the page: the same for everybody.
PUBLIC = re.compile(
    r"/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/(assets|static)/[\w./-]+"
)
# What the page asks for once it is there. Gradio's own routes for files are not among them: a
# visitor's files and uploads have routes of our own.
_READ = re.compile(
    r"/visit/[\w./%-]+|/gradio_api/(queue/data|app_id|startup-events|heartbeat/[\w-]+)/?"
)
CALL = re.compile(r"/gradio_api/(queue/join|run/predict|cancel)/?")
HEARTBEAT = re.compile(r"/gradio_api/heartbeat/([\w-]+)/?")
LIVE = re.compile(r"/live/[\w-]+")
UPLOAD = "/upload"
CALL_BYTES = 64 * 2**10
RELOAD = "Reload the page: this request belongs to no open page of this browser."
FOREIGN = "This request comes from another site."


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request. A repeated one counts once, the last."""
    return {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in scope["headers"]}


def address_of(scope: Scope) -> str:
    """The address that a request comes from; that of the browser behind a trusted proxy."""
    client = scope.get("client")
    return client[0] if client else ""


def is_same_origin(origin: str, host: str) -> bool:
    """Whether a page of that origin was served by us under that name."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    plain = not (parts.path or parts.query or parts.fragment)
    return parts.scheme in ("http", "https") and plain and parts.netloc.lower() == host.lower()


def refused_path(scope: Scope) -> Refusal | None:
    path, method = scope["path"], scope.get("method", "GET")
    if ".." in path:
        return 404, "There is nothing here."
    if path == UPLOAD or CALL.fullmatch(path):
        allowed: tuple[str, ...] = ("POST",)
    elif any(known.fullmatch(path) for known in (PAGE, PUBLIC, _READ)):
        allowed = ("GET", "HEAD")
    else:
        return 404, "There is nothing here."
    return None if method in allowed else (405, "This cannot be done here.")


def refused_stranger(path: str) -> Refusal:
    """For who shows no cookie of ours: files of others are not even there."""
    return (404, "There is nothing here.") if path.startswith("/visit/") else (403, RELOAD)


def host_name(host: str) -> str:
    """A Host header without its port."""
    return host if host.endswith("]") else host.rsplit(":", 1)[0].lower()


def refused_origin(headers: Mapping[str, str]) -> Refusal | None:
    """Another site, or another port of this machine, must not act for a visitor."""
    origin = headers.get("origin")
    if origin is not None and not is_same_origin(origin, headers.get("host", "")):
        return 403, FOREIGN
    foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    if foreign and headers.get("sec-fetch-mode") != "navigate":
        return 403, FOREIGN
    return None


def refused_size(path: str, headers: Mapping[str, str], upload_mb: int) -> Refusal | None:
    """By what the request says of itself; how much arrives is counted later."""
    length = headers.get("content-length", "0")
    size_bytes = int(length) if length.isascii() and length.isdigit() else 0
    if path == UPLOAD:
        if size_bytes > upload_mb * 10**6:
            return 413, f"This file is larger than {upload_mb} MB, the limit here."
    elif size_bytes > CALL_BYTES:
        return 413, "This request is too large."
    return None


def listened_session(scope: Scope) -> str | None:
    """The session whose messages are asked for; empty if it is named wrongly, None if it is not."""
    beat = HEARTBEAT.fullmatch(scope["path"])
    if beat:
        return beat[1]
    if "queue/data" not in scope["path"]:
        return None
    named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
    return named[0] if len(named) == 1 else ""
