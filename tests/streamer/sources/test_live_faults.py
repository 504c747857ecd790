"""A network camera that fails in every way and comes back: a local server with a script."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import math
import threading
import time

import cv2
import numpy as np
import pytest

from streamer.core.errors import CameraError, MerError, SourceRefusedError
from streamer.core.records import Frame, Loss, SourceInfo
from streamer.run.recording import run_recording
from streamer.sources import SourceConfig, check_source, live, may_be_live, open_source
from streamer.sources.live import LiveSource
from tests.streamer.outputs.fakes import FakePipeline
from tests.streamer.sources import make

QUICK = SourceConfig(
    read_timeout_s=1.0,
    reconnect_attempts=8,
    reconnect_backoff_s=0.01,
    reconnect_backoff_max_s=0.05,
)
INFO = SourceInfo("cam", "camera", True, 2, 2, None, None, None)
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n"
PICTURES = [cv2.imencode(".jpg", image)[1].tobytes() for image in make.noisy(5, size=(64, 48))]


class Camera(http.server.BaseHTTPRequestHandler):
    """Answers the n-th request by `server.script[n]`; the last entry is for all that follow."""

    def do_GET(self):
        server = self.server
        action = server.script[min(server.requests, len(server.script) - 1)]
        server.requests += 1
        with contextlib.suppress(OSError):
            getattr(self, f"do_{action[0]}")(*action[1:])

    def do_answer(self, code):
        self.send_error(code)

    def do_close(self):
        """Accept, and close without a word."""

    def do_rubbish(self):
        self.wfile.write(HEAD + bytes(2000))

    def do_page(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>starting</html>")

    def do_frames(self, count, pause_s=0.005):
        self.wfile.write(HEAD)
        for index in range(count):
            data = PICTURES[index % len(PICTURES)]
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n")
            self.wfile.write(b"Content-Length: %d\r\n\r\n%b\r\n" % (len(data), data))
            time.sleep(pause_s)

    def do_stall(self, count):
        self.do_frames(count)
        self.server.released.wait(60)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def camera():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.requests, server.released = 0, threading.Event()
        server.url = f"http://127.0.0.1:{server.server_address[1]}/live.mjpg"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


def read_until(source, reconnects, most=2000):
    moments = []
    for moment in itertools.islice(source.moments(), most):
        moments.append(moment)
        if isinstance(moment, Frame) and source.report.reconnects == reconnects:
            break
    return moments


@pytest.mark.parametrize(
    "faults",
    [
        [("answer", 404)],
        [("answer", 503), ("answer", 500)],
        [("answer", 401), ("answer", 403)],
        [("close",), ("close",), ("close",)],
        [("rubbish",)],
        [("page",)],
        [("answer", 404), ("close",), ("page",), ("answer", 503), ("rubbish",)],
    ],
    ids=lambda faults: "+".join(str(fault[-1]) for fault in faults),
)
def test_a_camera_that_was_there_is_tried_again_whatever_it_answers(camera, faults):
    camera.script = [("frames", 30), *faults, ("frames", 10_000)]
    with open_source(camera.url, QUICK) as source:
        moments = read_until(source, 1)
    losses = [moment for moment in moments if isinstance(moment, Loss)]
    times = [moment.time_s for moment in moments]
    assert len(losses) == 1 and isinstance(moments[-1], Frame)
    assert moments[-2] is losses[0] and losses[0].time_s == moments[-3].time_s
    assert times == sorted(times)
    assert camera.requests == len(faults) + 2


def test_a_stalled_read_is_a_loss(camera):
    camera.script = [("stall", 30), ("frames", 10_000)]
    with open_source(camera.url, QUICK) as source:
        moments = read_until(source, 1)
    (loss,) = [moment for moment in moments if isinstance(moment, Loss)]
    assert "no frame came for 1 s" in loss.reason or "exit" in loss.reason.lower()


@pytest.mark.parametrize(
    ("action", "error"),
    [(("answer", 503), CameraError), (("close",), MerError), (("page",), MerError)],
)
def test_the_first_connection_fails_at_once(camera, action, error):
    camera.script = [action]
    with pytest.raises(error):
        open_source(camera.url, QUICK)


def test_the_limit_is_stated_and_kept(camera):
    camera.script = [("frames", 30), ("answer", 404)]
    with (
        open_source(camera.url, QUICK) as source,
        pytest.raises(CameraError, match=r"404.*8 attempts to reconnect failed"),
    ):
        list(source)
    assert camera.requests == 9


class Scripted:
    """A connection that delivers so many frames and is lost."""

    def __init__(self, frames):
        self._frames = frames

    def __iter__(self):
        for index in range(self._frames):
            yield 0.01 * index, np.zeros((2, 2, 3), np.uint8)
        raise CameraError("lost.")

    def close(self):
        pass


def test_connections_that_last_for_one_frame_are_not_tried_for_ever():
    source = LiveSource(Scripted(1), lambda: Scripted(1), INFO, QUICK)
    with pytest.raises(CameraError, match=r"24 connections in a row were lost within 5 s"):
        list(source)
    assert source.report.reconnects == 24 == live.SHORT_PER_ATTEMPT * QUICK.reconnect_attempts


def test_a_connection_that_lasts_counts_anew(monkeypatch):
    monkeypatch.setattr(live, "STEADY_S", 0.0)
    source = LiveSource(Scripted(1), lambda: Scripted(1), INFO, QUICK)
    with source:
        assert sum(isinstance(m, Frame) for m in itertools.islice(source.moments(), 100)) == 50


def test_the_back_off_never_overflows():
    config = SourceConfig(reconnect_attempts=5000, reconnect_backoff_max_s=7.0)

    def fail():
        raise SourceRefusedError("no.")

    source = LiveSource(Scripted(1), fail, INFO, config)
    waits = []
    source._closed.wait = lambda timeout: waits.append(timeout)  # in place of waiting
    with pytest.raises(CameraError, match="5000 attempts"):
        list(source)
    assert len(waits) == 5000 and max(waits) == 7.0
    assert waits[:5] == [0.5, 1.0, 2.0, 4.0, 7.0] and all(math.isfinite(w) for w in waits)


def test_a_refusal_on_the_way_is_final():
    class Large(Scripted):
        def __iter__(self):
            yield 0.0, np.zeros((2, 2, 3), np.uint8)
            raise SourceRefusedError("too large.")

    source = LiveSource(Large(1), lambda: Scripted(1), INFO, QUICK)
    with pytest.raises(SourceRefusedError, match="too large"):
        list(source)


def test_what_came_while_the_stream_was_opened_is_not_dropped(camera):
    """All pictures arrive at once, and each takes the caller longer than the queue has room."""
    camera.script = [("frames", 60, 0.0), ("answer", 404)]
    config = SourceConfig(queue_frames=4, reconnect_attempts=0)
    with open_source(camera.url, config) as source:
        frames = 0
        with contextlib.suppress(CameraError):
            for _ in source:
                time.sleep(0.01)
                frames += 1
        report = source.report
    assert (frames, report.dropped) == (60, 0)


class Gap:
    """A live source that is lost in the middle; it notes what had been handed over by then."""

    def __init__(self, log):
        self.info = INFO
        self.report = live.SourceCounters().report()
        self._log = log

    def _frame(self, index):
        return Frame(index, index / 30, np.zeros((2, 2, 3), np.uint8))

    def moments(self):
        yield from map(self._frame, range(35))
        yield Loss(34 / 30, "cable pulled")
        deadline = time.monotonic() + 60
        while "flushed" not in self._log and time.monotonic() < deadline:
            time.sleep(0.01)
        self._log.append("back")
        yield from map(self._frame, range(100, 150))

    def __iter__(self):
        return (moment for moment in self.moments() if isinstance(moment, Frame))

    def close(self):
        pass


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_open_is_closed_at_the_loss_and_not_when_the_camera_is_back(threads):
    log = []
    source = Gap(log)

    class Pipeline(FakePipeline):
        def lose(self):
            log.append("lost")

    taken = []
    for result in run_recording(source, Pipeline(), threads=threads):
        taken.append(result)
        if result.frame is None and "flushed" not in log:
            log.append("flushed")
    assert log == ["lost", "flushed", "back"]
    at_loss = taken[35]
    assert at_loss.frame is None and taken[36].frame.index == 100
    assert [(event.spot.onset_frame, event.cut) for event in at_loss.events] == [(30, True)]
    cut = [event.spot.onset_frame for result in taken for event in result.events if event.cut]
    assert cut == [30]


def test_what_is_known_without_opening():
    assert may_be_live("webcam") and may_be_live("rtsp://x/y") and not may_be_live("a.mp4")
    with pytest.raises(SourceRefusedError, match="gopher"):
        check_source("gopher://x", SourceConfig())
    check_source("a.mp4", SourceConfig())
