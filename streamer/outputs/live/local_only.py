"""Which requests to a server on this machine are answered: those of this machine's own programs.

A page of another site may make a browser ask 127.0.0.1 too. It is known by its Origin, or, where a
browser sends none, by Sec-Fetch-Site; a name of another site that was turned to point here (DNS
rebinding), by its Host.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

_LOCAL = ("127.0.0.1", "localhost", "::1")
_OWN_SITES = ("same-origin", "same-site", "none")
Headers = Iterable[tuple[bytes, bytes]]


def refusal(headers: Headers) -> str:
    """Why a request is not answered; "" where it is."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    hosts, origins = values.get("host", []), values.get("origin", [])
    if len(hosts) != 1 or not _is_local(f"http://{hosts[0]}"):
        return "this server answers to 127.0.0.1 and localhost only"
    if len(origins) > 1 or not all(map(_is_local, origins)):
        return "pages of other sites get nothing here"
    sites = values.get("sec-fetch-site", [])
    if not origins and any(site not in _OWN_SITES for site in sites):
        return "pages of other sites get nothing here"
    return ""


def own_origin(headers: Headers) -> bytes | None:
    """The origin to be let in by a request that is answered; None where it names none."""
    return next((value for name, value in headers if name.lower() == b"origin"), None)


def _is_local(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and parts.hostname in _LOCAL and not parts.path
    except ValueError:
        return False
