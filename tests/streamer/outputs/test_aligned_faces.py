"""Aligned faces around events: what is kept, and what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.core.records import AlignedFace, EmotionEvent, Face, Frame, FrameResult, Spot
from streamer.faces.face_buffer import FaceBuffer
from streamer.outputs.aligned_faces import (
    AROUND_S,
    MAX_FACES,
    AlignedFaces,
    FaceStrip,
    _thinned,
    read_strip,
    strip_path,
    take_strip,
    write_strip,
)
from streamer.outputs.pictures import Pictures
from streamer.outputs.record import event_id
from tests.streamer.outputs.fakes import LANDMARKS, make_event


def face(index: int, time_s: float, face_id: int = 0, anchor: int = 0) -> AlignedFace:
    image = np.full((4, 4, 3), index % 256, dtype=np.uint8)
    seen = Face(face_id, (0.0, 0.0, 1.0, 1.0), LANDMARKS, 1.0)
    still = np.eye(2, 3, dtype=np.float32)
    return AlignedFace(index, time_s, image, seen, anchor, still, LANDMARKS)


def recent(frames: int, fps: float = 30.0) -> FaceBuffer:
    """The last 3 s of one face; its alignment is renewed every 50 frames."""
    buffer = FaceBuffer(3.0)
    for index in range(frames):
        buffer.push(index / fps, [face(index, index / fps, anchor=index // 50)])
    return buffer


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


def test_a_copy_begins_with_the_same_faces_and_goes_its_own_way() -> None:
    first = recent(128, fps=32.0)  # to 3.96875 s; 3 s are kept
    second = first.copy()
    assert [one.index for one in second.span(0, 0.0, 10.0)] == list(range(31, 128))
    first.clear()
    second.push(4.0, [face(128, 4.0)])
    assert len(first) == 0
    assert [one.index for one in second.span(0, 0.0, 10.0)] == list(range(32, 129))


def test_a_strip_reaches_around_the_event() -> None:
    assert AROUND_S == 0.2  # 6.4 frames at 32 a second
    strip = take_strip(recent(100, fps=32.0), spot(50, 55, 60, fps=32.0))
    assert strip is not None
    assert strip.frame.tolist() == list(range(44, 67))
    assert (strip.onset, strip.apex, strip.offset) == (6, 11, 16)
    assert strip.images.shape == (len(strip.frame), 4, 4, 3)
    assert strip.images[:, 0, 0, 0].tolist() == strip.frame.tolist()
    assert strip.time_s == pytest.approx(strip.frame / 32)
    assert strip.anchor.tolist() == [index // 50 for index in strip.frame]


def test_a_strip_has_the_mesh_of_the_apex_on_the_aligned_face(tmp_path: Path) -> None:
    """Of that frame, brought there by the held transform; not that of the anchor."""
    mesh = LANDMARKS + np.array([10.0, 20.0, 3.0], dtype=np.float32)
    halved = np.array([[0.5, 0.0, 1.0], [0.0, 0.5, -2.0]], dtype=np.float32)
    buffer = FaceBuffer(3.0)
    for index in range(10):
        seen = Face(0, (0.0, 0.0, 1.0, 1.0), mesh + index, 1.0)
        one = replace(face(index, index / 30), face=seen, frame_to_face=halved)
        buffer.push(index / 30, [one])
    strip = take_strip(buffer, spot(2, 6, 8))
    assert strip is not None and strip.landmarks is not None
    assert strip.landmarks.shape == (468, 2)
    assert np.allclose(strip.landmarks, [0.5 * 16 + 1, 0.5 * 26 - 2])  # of frame 6
    write_strip(strip, tmp_path / "e.npz")
    back = read_strip(tmp_path / "e.npz").landmarks
    assert back is not None and np.array_equal(back, strip.landmarks)


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
    assert take_strip(recent(100), one) is None, why


def test_a_lost_offset_is_the_last_face() -> None:
    strip = take_strip(recent(100), spot(90, 95, 130))
    assert strip is not None and strip.offset == len(strip.frame) - 1
    assert strip.frame[strip.offset] == 99


def test_a_fast_camera_is_thinned_out() -> None:
    one = spot(201, 333, 407, fps=240.0)
    strip = take_strip(recent(480, fps=240.0), one)
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
    assert found.landmarks is None  # as in files of older versions
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


def result(index: int, *events: EmotionEvent) -> FrameResult:
    picture = Frame(index, index / 30, np.zeros((2, 2, 3), np.uint8))
    return FrameResult(picture, (face(index, index / 30),), events=events)


class TestSinks:
    """What they need of the past they keep themselves, from the results alone."""

    event = make_event(face_id=0, onset_frame=30)  # apex at 35, offset at 39

    def sinks(self, folder: Path, start: FaceBuffer | None = None) -> list[AlignedFaces | Pictures]:
        start = start or FaceBuffer(3.0)
        return [
            AlignedFaces(folder / "faces", start.copy()), Pictures(folder / "images", start.copy()),
        ]  # fmt: skip

    def written(self, folder: Path) -> set[str]:
        return {path.name for path in folder.rglob("*") if path.is_file()}

    def all_of(self, event: EmotionEvent) -> set[str]:
        name = event_id(event)
        return {f"{name}.npz", f"{name}-onset.jpg", f"{name}-apex.jpg"}

    def test_an_event_that_is_known_later(self, tmp_path: Path) -> None:
        for sink in self.sinks(tmp_path):
            for index in range(45):
                sink.write(result(index))
            sink.write(result(45, self.event))
            sink.close()
        assert self.written(tmp_path) == self.all_of(self.event)
        strip = read_strip(strip_path(tmp_path / "faces", self.event))
        assert strip.frame.tolist() == list(range(24, 46))

    def test_an_event_of_the_end(self, tmp_path: Path) -> None:
        for sink in self.sinks(tmp_path):
            for index in range(40):
                sink.write(result(index))
            sink.write(FrameResult(None, events=(self.event,)))
        assert self.written(tmp_path) == self.all_of(self.event)

    def test_a_recording_that_is_resumed_in_the_middle_of_an_event(self, tmp_path: Path) -> None:
        for sink in self.sinks(tmp_path, recent(33)):
            for index in range(33, 45):
                sink.write(result(index))
            sink.write(result(45, self.event))
        assert self.written(tmp_path) == self.all_of(self.event)

    def test_what_was_before_an_end_is_forgotten(self, tmp_path: Path) -> None:
        for sink in self.sinks(tmp_path):
            for index in range(40):
                sink.write(result(index))
            sink.write(FrameResult(None))
            sink.write(result(40, self.event))
        assert self.written(tmp_path) == set()
