"""What an http(s) address answers with where it is no video: looked at once that is known.

Nothing of it is trusted or kept: the first bytes decide which sentence is said.
"""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from streamer.core.errors import CameraError, MerError, SourceFormatError
from streamer.core.printable import printable
from streamer.core.ranges import clip
from streamer.sources.sniff import looks_like

_HEAD_BYTES = 1 << 16
_LONGEST_S = 5.0
_HTML = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)", re.I | re.S
)
_LOGIN = re.compile(rb"type\s*=\s*[\"']?password|<title>[^<]*(?:log\s?in|sign\s?in)", re.I)
_STILL = (
    "{name} is a single picture and not a stream: cameras give such snapshots beside their video. "
    "Look for the address of the video in the camera's manual: often /video, /stream, "
    "/mjpg/video.mjpg or rtsp://..."
)
_LOGIN_PAGE = (
    "{name} answers with a login page. Give user and password in the URL, as USER:PASSWORD@ before "
    "the host; where the camera only knows this page, its rtsp:// address takes them."
)
_PAGE = (
    "{name} is a web page, which may show a video but is none. Open it in a browser, and copy the "
    "address of the video itself (right click on the picture); often /video, /stream or rtsp://..."
)
_DOWNLOAD = (
    "{name} gives a file to download{what}, which cannot be played from there. Download it and "
    "give the file; unpack it before, if it is an archive."
)
_TEXT = (
    "{name} answers with text{what} and not with a video: {text}. Check the address in the "
    "camera's manual."
)
_EMPTY = (
    "{name} answers, but with nothing. Check the address, and whether the camera is on and seen by "
    "not too many at once."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The beginning of what a server sent."""

    content_type: str  # lower case, without parameters
    file_name: str  # that it proposes for a download; mostly empty
    head: bytes


def look_at(url: str, timeout_s: float) -> Answer | None:
    """The beginning of the answer to a request, redirections followed; None where there is none.

    Only http and https are used, whatever a redirection says.
    """
    try:
        split = urlsplit(url)
        bare = urlunsplit(split._replace(netloc=split.netloc.rpartition("@")[2]))
        opener = _opener(split, bare)
        request = urllib.request.Request(bare, headers={"User-Agent": "Lavf/mer-stream"})
        with opener.open(request, timeout=min(timeout_s, _LONGEST_S)) as response:
            headers: Message = response.headers
            head = response.read(_HEAD_BYTES)
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return Answer(headers.get_content_type(), headers.get_filename() or "", head)


def explain_answer(answer: Answer, name: str) -> MerError | None:
    """The error for what is no video; None where it may be one, or a playlist."""
    looks = looks_like(answer.head)
    if not answer.head:
        return CameraError(_EMPTY.format(name=name))
    if looks == "playlist":
        return None
    if looks == "image":
        return SourceFormatError(_STILL.format(name=name))
    if _HTML.match(answer.head):
        if _LOGIN.search(answer.head):
            return CameraError(_LOGIN_PAGE.format(name=name))
        return SourceFormatError(_PAGE.format(name=name))
    kind = answer.content_type
    if looks == "text" and (kind.startswith("text/") or "json" in kind or "xml" in kind):
        text = " ".join(answer.head[:200].decode(errors="replace").split())
        what = f" ({kind})" if kind != "text/plain" else ""
        return SourceFormatError(_TEXT.format(name=name, what=what, text=clip(printable(text), 80)))
    told = [printable(clip(answer.file_name, 80)), kind]
    what = ", ".join(part for part in told if part)
    return SourceFormatError(_DOWNLOAD.format(name=name, what=f" ({what})"))


def _opener(split: SplitResult, bare: str) -> urllib.request.OpenerDirector:
    """With the handlers of http and https alone, and the credentials of the URL for its host."""
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if split.username is not None:
        user, secret = unquote(split.username), unquote(split.password or "")
        passwords.add_password(None, bare, user, secret)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPBasicAuthHandler(passwords),
        urllib.request.HTTPDigestAuthHandler(passwords),
    ):
        opener.add_handler(handler)
    return opener
