"""A part of a recording: what is handed on, and that its events are those of the whole."""

from __future__ import annotations

import pytest

from streamer.core.records import EmotionEvent, FaceMotion, Frame, FrameResult, Judged, Part, Spot
from streamer.outputs.sinks import Sinks
from streamer.run.build import build_pipeline, stream
from streamer.run.part import within
from streamer.run.recording import run_recording
from streamer.sources import SourceConfig, open_source
from tests.streamer.sources import make

PART = Part(2.0, 4.0)


def event(apex_s):
    frame = round(30 * apex_s)
    spot = Spot(
        0, "micro", apex_s - 0.1, apex_s, apex_s + 0.1, frame - 3, frame, frame + 3, 2.0, ()
    )
    return EmotionEvent(spot, None, "x", apex_s + 0.4)


def result(time_s, *apexes_s, judged=()):
    import numpy as np

    frame = Frame(round(30 * time_s), time_s, make.plain())
    told = tuple(Judged(round(30 * at_s), at_s, 33_333, "", "") for at_s in judged)
    motion = FaceMotion(frame.index, time_s, 0, np.zeros((1, 2)), (0.0, 0.0), 0.0, judged=told)
    return FrameResult(frame, (), (motion,), tuple(map(event, apexes_s)))


def test_before_the_part_nothing_is_handed_on():
    assert within(result(1.99, 1.5), PART) is None


def test_in_the_part_its_own_events_and_verdicts_are():
    inside = within(result(2.2, 1.9, 2.0, 2.1, judged=(1.9, 2.0)), PART)
    assert inside.frame.time_s == 2.2
    assert [one.spot.apex_s for one in inside.events] == [2.0, 2.1]
    assert [one.time_s for one in inside.motions[0].judged] == [2.0]


def test_after_the_part_only_what_is_learned_of_it():
    after = within(result(4.0, 3.9, 4.0, judged=(3.9, 4.0)), PART)
    assert after.frame is None and [one.spot.apex_s for one in after.events] == [3.9]
    assert [one.time_s for one in after.motions[0].judged] == [3.9]
    assert within(result(4.5), PART) is None
    last = within(FrameResult(None, events=(event(3.9), event(4.2))), PART)
    assert [one.spot.apex_s for one in last.events] == [3.9]


def facts(one):
    spot, recognition = one.spot, one.recognition
    return spot.onset_frame, spot.apex_frame, spot.offset_frame, spot.kind, recognition.emotion


class Rows:
    def __init__(self):
        self.frames, self.events = [], []

    def write(self, result):
        self.frames += [] if result.frame is None else [result.frame.index]
        self.events += result.events

    def close(self):
        pass


@pytest.fixture(scope="module")
def whole():
    return [facts(one) for one in stream("sample")]


def test_events_of_a_part_are_those_of_the_whole(whole):
    """Both begin to look at the start of the sample, as the warm-up reaches there: the same."""
    rows = Rows()
    source = open_source("sample", SourceConfig(start_s=1.7, end_s=7.15))
    list(run_recording(source, build_pipeline(), Sinks([rows])))
    assert rows.frames == list(range(51, 215))
    assert [facts(one) for one in rows.events] == whole[:2]
    assert rows.events[1].emitted_s > 7.15  # what it began with was seen out


@pytest.mark.slow
@pytest.mark.parametrize("warm_up_s", [2.0, 4.0])
def test_a_short_warm_up_is_enough_for_a_quiet_face(whole, warm_up_s):
    part = stream("sample", source={"start_s": 7.0, "end_s": 12.0, "warm_up_s": warm_up_s})
    assert [facts(one)[1:2] for one in part] == [one[1:2] for one in whole[1:]]


def test_the_seconds_of_a_run_count_from_the_start_of_the_part():
    rows = Rows()
    source = open_source("sample", SourceConfig(start_s=3.0, warm_up_s=0.0))
    list(run_recording(source, build_pipeline(), Sinks([rows]), max_seconds=0.5))
    assert rows.frames == list(range(90, 105))
