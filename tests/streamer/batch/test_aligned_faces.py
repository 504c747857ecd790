"""Aligned faces around events: what is kept, what is written, and `private` jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from streamer.batch.aligned_faces import (
    AROUND_S,
    MAX_FACES,
    FaceStrip,
    _thinned,
    read_strip,
    strip_path,
    take_strip,
    write_strip,
)
from streamer.batch.inputs import sample_path
from streamer.batch.job import Job
from streamer.batch.process_recording import Pipelines
from streamer.batch.recording import do_recording
from streamer.batch.settings import ALL_FORMATS, BatchSettings
from streamer.cli.batch import app
from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.core.records import AlignedFace, Face, Frame, Spot
from streamer.outputs.events import read_events
from streamer.outputs.record import event_id
from streamer.run.build import load_config
from streamer.run.face_buffer import FaceBuffer
from streamer.run.pipeline import Pipeline
from tests.streamer.outputs.fakes import LANDMARKS, make_event

QUICK = load_config(overrides=[("recognise", False)])


def face(index: int, time_s: float, face_id: int = 0, anchor: int = 0) -> AlignedFace:
    image = np.full((4, 4, 3), index % 256, dtype=np.uint8)
    seen = Face(face_id, (0.0, 0.0, 1.0, 1.0), LANDMARKS, 1.0)
    still = np.eye(2, 3, dtype=np.float32)
    return AlignedFace(index, time_s, image, seen, anchor, still, LANDMARKS)


class Parts:
    """Tracker, aligner and spotter that see one face of every id asked for; nothing moves."""

    lookback_s = 3.0

    def __init__(self, ids: tuple[int, ...] = (0,)) -> None:
        self.ids = ids
        self.frames: list[Frame] = []

    def push(self, *given: object) -> object:
        if len(given) == 2:  # aligner
            frame = given[0]
            assert isinstance(frame, Frame)
            anchor = frame.index // 50
            return [face(frame.index, frame.time_s, one, anchor) for one in self.ids]
        if isinstance(given[0], Frame):  # tracker
            return []
        return [], []  # spotter

    def flush(self) -> list[Spot]:
        return []

    def reset(self) -> None: ...
    def close(self) -> None: ...


def pipeline(frames: int, fps: float = 30.0, ids: tuple[int, ...] = (0,)) -> Pipeline:
    parts = Parts(ids)
    made = Pipeline(parts, parts, parts, None)  # type: ignore[arg-type]
    for index in range(frames):
        made.push(Frame(index, index / fps, np.zeros((2, 2, 3), np.uint8)))
    return made


def spot(onset: int, apex: int, offset: int, fps: float = 30.0, face_id: int = 0) -> Spot:
    return Spot(
        face_id, "micro", onset / fps, apex / fps, offset / fps, onset, apex, offset, 2.0, ("chin",)
    )


def test_the_buffer_gives_a_span_with_both_ends() -> None:
    buffer = FaceBuffer(10.0)
    for n in range(10):
        buffer.push(n * 1.0, [face(n, n * 1.0), face(n, n * 1.0, face_id=1)])
    assert [one.index for one in buffer.span(0, 2.0, 5.0)] == [2, 3, 4, 5]
    assert [one.index for one in buffer.span(0, 2.1, 4.9)] == [3, 4]
    assert {one.face.face_id for one in buffer.span(1, 0.0, 9.0)} == {1}
    assert buffer.span(0, 5.0, 2.0) == buffer.span(7, 0.0, 9.0) == []
    assert len(buffer.span(0, -5.0, 50.0)) == 10


def test_a_span_holds_what_is_not_forgotten() -> None:
    held = pipeline(128, fps=32.0)  # to 3.96875 s; 3 s are kept
    found = held.span(0, 0.0, 10.0)
    assert [one.index for one in found] == list(range(31, 128))
    held.reset()
    assert held.span(0, 0.0, 10.0) == []


def test_a_strip_reaches_around_the_event() -> None:
    assert AROUND_S == 0.2  # 6.4 frames at 32 a second
    strip = take_strip(pipeline(100, fps=32.0), spot(50, 55, 60, fps=32.0))
    assert strip is not None
    assert strip.frame.tolist() == list(range(44, 67))
    assert (strip.onset, strip.apex, strip.offset) == (6, 11, 16)
    assert strip.images.shape == (len(strip.frame), 4, 4, 3)
    assert strip.images[:, 0, 0, 0].tolist() == strip.frame.tolist()
    assert strip.time_s == pytest.approx(strip.frame / 32)
    assert strip.anchor.tolist() == [index // 50 for index in strip.frame]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (spot(5, 40, 50), "its onset is forgotten"),
        (spot(95, 101, 105), "its apex has not come"),
        (spot(50, 55, 60, face_id=3), "another face"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_onset_or_apex_there_is_no_strip(one: Spot, why: str) -> None:
    assert take_strip(pipeline(100), one) is None, why


def test_a_lost_offset_is_the_last_face() -> None:
    strip = take_strip(pipeline(100), spot(90, 95, 130))
    assert strip is not None and strip.offset == len(strip.frame) - 1
    assert strip.frame[strip.offset] == 99


def test_a_fast_camera_is_thinned_out() -> None:
    one = spot(201, 333, 407, fps=240.0)
    strip = take_strip(pipeline(480, fps=240.0), one)
    assert strip is not None
    assert MAX_FACES / 2 < len(strip.frame) <= MAX_FACES + 3
    moments = strip.frame[[strip.onset, strip.apex, strip.offset]]
    assert moments.tolist() == [201, 333, 407]
    assert np.all(np.diff(strip.frame) > 0)


@given(st.integers(1, 1000), st.data())
def test_thinning_keeps_the_moments(count: int, data: st.DataObject) -> None:
    keep = data.draw(st.sets(st.integers(0, count - 1), max_size=3))
    faces = [face(n, n / 30) for n in range(count)]
    found = [one.index for one in _thinned(faces, keep)]
    assert keep <= set(found) and found == sorted(found) and found[0] == 0
    assert len(found) <= MAX_FACES + 3
    assert count > MAX_FACES or len(found) == count


def made(size: int = 6) -> FaceStrip:
    noise = np.random.default_rng(3).integers(0, 256, (5, size, size, 3), dtype=np.uint8)
    return FaceStrip(noise, np.arange(5) / 30, np.arange(7, 12), np.array([1, 1, 2, 2, 2]), 1, 2, 4)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = strip_path(tmp_path, make_event())
    assert path == tmp_path / f"{event_id(make_event())}.npz"
    write_strip(made(), path)
    found, true = read_strip(path), made()
    for name in ("images", "time_s", "frame", "anchor"):
        assert np.array_equal(getattr(found, name), getattr(true, name))
    assert (found.onset, found.apex, found.offset) == (1, 2, 4)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"text", b"\x93NUMPY\x01\x00"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "event.npz"
    path.write_bytes(content)
    with pytest.raises(SourceFormatError, match=r"event\.npz holds no faces") as refused:
        read_strip(path)
    assert str(tmp_path) not in str(refused.value)


def test_arrays_of_something_else_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros(3))
    with pytest.raises(SourceFormatError):
        read_strip(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", moments=np.array([print], dtype=object))
    with pytest.raises(SourceFormatError):  # nothing is unpickled
        read_strip(tmp_path / "b.npz")
    with pytest.raises(SourceNotFoundError, match="not kept"):
        read_strip(tmp_path / "c.npz")


def test_mer_batch_writes_faces_where_asked(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(sample_path().read_bytes())
    words = [str(clip), "--formats", "jsonl", "--no-recognition", "--workers", "1", "--faces"]
    told = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    (folder,) = [path.parent for path in (tmp_path / "out").rglob("events.jsonl")]
    events = list(read_events(folder / "events.jsonl"))
    assert len(events) == 3 and len(list((folder / "faces").iterdir())) == 3
    for event in events:
        strip = read_strip(strip_path(folder / "faces", event))
        moments = strip.frame[[strip.onset, strip.apex, strip.offset]]
        assert moments.tolist() == [
            event.spot.onset_frame, event.spot.apex_frame, event.spot.offset_frame,
        ]  # fmt: skip
        assert strip.images.shape[1:] == (128, 128, 3)
        assert strip.time_s[strip.apex] == pytest.approx(event.spot.apex_s, abs=1e-5)
    run = json.loads((folder / "run.json").read_text())
    assert run["settings"]["faces"] is True


@pytest.fixture(scope="module")
def pipelines() -> Iterator[Pipelines]:
    held = Pipelines()
    yield held
    held.close()


@pytest.mark.parametrize("private", [True, False])
def test_a_private_job_does_not_tell_where_its_input_lies(
    tmp_path: Path, pipelines: Pipelines, private: bool
) -> None:
    clip = tmp_path / "hidden place" / "clip.mp4"
    clip.parent.mkdir()
    clip.write_bytes(sample_path().read_bytes())
    texts = tuple(f for f in ALL_FORMATS if f not in ("boris", "parquet"))
    one = Job(
        str(clip), "clip.mp4", "r", str(tmp_path / "out"), BatchSettings(QUICK, texts),
        private=private,
    )  # fmt: skip
    assert do_recording(one, pipelines).micro == 3
    assert not (tmp_path / "out" / "r" / "faces").exists()  # nobody asked
    found = [
        path.name
        for path in (tmp_path / "out" / "r").iterdir()
        if b"hidden" in path.read_bytes() or str(tmp_path).encode() in path.read_bytes()
    ]
    assert found == ([] if private else ["events.eaf"])


def test_a_private_failure_does_not_tell_it_either(tmp_path: Path, pipelines: Pipelines) -> None:
    clip = tmp_path / "hidden" / "clip.mp4"
    settings = BatchSettings(QUICK, ("jsonl",))
    one = Job(str(clip), "shown.mp4", "r", str(tmp_path / "out"), settings, private=True)
    outcome = do_recording(one, pipelines)
    assert outcome.failed and outcome.error is not None
    assert (
        "hidden" not in outcome.error
        and "hidden" not in (tmp_path / "out" / "r" / "run.json").read_text()
    )
    bad = replace(one, source=str(tmp_path / "hidden.mp4"))
    (tmp_path / "hidden.mp4").write_text("text")
    assert "hidden" not in (do_recording(bad, pipelines).error or "hidden")
