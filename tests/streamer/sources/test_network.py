"""URLs, over a real HTTP server on this machine."""

from __future__ import annotations

import functools
import http.server
import logging
import socket
import threading
import time
import traceback

import pytest

from streamer.core.errors import (
    CameraError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from streamer.sources import SourceConfig, containers, network, open_source
from tests.streamer.sources import make

QUICK = SourceConfig(read_timeout_s=1.0, reconnect_attempts=1, reconnect_backoff_s=0.01)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files; `/live.*` sends its file again and again, `/hang` never answers."""

    def do_GET(self):
        if self.path.startswith("/hang"):
            time.sleep(30)
        elif self.path.startswith("/denied"):
            self.send_error(401)
        elif self.path.startswith("/live"):
            self.send_response(200)
            self.send_header("Content-Type", self.server.content_type)
            self.end_headers()
            self.server.send_live(self.wfile)
        else:
            super().do_GET()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    handler = functools.partial(Handler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.url = f"http://127.0.0.1:{running.server_address[1]}"
        running.daemon_threads = True
        running.block_on_close = False
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()


@pytest.fixture
def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_finite_recording_is_read_whole(server, tmp_path, clip, suffix):
    if suffix != "mp4":
        make.write_video(tmp_path / "clip.mkv", make.noisy(50))
    with open_source(f"{server.url}/clip.{suffix}", QUICK) as source:
        assert (source.info.kind, source.info.live) == ("network", False)
        frames = []
        for frame in source:
            time.sleep(0.002)  # slower than the network: nothing may be dropped
            frames.append(frame)
        report = source.report
    assert [frame.time_s for frame in frames] == pytest.approx([0.04 * i for i in range(50)])
    assert (report.frames, report.dropped, report.truncated) == (50, 0, False)


def test_recording_that_the_server_cuts_off(server, tmp_path, clip):
    content = clip.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: len(content) // 2])
    with open_source(f"{server.url}/cut.mp4", QUICK) as source:
        frames = list(source)
        assert 10 < len(frames) < 50 and source.report.truncated


def multipart(images, pause_s, rounds):
    """Sends an endless MJPEG stream, as network cameras do."""
    import cv2

    def send(stream):
        try:
            for index in range(rounds):
                data = cv2.imencode(".jpg", images[index % len(images)])[1].tobytes()
                stream.write(b"--frame\r\nContent-Type: image/jpeg\r\n")
                stream.write(b"Content-Length: %d\r\n\r\n%b\r\n" % (len(data), data))
                time.sleep(pause_s)
        except OSError:  # the reader has gone
            pass

    return send


def test_network_camera_is_live_and_reconnected(server):
    server.content_type = "multipart/x-mixed-replace;boundary=frame"
    server.send_live = multipart(make.noisy(5, size=(160, 120)), 0.01, rounds=40)
    with open_source(f"{server.url}/live.mjpg", QUICK) as source:
        assert (source.info.kind, source.info.live) == ("network", True)
        frames = iter(source)
        times = []
        while source.report.reconnects == 0 and len(times) < 500:
            times.append(next(frames).time_s)
        times += [next(frames).time_s for _ in range(3)]
        report = source.report
    assert times == sorted(set(times))
    assert (report.reconnects, report.repairs, report.truncated) == (1, {}, False)
    assert len(report.errors) == 1 and "Input/output error" in report.errors[0]


def test_network_camera_that_is_lost_for_good(server):
    server.content_type = "multipart/x-mixed-replace;boundary=frame"
    server.send_live = multipart(make.noisy(5, size=(160, 120)), 0.005, rounds=40)
    url = f"{server.url}/live.mjpg".replace("//", "//ann:s3cret@")
    with open_source(url, QUICK) as source:
        frames = iter(source)
        next(frames)
        server.shutdown()
        server.server_close()
        with pytest.raises(CameraError, match="attempts to reconnect failed") as caught:
            list(frames)
        assert "s3cret" not in "".join(traceback.format_exception(caught.value))
        assert "s3cret" not in str(source.report)


def test_wrong_addresses_are_said(server, closed_port):
    with pytest.raises(CameraError, match=r"cannot be reached \(Connection refused\)"):
        open_source(f"http://127.0.0.1:{closed_port}/v.mp4", QUICK)
    with pytest.raises(CameraError, match="cannot be reached"):
        open_source(f"rtsp://127.0.0.1:{closed_port}/live", QUICK)
    with pytest.raises(SourceNotFoundError, match="404"):
        open_source(f"{server.url}/nothing.mp4", QUICK)
    with pytest.raises(CameraError, match="refuses access"):
        open_source(f"{server.url}/denied.mp4", QUICK)


def test_server_that_never_answers(server):
    with pytest.raises(CameraError, match=r"no answer within 0\.3 s"):
        open_source(f"{server.url}/hang.mp4", SourceConfig(read_timeout_s=0.3))


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("page.html", "<html><body>hello</body></html>\n" * 20, SourceFormatError),
        ("concat.mp4", "ffconcat version 1.0\nfile clip.mp4\n", SourceRefusedError),
    ],
)
def test_url_without_a_video(server, tmp_path, clip, name, content, error):
    (tmp_path / name).write_text(content)
    with pytest.raises(error):
        open_source(f"{server.url}/{name}", QUICK)


def test_hls_may_use_the_network_but_not_this_machine(server, tmp_path):
    part = make.write_video(tmp_path / "part.ts", make.noisy(25), gop_size=5)
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
    (tmp_path / "good.m3u8").write_text(f"{head}part.ts\n#EXT-X-ENDLIST\n")
    with open_source(f"{server.url}/good.m3u8", QUICK) as source:
        assert len(list(source)) == 25
    for target in (part, f"file://{part}", f"concat:{part}"):
        (tmp_path / "bad.m3u8").write_text(f"{head}{target}\n#EXT-X-ENDLIST\n")
        with pytest.raises((CameraError, SourceFormatError, SourceNotFoundError)):
            open_source(f"{server.url}/bad.m3u8", QUICK)


def test_every_container_is_opened_with_both_whitelists(monkeypatch):
    opened = {}
    monkeypatch.setattr(containers.av, "open", lambda target, **options: opened.update(options))
    containers.open_container("x", "file", options={"protocol_whitelist": "all"})
    assert opened["container_options"]["protocol_whitelist"] == "file"
    formats = opened["container_options"]["format_whitelist"].split(",")
    assert not {"concat", "hls", "dash", "sdp", "image2", "tty", "lavfi"} & set(formats)


def test_no_protocol_reads_files():
    for protocols in network.PROTOCOLS.values():
        assert not {"file", "concat", "pipe", "data", "subfile"} & set(protocols.split(","))


@pytest.mark.parametrize("path", ["x", "x?token=s3cret"])
@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_password_is_nowhere(closed_port, caplog, capfd, scheme, path):
    url = f"{scheme}://ann:s3cret@127.0.0.1:{closed_port}/{path}"
    with caplog.at_level(logging.DEBUG), pytest.raises(CameraError) as caught:
        open_source(url, QUICK)
    shown = "".join(traceback.format_exception(caught.value)).split("CameraError")[-1]
    assert f"{scheme}://127.0.0.1:{closed_port}/~" in shown
    error = caught.value
    while error is not None:  # nor in an error that a logger might print along
        assert "s3cret" not in str(error)
        error = error.__context__ or error.__cause__
    out, err = capfd.readouterr()
    assert "s3cret" not in caplog.text + out + err


def test_name_of_an_open_source_has_no_secret(server, clip):
    with open_source(server.url.replace("//", "//ann:s3cret@") + "/clip.mp4", QUICK) as source:
        assert source.info.name.startswith(f"{server.url}/~")
        assert "clip" not in source.info.name
