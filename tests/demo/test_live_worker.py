"""A camera's pictures through the pipeline: the sample's frames as JPEG, with true times."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from demo.live_worker import HEADER, LiveStream, Seen, decode, serve
from demo.results import load_finished
from demo.settings_view import Choices
from demo.visitors import Visitor
from streamer.core.errors import MerError, SourceFormatError
from streamer.core.records import Gate
from streamer.outputs.aligned_faces import read_strip
from streamer.run.config import load_config
from tests.demo.clips import FPS, jpeg, picture, sample_frames
from tests.demo.conftest import Analysed

QUICK = load_config(overrides=[("recognise", False)])
CLOCK_S = 12345.0  # of a browser that has been open for a while
GREY = np.full((48, 64, 3), 90, dtype=np.uint8)
FLAT = (
    "over-exposed or flat (mean brightness 90 of 255): "
    "less light, a shorter exposure or a clean lens"
)


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[LiveStream]:
    made = LiveStream(QUICK, tmp_path)
    yield made
    made.close()


def push_sample(stream: LiveStream, first: int, end: int) -> list[Seen]:
    return [
        stream.push(picture(CLOCK_S + frame.time_s, frame.index, frame.image))
        for frame in sample_frames(first, end)
    ]


def test_the_events_of_the_sample(visitor: Visitor, analysed: Analysed) -> None:
    name = visitor.new_name("live")
    folder = visitor.folder / name
    folder.mkdir()
    live = LiveStream(Choices().config(), folder)
    answers = push_sample(live, 0, 420)
    answers.append(live.close())
    assert [seen.number for seen in answers[:-1]] == list(range(420))
    assert all(len(seen.faces) == 1 and not seen.error for seen in answers[10:420])
    told: list[dict[str, Any]] = [event for seen in answers for event in seen.events]
    file = analysed.result.events
    assert [event["kind"] for event in told] == [event.spot.kind for event in file]
    assert [event["emotion"] for event in told] == [
        event.recognition.emotion for event in file if event.recognition
    ]
    for event, true in zip(told, file, strict=True):
        for moment in ("onset_s", "apex_s", "offset_s"):  # from the first picture on
            assert abs(event[moment] - getattr(true.spot, moment)) <= 1.01 / FPS, moment
        assert event["source"] == "webcam"
    when = [n for n, seen in enumerate(answers) for _ in seen.events]
    assert when == [round(FPS * event["emitted_s"]) for event in told]
    visitor.keep(name, 5)
    kept = load_finished(visitor, name)
    assert [event.spot.onset_s for event in kept.events] == [event["onset_s"] for event in told]
    for event in kept.events:
        strip = read_strip(kept.strip(event))
        assert strip.frame[strip.onset] == event.spot.onset_frame
    assert len((folder / "signals.csv").read_text().splitlines()) == 421


def test_what_is_said_of_a_face(stream: LiveStream) -> None:
    answers = push_sample(stream, 0, 12)
    (face,) = answers[-1].faces
    x0, y0, x1, y1 = face["box"]
    assert face["id"] == 0 and 0 <= x0 < x1 <= 480 and 0 <= y0 < y1 <= 480
    assert len(face["motion"]) == 7 and all(0 <= value < 0.05 for value in face["motion"])
    assert all(Gate(gate) for gate in face["gates"])


def test_no_face_is_an_answer(stream: LiveStream) -> None:
    seen = stream.push(picture(1.0, 4, GREY))
    assert seen == Seen(4, missing=FLAT)


def test_late_pictures_are_left_out(stream: LiveStream, tmp_path: Path) -> None:
    for number, clock_s in enumerate((5.0, 5.1, 5.05, 5.1, float("nan"), 4.0, 5.2)):
        assert stream.push(picture(clock_s, number, GREY)).number == number
    stream.close()
    rows = (tmp_path / "signals.csv").read_text().splitlines()[1:]
    assert [row.split(",")[:2] for row in rows] == [
        ["0", "0.000000"], ["1", "0.100000"], ["2", "0.200000"],
    ]  # fmt: skip


def test_a_clock_that_begins_with_nonsense_does_not_stop_the_camera(
    stream: LiveStream, tmp_path: Path
) -> None:
    for number, clock_s in enumerate((float("nan"), 5.0, 5.1)):
        stream.push(picture(clock_s, number, GREY))
    stream.close()
    assert len((tmp_path / "signals.csv").read_text().splitlines()) == 1 + 2


@pytest.mark.parametrize(
    "data", [b"\0", b"no picture at all", jpeg(GREY)[:30], b"\xff\xd8\xff\xe0" + b"\0" * 40]
)
def test_broken_pictures_are_a_sentence(stream: LiveStream, data: bytes) -> None:
    with pytest.raises(SourceFormatError, match="picture of the camera could not be read"):
        stream.push(picture(0.0, 1, data))


def test_a_picture_keeps_its_colours() -> None:
    red = np.zeros((32, 32, 3), dtype=np.uint8)
    red[..., 0] = 255
    assert np.abs(decode(jpeg(red)).astype(int) - red).max() < 8
    with pytest.raises(SourceFormatError):
        decode(b"")


def test_a_picture_that_is_too_large_is_refused(stream: LiveStream) -> None:
    """It is small as JPEG, and takes hundreds of megabytes as pixels."""
    huge = cv2.imencode(".jpg", np.zeros((5000, 6000), np.uint8))[1].tobytes()
    assert len(huge) < 2 * 2**20
    with pytest.raises(MerError):
        stream.push(picture(0.0, 1, huge))


def _turned(stream: LiveStream) -> tuple[list[Seen], Seen, list[Seen]]:
    """Half a second after the sample's first event, the picture gets another shape."""
    before = push_sample(stream, 0, 72)
    frames = list(sample_frames(72, 80))
    smaller = [cv2.resize(frame.image, (400, 400)) for frame in frames]
    after = [
        stream.push(picture(CLOCK_S + frame.time_s, frame.index, image))
        for frame, image in zip(frames, smaller, strict=True)
    ]
    return before, after[0], after[1:]


def test_another_shape_of_picture_begins_anew(stream: LiveStream) -> None:
    before, turned, after = _turned(stream)
    assert not [event for seen in before for event in seen.events]
    assert [event["onset_frame"] for event in turned.events] == [46]  # told, not lost
    assert after[-1].faces and 0 < after[-1].faces[0]["box"][2] <= 400
    assert not [event for seen in after for event in seen.events]


def test_the_faces_of_an_event_that_another_shape_ended_are_kept(
    stream: LiveStream, tmp_path: Path
) -> None:
    _, turned, _ = _turned(stream)
    (event,) = turned.events
    assert [path.stem for path in (tmp_path / "faces").iterdir()] == [event["id"]]


def test_only_the_wanted_kinds_are_told(tmp_path: Path) -> None:
    config = load_config(overrides=[("recognise", False), ("kinds", ["macro"])])
    live = LiveStream(config, tmp_path)
    answers = [*push_sample(live, 0, 84), live.close()]
    assert [event for seen in answers for event in seen.events] == []
    assert (tmp_path / "events.jsonl").read_text() == ""


def test_the_process_answers_until_an_empty_message(tmp_path: Path) -> None:
    """`serve` in a thread: same pipe, no process."""
    ours, theirs = multiprocessing.Pipe()
    thread = threading.Thread(target=serve, args=(theirs, QUICK, tmp_path))
    thread.start()
    assert ours.recv() == Seen(0)
    ours.send_bytes(picture(1.0, 7, GREY))
    assert ours.recv() == Seen(7, missing=FLAT)
    ours.send_bytes(b"")
    assert ours.recv() == Seen(0)
    thread.join(60.0)
    assert not thread.is_alive()


def test_the_process_says_what_was_wrong(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    thread = threading.Thread(target=serve, args=(theirs, QUICK, tmp_path))
    thread.start()
    assert not ours.recv().error
    ours.send_bytes(HEADER.pack(0.0, 3) + b"no picture")
    assert "could not be read" in ours.recv().error
    thread.join(60.0)
    assert not thread.is_alive()
