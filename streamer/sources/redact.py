"""Takes passwords and tokens out of URLs, wherever in a text they stand."""

from __future__ import annotations

import re

# scheme://user:password@ ; the authority ends at / ? # and its last @ ends the user part.
_USERINFO = re.compile(r"([a-z][a-z0-9+.\-]*://)([^\s/?#@:]*)(:?)([^\s/?#]*)@", re.IGNORECASE)
# A password that holds / ? or # unescaped, so that the authority seems to end inside it. What
# follows the colon is a password and not a port where it is not digits up to the slash.
_SPILLED = re.compile(
    r"([a-z][a-z0-9+.\-]*://)([^\s/?#@:]+):(?!\d*(?:[/?#\s]|$))([^\s@]*)@", re.IGNORECASE
)
_SECRET = re.compile(
    r"([?&;/_](?:[\w.\-]*?(?:pass|pwd|token|secret|key|auth|sig|cred)[\w.\-]*)=)[^\s&;#'\"]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` with the passwords and tokens of every URL in it replaced by `***`.

    >>> redact("rtsp://ann:secret@10.0.0.5/live?token=abc")
    'rtsp://ann:***@10.0.0.5/live?token=***'
    """
    text = _SPILLED.sub(r"\1\2:***@", text)
    text = _USERINFO.sub(_hide_user, text)
    return _SECRET.sub(r"\1***", text)


def _hide_user(match: re.Match[str]) -> str:
    scheme, user, colon, _ = match.groups()
    return f"{scheme}{user}:***@" if colon else f"{scheme}***@"  # a lone user may be a token
