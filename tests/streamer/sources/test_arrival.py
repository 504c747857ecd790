"""MJPEG over HTTP: times of arrival, smoothed, against the moments at which a real server sent."""

from __future__ import annotations

import http.server
import itertools
import random
import threading
import time

import cv2
import numpy as np
import pytest

from streamer.core.errors import UsageError
from streamer.sources import SourceConfig, open_source
from streamer.sources.arrival import WITHIN_S, ArrivalClock
from tests.streamer.sources import make

PICTURES = [cv2.imencode(".jpg", image)[1].tobytes() for image in make.noisy(8, size=(160, 120))]


class Camera(http.server.BaseHTTPRequestHandler):
    """Sends pictures at the server's `moments`, in seconds from the request; notes when it did."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=--cam")
        self.end_headers()
        start_s = time.monotonic()
        for picture, moment_s in zip(itertools.cycle(PICTURES), self.server.moments):
            time.sleep(max(0.0, start_s + moment_s - time.monotonic()))
            self.server.sent_s.append(time.monotonic())
            head = f"--cam\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + picture + b"\r\n")
            except OSError:
                return

    def log_message(self, *arguments):
        pass


@pytest.fixture
def camera():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera) as running:
        running.daemon_threads, running.block_on_close = True, False
        running.sent_s = []
        running.url = f"http://127.0.0.1:{running.server_address[1]}/video"
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_times_of_a_real_server(camera, fps):
    """A loaded machine may hold up some frames: nine of ten are as exact as promised."""
    seeded = random.Random(fps)
    camera.moments = [index / fps + seeded.uniform(0, 0.03) for index in range(int(1.8 * fps))]
    with open_source(camera.url, SourceConfig(queue_frames=256)) as source:
        assert source.info.live and source.info.declared_fps is None
        times = [frame.time_s for frame in itertools.islice(source, len(camera.moments) - 2)]
    errors = np.array(times) - (np.array(camera.sent_s[: len(times)]) - camera.sent_s[0])
    assert np.quantile(np.abs(errors), 0.9) <= 0.05
    assert times == sorted(set(times))


def test_a_part_of_a_live_stream_is_refused(camera):
    camera.moments = [0.0, 0.05, 0.1]
    with pytest.raises(UsageError, match="--start and --end are for recordings"):
        open_source(camera.url, SourceConfig(end_s=3.0))


def stamps(arrivals):
    clock = ArrivalClock()
    return np.array([clock.stamp(100.0 + arrival) for arrival in arrivals])


@pytest.mark.parametrize("fps", [5, 10, 15, 30, 60])
@pytest.mark.parametrize("late_s", [0.0, 0.02, 0.04])
def test_delays_are_taken_out(fps, late_s):
    """Frames taken evenly and delivered with delays: nearer to the truth than their arrival."""
    random_ = np.random.default_rng(fps)
    taken = np.arange(20 * fps) / fps
    delays = random_.uniform(0, late_s, taken.size) if late_s else np.zeros(taken.size)
    times = stamps(taken + delays)
    errors = times - taken + delays[0]
    assert np.abs(errors).max() <= 0.05
    steps = np.diff(times[3 * fps :])
    assert late_s == 0.0 or steps.std() < 0.5 * np.diff(delays[3 * fps :]).std()


def test_never_farther_from_the_arrival_than_promised():
    """A camera in the dark: its rate falls from 30 to 10 and it pauses for 2 s."""
    steps = [1 / 30] * 90 + [0.1] * 40 + [2.0] + [1 / 30] * 60
    arrivals = np.cumsum([0.0, *steps])
    lag = arrivals - stamps(arrivals)
    assert lag.min() > -0.02 and lag.max() <= WITHIN_S + 1e-9


def test_frames_that_arrive_at_once_keep_their_order():
    times = stamps([0.0, 0.1, 0.2, 0.5, 0.5, 0.5, 0.6])
    assert (np.diff(times) > 0).all() and times[-1] == pytest.approx(0.6, abs=0.05)
