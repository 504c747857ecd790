"""The loop: what sinks are handed, what ends it, and what it leaves behind in the process."""

from __future__ import annotations

import sys
from itertools import zip_longest

import cv2
import pytest

from streamer.core.errors import InstallError, InternalError, OutputError
from streamer.core.records import Frame, FrameResult, TrackedFaces
from streamer.outputs.sinks import Sinks
from streamer.run.recording import RecordingRun, run_recording
from tests.streamer.outputs.fakes import FakePipeline, FakeSource

THREADS = pytest.mark.parametrize("threads", [1, 2])


class Keeps:
    """A sink that keeps all results, and may fail at one of them."""

    def __init__(self, fails_at: int = -1, error: Exception | None = None) -> None:
        self.results: list[FrameResult] = []
        self.closed = 0
        self._fails_at, self._error = fails_at, error or OutputError("the disk is full.")

    def write(self, result: FrameResult) -> None:
        if len(self.results) == self._fails_at:
            raise self._error
        self.results.append(result)

    def close(self) -> None:
        self.closed += 1


class BreaksAt(FakePipeline):
    """A library fails at one frame, in the first or in the second half."""

    def __init__(self, index: int, half: str) -> None:
        super().__init__()
        self._index, self._half = index, half

    def track(self, frame: Frame) -> TrackedFaces:
        self._break(frame, "track")
        return super().track(frame)

    def advance(self, frame: Frame, tracked: TrackedFaces) -> FrameResult:
        self._break(frame, "advance")
        return super().advance(frame, tracked)

    def _break(self, frame: Frame, half: str) -> None:
        if (frame.index, half) == (self._index, self._half):
            raise RuntimeError("Graph has errors")


@THREADS
def test_the_caller_and_every_sink_see_the_same_results(threads: int) -> None:
    sinks = [Keeps(), Keeps()]
    yielded = list(run_recording(FakeSource(), FakePipeline(), Sinks(sinks), threads=threads))
    assert [r.frame.index for r in yielded[:-1] if r.frame] == list(range(60))
    assert yielded[-1].frame is None and len(yielded) == 61
    for sink in sinks:
        assert all(a is b for a, b in zip_longest(sink.results, yielded))
    assert [len(r.faces) for r in yielded[:4]] == [len(r.motions) for r in yielded[:4]]


def test_other_kinds_are_left_out_everywhere() -> None:
    sink = Keeps()
    list(run_recording(FakeSource(), FakePipeline(), Sinks([sink]), kinds=("macro",)))
    kinds = [event.spot.kind for result in sink.results for event in result.events]
    assert kinds == ["macro"]  # of the two events, known at frames 15 and 45


@THREADS
@pytest.mark.parametrize("half", ["track", "advance"])
def test_what_fails_at_one_frame_is_an_error_of_that_recording(half: str, threads: int) -> None:
    sink, source = Keeps(), FakeSource(live=True)
    with pytest.raises(InternalError, match="RuntimeError: Graph has errors") as caught:
        list(run_recording(source, BreaksAt(40, half), Sinks([sink]), threads=threads))
    assert not isinstance(caught.value, InstallError)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert len(sink.results) == 41 and source.closed
    (last,) = sink.results[-1].events  # open when it broke off
    assert last.cut and sink.results[-1].frame is None


def test_a_sink_that_fails_stops_the_run_and_the_others_get_the_rest() -> None:
    bad, good, shared = Keeps(fails_at=10), Keeps(), Keeps()
    sinks = Sinks([bad, good], shared=[shared])
    results = list(run_recording(FakeSource(), FakePipeline(), sinks, threads=1))
    assert len(results) == 11 + 1  # the frame at which it failed, and the end
    assert len(good.results) == len(shared.results) == 12 and len(bad.results) == 10
    assert isinstance(sinks.failure, OutputError) and bad.closed == 1
    sinks.close()
    assert (bad.closed, good.closed, shared.closed) == (1, 1, 0)
    with pytest.raises(OutputError, match="disk is full"):
        sinks.check()


def test_a_fault_of_a_sink_is_an_internal_error() -> None:
    sinks = Sinks([Keeps(fails_at=3, error=ZeroDivisionError("a defect"))])
    with pytest.raises(InternalError, match="ZeroDivisionError: a defect"):
        list(run_recording(FakeSource(), FakePipeline(), sinks))


def test_a_turn_of_the_loop_for_frames_that_are_handed_over() -> None:
    sink = Keeps()
    run = RecordingRun(FakePipeline(), Sinks([sink]), ("micro",))
    pushed = [run.push(frame) for frame in FakeSource(frames=20)]
    ended = run.end(cut=True)
    assert sink.results == [*pushed, ended]
    assert [len(result.events) for result in pushed] == [0] * 15 + [1] + [0] * 4
    assert ended == FrameResult(None)


def process_settings() -> tuple[float, int]:
    return round(sys.getswitchinterval(), 6), cv2.getNumThreads()


@pytest.mark.parametrize("first_ends", ["first", "last"])
def test_two_streams_side_by_side_leave_the_process_as_it_was(first_ends: str) -> None:
    """Settings of the process hold while one of them runs, whichever ends first."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        before = process_settings()
        one, other = (run_recording(FakeSource(), FakePipeline()) for _ in range(2))
        next(one)
        during = process_settings()
        next(other)
        assert during == process_settings() != before
        assert during[0] < before[0] and during[1] == 1
        first, last = (one, other) if first_ends == "first" else (other, one)
        first.close()
        assert process_settings() == during
        assert len(list(last)) == 60
        assert process_settings() == before
    finally:
        cv2.setNumThreads(threads)
