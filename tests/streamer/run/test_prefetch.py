"""The reading thread: order, room, the end, errors, stopping. Events decide, never a clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from streamer.core.errors import SourceFormatError
from streamer.core.records import Frame, Loss, SourceInfo, SourceReport, TrackedFaces
from streamer.run import prefetch
from streamer.run.prefetch import Inline, Prefetch
from streamer.run.recording import never

IMAGE = np.zeros((2, 2, 3), np.uint8)
LONG_S = 20.0  # only a test that has failed waits for so long
KINDS = pytest.mark.parametrize("kind", [Inline, Prefetch])


def frame(index: int) -> Frame:
    return Frame(index, index / 30, IMAGE)


class Frames:
    """A source; `at` are actions before the frame of that number, `error` comes after the last."""

    def __init__(
        self,
        count: int,
        *,
        live: bool = False,
        width_px: int = 64,
        at: dict[int, Callable[[], object]] | None = None,
        error: Exception | None = None,
    ) -> None:
        self.info = SourceInfo("x", "file", live, width_px, 48, None, None, None)
        self.report = SourceReport(0, 0, 0, False, {}, ())
        self._count, self._at, self._error = count, at or {}, error
        self.read = 0
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._count):
            self._at.get(index, lambda: None)()
            self.read += 1
            yield frame(index)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.closed.set()


class LosingFrames(Frames):
    """It is lost after its third frame."""

    def moments(self) -> Iterator[Frame | Loss]:
        yield from map(frame, range(3))
        yield Loss(2 / 30, "cable pulled")
        yield from map(frame, range(3, self._count))


class Tracker:
    """Notes what it is asked, and in which thread."""

    def __init__(self, fails_at: int = -1) -> None:
        self.log: list[int | str] = []
        self.threads: set[str] = set()
        self._fails_at = fails_at

    def track(self, frame: Frame) -> TrackedFaces:
        self.threads.add(threading.current_thread().name)
        if frame.index == self._fails_at:
            raise RuntimeError("the graph has failed")
        self.log.append(frame.index)
        return TrackedFaces()

    def lose(self) -> None:
        self.log.append("lost")


def indices(reader: Inline) -> list[int | str]:
    moments = (moment for moment, _, _ in reader.tracked(never))
    return [m.index if isinstance(m, Frame) else "lost" for m in moments]


@KINDS
def test_frames_come_in_order_to_the_last(kind: type[Inline]) -> None:
    source, tracker = Frames(100), Tracker()
    reader = kind(source, tracker, None, None)
    assert indices(reader) == tracker.log == list(range(100))
    reader.close()
    assert source.closed.is_set() and not reader.broke_off
    main = threading.current_thread().name
    assert tracker.threads == {main if kind is Inline else "decode-and-track"}


@KINDS
def test_a_loss_keeps_its_place(kind: type[Inline]) -> None:
    tracker = Tracker()
    reader = kind(LosingFrames(6, live=True), tracker, None, None)
    assert indices(reader) == tracker.log == [0, 1, 2, "lost", 3, 4, 5]
    reader.close()


@KINDS
def test_max_seconds_is_stream_time(kind: type[Inline]) -> None:
    reader = kind(Frames(100), Tracker(), None, 1.0)
    assert indices(reader) == list(range(30)) and reader.broke_off
    reader.close()


@KINDS
def test_half_a_checkpoint_is_taken_before_its_frame_is_tracked(kind: type[Inline]) -> None:
    tracker = Tracker()
    reader = kind(Frames(5), tracker, lambda frame: list(tracker.log), None)
    halves = [half for _, _, half in reader.tracked(never)]
    assert halves == [list(range(n)) for n in range(5)]
    reader.close()


@KINDS
def test_an_error_of_the_source_comes_after_all_frames_before_it(kind: type[Inline]) -> None:
    reader = kind(Frames(21, error=SourceFormatError("damaged.")), Tracker(), None, None)
    taken = []
    with pytest.raises(SourceFormatError, match="damaged"):
        taken.extend(moment for moment, _, _ in reader.tracked(never))
    reader.close()
    assert len(taken) == 21


def test_an_error_of_the_tracker_is_raised_in_the_caller() -> None:
    reader = Prefetch(Frames(100, live=True), Tracker(fails_at=7), None, None)
    taken = []
    with pytest.raises(RuntimeError, match="graph has failed"):
        taken.extend(moment for moment, _, _ in reader.tracked(never))
    reader.close()
    assert [moment.index for moment in taken if isinstance(moment, Frame)] == list(range(7))


def test_of_two_errors_the_first_is_raised() -> None:
    """The source fails, and then the frames that were decoded before it cannot be tracked."""
    reader = Prefetch(Frames(3, error=SourceFormatError("first.")), Tracker(1), None, None)
    with pytest.raises(SourceFormatError, match="first"):
        list(reader.tracked(never))
    reader.close()


@pytest.mark.parametrize(
    ("live", "width_px", "batch", "room"),
    [
        (False, 64, 16, 2),
        (False, 200_000, 2, 2),  # two pictures of 29 MB: not more than 64 MB
        (True, 64, 1, 1),
    ],
)
def test_it_reads_no_further_ahead_than_it_may(
    live: bool, width_px: int, batch: int, room: int
) -> None:
    """The caller holds one batch, `room` batches wait, and one more waits to be put there."""
    most = batch * (room + 2)
    full = threading.Event()
    source = Frames(most + 100, live=live, width_px=width_px, at={most - 1: full.set})
    reader = Prefetch(source, Tracker(), None, None)
    moments = reader.tracked(never)
    next(moments)
    assert full.wait(LONG_S)  # so far it reads
    reader._thread.join(0.05)  # it has time to read more, and does not
    assert reader._thread.is_alive() and source.read <= most
    assert sum(1 for _ in moments) == most + 99
    reader.close()


def test_stop_is_asked_between_frames_and_ends_the_thread() -> None:
    source = Frames(10**9)
    reader = Prefetch(source, Tracker(), None, None)
    taken: list[object] = []
    for moment, _, _ in reader.tracked(lambda: len(taken) == 5):
        taken.append(moment)
    assert len(taken) == 5 and reader.broke_off
    reader.close()
    assert source.closed.is_set() and not reader._thread.is_alive()


def test_a_live_source_is_closed_to_wake_its_reader() -> None:
    """It waits for a frame that does not come, until `close` of the source."""
    source = Frames(5, live=True, at={2: lambda: source.closed.wait(LONG_S)})
    reader = Prefetch(source, Tracker(), None, None)
    moments = reader.tracked(never)
    next(moments), next(moments)
    reader.close()
    assert not reader._thread.is_alive()


def test_a_file_whose_reader_hangs_is_not_closed_under_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "_JOIN_S", 0.01)
    hangs, released = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        released.wait(LONG_S)

    source = Frames(17, at={16: hang})
    reader = Prefetch(source, Tracker(), None, None)
    next(reader.tracked(never))
    assert hangs.wait(LONG_S)
    reader.close()
    assert reader._thread.is_alive() and not source.closed.is_set()
    released.set()
    reader._thread.join(LONG_S)
