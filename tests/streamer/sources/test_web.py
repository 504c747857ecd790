"""Addresses that are no video: each kind has its own sentence with a cure."""

from __future__ import annotations

import http.server
import threading

import cv2
import pytest

from streamer.core.errors import CameraError, MerError, SourceFormatError
from streamer.sources import SourceConfig, open_source
from streamer.sources.web import Answer, explain_answer, look_at
from tests.streamer.sources import make

JPEG = cv2.imencode(".jpg", make.noisy(1, (160, 120))[0])[1].tobytes()
PAGE = b"<!DOCTYPE html>\n<html><head><title>Cam</title></head><body><img src='/v'></body></html>"
LOGIN = b"<html><form action='/in'><input name=user><input type='password' name=pw></form></html>"
SAVED = {"Content-Disposition": 'attachment; filename="rec\x1b.zip"'}
ANSWERS = {
    "/snap.jpg": ("image/jpeg", JPEG, {}),
    "/snap": ("application/octet-stream", JPEG, {}),
    "/page": ("text/html; charset=utf-8", PAGE, {}),
    "/login": ("text/html", LOGIN, {}),
    "/zip": ("application/zip", b"PK\x03\x04" + bytes(3000), SAVED),
    "/pdf": ("application/pdf", b"%PDF-1.4\n" + b"x" * 3000, {}),
    "/json": ("application/json", b'{"error": "no such stream"}', {}),
    "/empty": ("text/html", b"", {}),
    "/mislabelled": ("video/mp4", LOGIN, {}),
}


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path in ("/cam.mjpg", "/file"):
            self.send_response(302)
            self.send_header(
                "Location", "/login" if self.path == "/cam.mjpg" else "file:///etc/hosts"
            )
            self.end_headers()
            return
        if self.path == "/private" and not self.headers.get("Authorization"):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="cam"')
            self.end_headers()
            return
        kind, content, more = ANSWERS.get(self.path, ANSWERS["/snap.jpg"])
        self.send_response(200)
        for name, value in {"Content-Type": kind, "Content-Length": len(content), **more}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def site():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as running:
        running.daemon_threads, running.block_on_close = True, False
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.mark.parametrize(
    ("path", "kind", "sentence", "cure"),
    [
        ("/snap.jpg", SourceFormatError, "is a single picture and not a stream", "rtsp://"),
        ("/snap", SourceFormatError, "is a single picture and not a stream", "rtsp://"),
        ("/page", SourceFormatError, "is a web page", "copy the address of the video"),
        ("/login", CameraError, "answers with a login page", "USER:PASSWORD@"),
        ("/cam.mjpg", CameraError, "answers with a login page", "USER:PASSWORD@"),
        ("/mislabelled", CameraError, "answers with a login page", "USER:PASSWORD@"),
        ("/zip", SourceFormatError, r"gives a file to download \(rec", "Download it"),
        ("/pdf", SourceFormatError, r"to download \(application/pdf\)", "Download it"),
        ("/json", SourceFormatError, '{"error": "no such stream"}', "Check the address"),
        ("/empty", CameraError, "answers, but with nothing", "Check the address"),
    ],
)
def test_each_wrong_kind_has_its_sentence(site, path, kind, sentence, cure):
    with pytest.raises(kind, match=sentence) as caught:
        open_source(site + path, SourceConfig(read_timeout_s=5.0))
    assert cure in str(caught.value) and "\x1b" not in str(caught.value)


def test_passwords_are_used_and_kept_out_of_the_sentence(site):
    url = site.replace("//", "//ann:s3cret@") + "/private"
    with pytest.raises(SourceFormatError, match="single picture") as caught:
        open_source(url, SourceConfig(read_timeout_s=5.0))
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cret" not in str(error)
        error = error.__context__ or error.__cause__


def test_a_redirection_to_a_file_is_not_followed(site):
    assert look_at(f"{site}/file", 5.0) is None
    with pytest.raises(MerError) as caught:
        open_source(f"{site}/file", SourceConfig(read_timeout_s=5.0))
    assert "localhost" not in str(caught.value)


def test_what_may_be_a_video_or_a_playlist_is_not_judged():
    assert explain_answer(Answer("application/x-mpegurl", "", b"#EXTM3U\n"), "x") is None
