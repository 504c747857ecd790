"""Live sources with a scripted camera: drops, stalls, losses, reconnection, true times."""

from __future__ import annotations

import logging
import threading
import time

import numpy as np
import pytest

from streamer.core.errors import CameraError, UsageError
from streamer.core.records import SourceInfo
from streamer.sources import SourceConfig
from streamer.sources.live import LiveSource

INFO = SourceInfo("cam", "camera", True, 2, 2, None, None, None)
QUICK = SourceConfig(
    queue_frames=3, read_timeout_s=0.15, reconnect_attempts=2, reconnect_backoff_s=0.01
)
STALL, DIE, LINGER = "stall", "die", "linger"


class Camera:
    """Gives frames by a script: a number is the time of a frame, a word what happens then."""

    def __init__(self, *script, number=0):
        self._script = script
        self.number = number
        self.released = threading.Event()  # ends a STALL or LINGER
        self.closed = threading.Event()
        self.done = threading.Event()  # all frames before a LINGER or STALL are given

    def __iter__(self):
        for step in self._script:
            if step == DIE:
                raise CameraError("cable pulled.")
            if step in (STALL, LINGER):
                self.done.set()
                self.released.wait(5 if step == LINGER else 0.6)
            else:
                yield step, np.full((2, 2, 3), 10 * self.number + round(10 * step), np.uint8)

    def close(self):
        self.closed.set()


class Cameras:
    """An opener that hands out one camera after the other; an error is raised."""

    def __init__(self, *cameras):
        self.waiting = list(cameras)

    def __call__(self):
        camera = self.waiting.pop(0)
        if isinstance(camera, Exception):
            raise camera
        return camera


class Live(LiveSource):
    """Closing lets the reads return at once, as they would on a real camera within a frame."""

    def close(self):
        for camera in self.cameras:
            camera.released.set()
        super().close()


def live(first, *later, config=QUICK, **options):
    source = Live(first, Cameras(*later), INFO, config, **options)
    source.cameras = [camera for camera in (first, *later) if isinstance(camera, Camera)]
    return source


def reader_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("source-")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    deadline = time.monotonic() + 60
    while reader_threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert reader_threads() == []


def test_frames_come_in_order_with_the_cameras_times():
    with live(Camera(0.0, 0.04, 0.08, LINGER)) as source:
        frames = iter(source)
        got = [next(frames) for _ in range(3)]
    assert [frame.time_s for frame in got] == pytest.approx([0.0, 0.04, 0.08])
    assert [frame.index for frame in got] == [0, 1, 2]
    assert source.report.frames == 3 and source.report.dropped == 0


def test_the_oldest_frames_are_dropped_and_counted():
    camera = Camera(*[i / 10 for i in range(10)], LINGER)
    with live(camera) as source:
        assert camera.done.wait(60)
        frames = iter(source)
        got = [next(frames) for _ in range(3)]  # the queue holds three
        assert [frame.time_s for frame in got] == pytest.approx([0.7, 0.8, 0.9])
        assert [frame.image[0, 0, 0] for frame in got] == [7, 8, 9]
        assert [frame.index for frame in got] == [0, 1, 2]
        assert (source.report.frames, source.report.dropped) == (3, 7)


@pytest.mark.parametrize("end", [DIE, STALL, None])
def test_lost_camera_is_reconnected_and_time_goes_on(end):
    script = [0.0, 0.1] if end is None else [0.0, 0.1, end]
    second = Camera(0.0, 0.1, LINGER, number=2)
    begun = time.monotonic()
    with live(Camera(*script), second) as source:
        frames = iter(source)
        got = [next(frames) for _ in range(4)]
        took_s = time.monotonic() - begun
        report = source.report
    times = [frame.time_s for frame in got]
    assert times == sorted(set(times))
    assert times[3] - times[2] == pytest.approx(0.1)
    # the gap is the time that passed, not the step of the camera
    assert times[2] <= took_s + 0.15
    assert times[2] >= (0.15 if end == STALL else 0.1)
    assert [frame.image[0, 0, 0] for frame in got] == [0, 1, 20, 21]
    assert (report.reconnects, report.frames) == (1, 4)
    assert len(report.errors) == 1 and report.errors[0].startswith("cam was lost:")


def test_the_gap_is_kept_by_the_clock():
    """With a clock in the test's hand: 60 s pass while the camera is away."""
    now = [100.0]
    with live(Camera(0.0, 0.1, DIE), Camera(0.0, 0.1, LINGER), clock=lambda: now[0]) as source:
        frames = iter(source)
        assert [next(frames).time_s for _ in range(2)] == [0.0, 0.1]
        now[0] = 160.0
        assert [next(frames).time_s for _ in range(2)] == pytest.approx([60.0, 60.1])


def test_gives_up_after_the_attempts():
    lost = CameraError("not there.")
    with (
        live(Camera(0.0, DIE), lost, lost, lost) as source,
        pytest.raises(CameraError, match=r"cam is lost \(not there\); 2 attempts .* failed"),
    ):
        list(source)
    assert source.report.frames == 1
    assert source.report.reconnects == 0


def test_attempts_count_anew_after_a_success():
    lost = CameraError("not there.")
    cameras = [lost, Camera(0.0, DIE), lost, Camera(0.0, DIE), lost, Camera(0.0, LINGER)]
    with live(Camera(0.0, DIE), *cameras) as source:
        frames = iter(source)
        times = [next(frames).time_s for _ in range(4)]
    assert times == sorted(set(times))
    assert source.report.reconnects == 3


def test_no_attempts_at_all():
    config = SourceConfig(reconnect_attempts=0)
    with live(Camera(0.0, DIE), config=config) as source, pytest.raises(CameraError, match="cable"):
        list(source)


def test_back_off_doubles_up_to_its_cap():
    config = SourceConfig(
        reconnect_attempts=5, reconnect_backoff_s=0.02, reconnect_backoff_max_s=0.05
    )
    waits = []
    source = live(Camera(DIE), *[CameraError("no.")] * 5, config=config)
    source._closed.wait = lambda timeout: waits.append(timeout)  # in place of waiting
    with pytest.raises(CameraError):
        list(source)
    assert waits == pytest.approx([0.02, 0.04, 0.05, 0.05, 0.05])


def test_a_fault_of_the_program_is_raised_in_the_caller():
    class Faulty(Camera):
        def __iter__(self):
            yield 0.0, np.zeros((2, 2, 3), np.uint8)
            raise ZeroDivisionError("a bug")

    camera = Faulty()
    with live(camera) as source, pytest.raises(ZeroDivisionError, match="a bug"):
        list(source)
    assert camera.closed.is_set()


def test_abandoned_reader_adds_nothing_when_it_wakes():
    stalled = Camera(0.0, STALL, 0.1, 0.2, number=5)
    with live(stalled, Camera(0.0, LINGER, number=2)) as source:
        frames = iter(source)
        got = [next(frames) for _ in range(2)]
        assert stalled.closed.wait(60)  # it woke, was told that it is not wanted, and closed
        assert not source._queue
    assert [frame.image[0, 0, 0] for frame in got] == [50, 20]


def test_leaving_the_loop_closes_the_camera():
    camera = Camera(*[i / 10 for i in range(10)], LINGER)
    for _ in live(camera):
        break
    assert camera.closed.wait(60)


def test_close_from_another_thread_ends_the_loop():
    camera = Camera(0.0, LINGER)
    source = live(camera, config=SourceConfig())
    frames = iter(source)
    next(frames)
    threading.Timer(0.05, source.close).start()
    assert list(frames) == []


def test_read_once():
    source = live(Camera(0.0, LINGER))
    iter(source)
    with pytest.raises(UsageError, match="read once"):
        iter(source)
    source.close()
    source.close()


def test_losses_are_logged_as_warnings(caplog):
    with caplog.at_level(logging.WARNING), live(Camera(0.0, DIE), Camera(0.0, LINGER)) as source:
        frames = iter(source)
        next(frames), next(frames)
    assert [record.getMessage() for record in caplog.records] == ["cam was lost: cable pulled"]
