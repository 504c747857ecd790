"""The pipeline with stand-ins for its parts: order, buffering, signals, reset."""

import numpy as np
import pytest

from streamer.core.records import (
    AlignedFace,
    Face,
    FaceMotion,
    Frame,
    MissingFace,
    NoFace,
    Recognition,
    Spot,
)
from streamer.faces.face_buffer import FaceBuffer
from streamer.run.pipeline import Pipeline

IMAGE = np.zeros((4, 4, 3), dtype=np.uint8)
EYE = np.eye(2, 3, dtype=np.float32)
NO_MESH = np.zeros((468, 3), dtype=np.float32)


class OneFace:
    """A face in every frame but those in `away`, which are dark."""

    missing = MissingFace(NoFace.DARK, 6.0)

    def __init__(self, away=()):
        self.away, self.resets, self.closed = set(away), 0, False

    def push(self, frame):
        return [] if frame.index in self.away else [Face(3, (0, 0, 1, 1), NO_MESH, 1.0)]

    def reset(self):
        self.resets += 1

    def close(self):
        self.closed = True


class PlainAligner:
    def push(self, frame, faces):
        return [AlignedFace(frame.index, frame.time_s, IMAGE, f, 0, EYE, NO_MESH) for f in faces]

    def reset(self):
        pass


class EveryTenth:
    """Spots frames 10k+2 .. 10k+4 .. 10k+6 at frame 10k+9."""

    lookback_s = 1.0

    def push(self, faces):
        motions = [
            FaceMotion(f.index, f.time_s, f.face.face_id, np.zeros((1, 2)), (0.0, 0.0), 0.0)
            for f in faces
        ]
        return motions, [self.spot(f.index) for f in faces if f.index % 10 == 9]

    def spot(self, index):
        o, a, f = index - 7, index - 5, index - 3
        return Spot(3, "micro", o / 30, a / 30, f / 30, o, a, f, 2.0, ("chin",))

    def flush(self):
        return [self.spot(9)]

    def reset(self):
        pass


class Remembers:
    def __init__(self):
        self.pairs = []

    def recognize(self, onset, apex):
        self.pairs.append((onset.index, apex.index))
        return Recognition("positive", {"negative": 0.1, "positive": 0.8, "surprise": 0.1}, 0.8)


def frames(n, start=0):
    return [Frame(i, i / 30, IMAGE) for i in range(start, n)]


def test_a_frame_without_a_face_says_why():
    pipeline = Pipeline(OneFace(away={1}), PlainAligner(), EveryTenth(), None)
    results = [pipeline.push(frame) for frame in frames(3)]
    assert [result.missing for result in results] == [None, OneFace.missing, None]
    assert [len(result.faces) for result in results] == [1, 0, 1]


def test_the_recogniser_gets_the_faces_of_onset_and_apex():
    recognizer = Remembers()
    pipeline = Pipeline(OneFace(), PlainAligner(), EveryTenth(), recognizer, source_name="x.mp4")
    events = [event for frame in frames(30) for event in pipeline.push(frame).events]
    assert recognizer.pairs == [(2, 4), (12, 14), (22, 24)]
    assert [e.emitted_s for e in events] == pytest.approx([9 / 30, 19 / 30, 29 / 30])
    assert {e.source for e in events} == {"x.mp4"}
    assert {e.recognition.emotion for e in events} == {"positive"}


def test_without_a_recogniser_events_carry_no_emotion():
    pipeline = Pipeline(OneFace(), PlainAligner(), EveryTenth(), None)
    events = [event for frame in frames(10) for event in pipeline.push(frame).events]
    assert [e.recognition for e in events] == [None]


def test_a_pair_that_is_no_longer_kept_is_not_guessed_at():
    recognizer = Remembers()
    pipeline = Pipeline(OneFace(), PlainAligner(), EveryTenth(), recognizer)
    for frame in frames(80):
        pipeline.push(frame)
    recognizer.pairs.clear()
    (event,) = pipeline.flush().events  # frames 2..6 left the buffer of one second long ago
    assert event.recognition is None
    assert recognizer.pairs == []


def test_a_result_holds_all_of_a_frame():
    pipeline = Pipeline(OneFace(away={4, 5}), PlainAligner(), EveryTenth(), None)
    for frame in frames(8):
        result = pipeline.push(frame)
        seen = () if frame.index in (4, 5) else (3,)
        assert result.frame is frame
        assert tuple(face.face.face_id for face in result.faces) == seen
        assert tuple(motion.face_id for motion in result.motions) == seen
        assert {part.index for part in result.faces + result.motions} <= {frame.index}
    last = pipeline.flush()
    assert (last.frame, last.faces, last.motions, len(last.events)) == (None, (), (), 1)


def test_recent_faces_are_a_copy():
    pipeline = Pipeline(OneFace(), PlainAligner(), EveryTenth(), None)
    for frame in frames(10):
        pipeline.push(frame)
    recent = pipeline.recent_faces()
    pipeline.reset()
    assert len(recent) == 10 and len(pipeline.recent_faces()) == 0


def test_frames_out_of_order_are_refused_until_reset():
    tracker = OneFace()
    pipeline = Pipeline(tracker, PlainAligner(), EveryTenth(), None)
    pipeline.push(Frame(0, 1.0, IMAGE))
    with pytest.raises(ValueError, match=r"at 0\.5 s, not after 1\.0 s"):
        pipeline.push(Frame(1, 0.5, IMAGE))
    pipeline.reset()
    pipeline.push(Frame(0, 0.0, IMAGE))
    assert tracker.resets == 1
    pipeline.close()
    assert tracker.closed


def test_the_buffer_keeps_seconds_not_frames():
    buffer = FaceBuffer(keep_s=0.5)
    aligner, tracker = PlainAligner(), OneFace()
    for frame in [Frame(i, i / 200, IMAGE) for i in range(1000)]:
        buffer.push(frame.time_s, aligner.push(frame, tracker.push(frame)))
    assert len(buffer) == 101
    assert buffer.find(3, 899).index == 899
    assert buffer.find(3, 898) is None
    assert buffer.find(2, 999) is None
    buffer.push(9.0, [])
    assert len(buffer) == 0
