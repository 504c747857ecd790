"""A live camera with its real process: what is dropped is counted, what dies is told."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from demo.live_session import Answer, LiveSession
from demo.settings_view import Choices
from demo.visitors import Visitor
from streamer.core.errors import UsageError
from tests.demo.clips import jpeg, picture, sample_frames

QUICK = Choices(no_recognition=True)
GREY = jpeg(np.full((480, 640, 3), 90, dtype=np.uint8))


class Heard:
    """Answers as they come."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Answer] = queue.Queue()

    def __call__(self, answer: Answer) -> None:
        self.queue.put(answer)

    def next(self, timeout_s: float = 20.0) -> Answer:
        return self.queue.get(timeout=timeout_s)

    def rest(self) -> list[Answer]:
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self.queue.get_nowait())
        return found


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def session(visitor: Visitor, heard: Heard) -> Iterator[LiveSession]:
    made = LiveSession(visitor, QUICK, heard)
    yield made
    made.close()


def process_of(session: LiveSession) -> psutil.Process:
    return psutil.Process(session._process.pid)


def gone(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(60.0)
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def test_answers_in_order_then_the_end(session: LiveSession, heard: Heard) -> None:
    ready = heard.next()
    assert (ready.seen.error, ready.seen.number, ready.dropped) == ("", 0, 0)
    for number in range(1, 6):
        session.push(picture(number / 30, number, GREY))
        answer = heard.next()
        assert (answer.seen.number, answer.dropped) == (number, 0)
        assert answer.work_ms > 0.0
    process = process_of(session)
    session.close()
    assert len(heard.rest()) == 1 and gone(process)


def test_a_flood_drops_the_oldest_and_counts_them(session: LiveSession, heard: Heard) -> None:
    heard.next()
    for number in range(1, 101):
        session.push(picture(number / 30, number, GREY))
    answers = []
    while not answers or answers[-1].seen.number != 100:  # the newest always comes
        answers.append(heard.next())
    numbers = [answer.seen.number for answer in answers]
    assert numbers == sorted(set(numbers))
    assert answers[-1].dropped == session.dropped == 100 - len(numbers) > 0
    assert numbers[-8:] == list(range(93, 101))  # the last eight waited
    counts = [answer.dropped for answer in answers]
    assert counts == sorted(counts) and max(answer.waiting for answer in answers) <= 8


def test_a_killed_process_is_told(session: LiveSession, heard: Heard) -> None:
    heard.next()
    process = process_of(session)
    process.kill()
    assert gone(process)
    session.push(picture(1.0, 1, GREY))
    assert "stopped unexpectedly" in heard.next(5.0).seen.error
    session.push(picture(2.0, 2, GREY))
    session.close()
    session.close()
    assert heard.rest() == []


def test_a_broken_picture_is_told(session: LiveSession, heard: Heard) -> None:
    heard.next()
    session.push(picture(1.0, 1, b"no picture"))
    assert "could not be read" in heard.next().seen.error
    session.push(picture(2.0, 2, GREY))
    session.close()
    assert heard.rest() == []


def test_closing_tells_the_events_that_are_open(session: LiveSession, heard: Heard) -> None:
    heard.next()
    for frame in sample_frames(0, 72):  # the first event ends at frame 57 and is told at 81
        session.push(picture(100.0 + frame.time_s, frame.index, frame.image))
        assert not heard.next().seen.events
    session.close()
    (last,) = heard.rest()
    assert [event["onset_frame"] for event in last.seen.events] == [46]


def test_closing_before_the_models_are_loaded(visitor: Visitor, heard: Heard) -> None:
    session = LiveSession(visitor, QUICK, heard)
    process = process_of(session)
    session.close()
    assert gone(process)
    assert not visitor.is_busy


def test_who_leaves_ends_the_process(visitor: Visitor, heard: Heard) -> None:
    session = LiveSession(visitor, QUICK, heard)
    assert visitor.is_busy
    process = process_of(session)
    heard.next()
    visitor.leave()
    assert gone(process)
    session.push(picture(1.0, 1, GREY))
    assert heard.next(5.0).seen.error
    session.close()
    assert not visitor.folder.exists()


def test_who_has_left_starts_nothing(visitor: Visitor, heard: Heard) -> None:
    visitor.leave()
    before = threading.active_count()
    with pytest.raises(UsageError, match="Reload"):
        LiveSession(visitor, QUICK, heard)
    assert threading.active_count() == before


def test_settings_that_cannot_be_used_start_nothing(visitor: Visitor, heard: Heard) -> None:
    with pytest.raises(UsageError, match="sensitivity"):
        LiveSession(visitor, Choices(sensitivity=99.0), heard)
    assert not visitor.is_busy
