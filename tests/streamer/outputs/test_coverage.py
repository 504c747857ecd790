"""Coverage of recordings counted by hand, its sentences, and its way through JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from streamer.core.records import FrameResult, Judged, MissingFace, NoFace
from streamer.outputs.coverage import Coverage, coverage_of
from streamer.outputs.coverage_count import CoverageCount
from streamer.outputs.no_faces import NoFaceCount, no_face_line, reasons_of
from streamer.outputs.summary import Counts, RunRecord, format_summary
from tests.streamer.outputs.fakes import make_result

STEP_S = 0.1


def stream(frames: int, faces: dict[int, range], reason: dict[tuple[int, int], tuple[str, str]]):
    """Each face in a range of frames; of a frame it is said two frames later what `reason` says."""
    for n in range(frames):
        here = [face for face, seen in faces.items() if n in seen]
        result = make_result(n, n * STEP_S, here)
        said = [
            (Judged(n - 2, (n - 2) * STEP_S, 100_000, *reason.get((face, n - 2), ("", ""))),)
            if n - 2 in faces[face]
            else ()
            for face in here
        ]
        motions = [replace(m, judged=j) for m, j in zip(result.motions, said, strict=True)]
        yield replace(result, motions=tuple(motions))
    yield FrameResult(None)


def counted(*arguments) -> Coverage:
    count = CoverageCount()
    for result in stream(*arguments):
        count.write(result)
    found = count.coverage()
    assert found is not None
    return found


ONE = (
    100,
    {0: range(10, 100)},
    {(0, n): ("", "speech") for n in range(20, 60)} | {(0, 70): ("blink", "head turn")},
)


def test_one_face_by_hand() -> None:
    """Of 10 s no face in the first, nothing said of the last two frames."""
    found = counted(*ONE)
    assert found.time_s == 10.0 and found.any_face == found.faces[0]
    face = found.faces[0]
    assert face.seen_s == 9.0
    assert (face.upper.judged_s, face.upper.share) == (8.7, 0.87)
    assert dict(face.upper.not_judged_s) == {"no face": 1.0, "came or went": 0.2, "blink": 0.1}
    assert (face.lower.judged_s, face.lower.share) == (4.7, 0.47)
    assert list(face.lower.not_judged_s.items()) == [
        ("speech", 4.0), ("no face", 1.0), ("came or went", 0.2), ("head turn", 0.1),
    ]  # fmt: skip
    assert found.sentences() == [
        "upper face judged in 87% of the time (no face 10%, came or went 2%, blink 1%), lower face "
        "in 47% (speech 40%, no face 10%, came or went 2%, head turn 1%)"
    ]


def test_time_adds_up() -> None:
    found = counted(*ONE)
    for face in (found.any_face, *found.faces.values()):
        for half in (face.upper, face.lower):
            total_s = half.judged_s + sum(half.not_judged_s.values())
            assert total_s == pytest.approx(found.time_s, abs=1e-9)


def test_some_face_is_enough_for_the_recording() -> None:
    faces = {0: range(50), 1: range(25, 75)}
    reason = {(0, n): ("covered", "covered") for n in range(20, 40)}
    found = counted(100, faces, reason)
    assert found.any_face.seen_s == 7.5
    assert found.faces[0].upper.judged_s == 2.8  # 48 frames of which is spoken, less 20
    assert found.faces[1].upper.judged_s == 4.8
    # 0-19 by face 0, 25-72 by face 1: 20 + 48 frames
    assert found.any_face.upper.judged_s == pytest.approx(6.8)
    assert len(found.sentences()) == 3 and found.sentences()[1].startswith("face 0: upper face")


def test_a_lost_camera_is_no_time() -> None:
    count = CoverageCount()
    for part_s in (0.0, 1000.0):
        for result in stream(20, {0: range(20)}, {}):
            frame = result.frame
            late = frame and replace(frame, index=frame.index, time_s=frame.time_s + part_s)
            count.write(replace(result, frame=late))
    found = count.coverage()
    assert found is not None and found.time_s == pytest.approx(4.0)


@pytest.mark.parametrize("stop", [0, 1, 11, 57, 99])
def test_counts_continue_from_a_checkpoint(stop: int) -> None:
    first = CoverageCount()
    results = list(stream(*ONE))
    for result in results[:stop]:
        first.write(result)
    second = CoverageCount.of(first.state())
    for result in results[stop:]:
        second.write(result)
    assert second.coverage() == counted(*ONE)


@pytest.mark.parametrize("part", ["time_us", "any", "faces", "last_us", "before"])
def test_another_state_is_refused(part: str) -> None:
    first = CoverageCount()
    for result in list(stream(*ONE))[:50]:
        first.write(result)
    with pytest.raises(ValueError, match="coverage"):
        CoverageCount.of(first.state() | {part: "x"})


def test_through_json() -> None:
    found = counted(*ONE)
    assert coverage_of(json.loads(json.dumps(found.to_json()))) == found
    with pytest.raises(ValueError, match="coverage"):
        coverage_of(found.to_json() | {"any_face": {}})


def test_nothing_found_says_in_how_much() -> None:
    held = {(0, n): ("head turn", "speech") for n in range(20, 100)}
    found = counted(100, {0: range(100)}, held)
    assert found.is_low and found.nothing_found() == (
        "no events in what could be judged, which is little: the upper face for 2.0 s (20% of the "
        "time), the lower face for 2.0 s (20%)"
    )
    assert counted(100, {0: range(100)}, {}).nothing_found() == "no events"
    record = RunRecord("a.mp4", frames=100, frames_with_face=100, faces=1, coverage=found)
    assert "no events in what could be judged" in format_summary(record)


def test_the_summary_says_why_no_face_was_found() -> None:
    counts = Counts()
    for n in range(10):
        dark = MissingFace(NoFace.DARK, 5.0 + n % 2)
        small = MissingFace(NoFace.SMALL)
        plain = make_result(n, n * STEP_S, (0,) if n >= 8 else ())
        counts.write(replace(plain, missing=None if n >= 8 else small if n < 2 else dark))
    record = counts.summarise("a.mp4")
    assert [(r.missing.reason, r.frames, r.missing.value) for r in record.no_face] == [
        (NoFace.DARK, 6, 5.5), (NoFace.SMALL, 2, None),
    ]  # fmt: skip
    assert (
        "\n  no face found in 80% of the frames: mostly too dark (mean brightness 6 of 255): more "
        "light on the face\n"
    ) in format_summary(record)
    table = json.loads(json.dumps([reason.to_json() for reason in record.no_face]))
    assert reasons_of(table) == record.no_face
    again = NoFaceCount.of(json.loads(json.dumps(counts.no_face.state())))
    assert again.reasons() == record.no_face


def test_one_reason_is_not_mostly_and_none_is_silent() -> None:
    counts = NoFaceCount()
    counts.write(replace(make_result(0, 0.0), missing=MissingFace(NoFace.TURNED, 178.0)))
    assert no_face_line(counts.reasons(), 1, 1000) == (
        "no face found in less than 1% of the frames: perhaps turned (by about 178 degrees): "
        "--rotate 90, 180 or 270, or a camera held upright"
    )
    assert no_face_line((), 5, 10) == ""
