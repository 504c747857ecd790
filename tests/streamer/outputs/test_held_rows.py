"""Rows come out in order, each with the verdict on its own frame and face."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from streamer.core.records import FrameResult, Judged
from streamer.outputs.held_rows import HeldRows
from tests.streamer.outputs.fakes import make_result

GONE, NOBODY = ("came or went",) * 2, ("no face",) * 2


def result(index: int, judged: dict[int, list[Judged]]) -> FrameResult:
    """Faces of these ids, with what has become certain of earlier frames of each."""
    plain = make_result(index, index / 10, tuple(judged))
    motions = [replace(m, judged=tuple(judged[m.face_id])) for m in plain.motions]
    return replace(plain, motions=tuple(motions))


def said(index: int, upper: str = "", lower: str = "") -> Judged:
    return Judged(index, index / 10, 100_000, upper, lower)


STREAM = [
    result(0, {0: [], 1: []}),
    result(1, {0: [], 1: []}),
    result(2, {0: [said(0, "blink")], 1: [said(0)]}),
    result(3, {0: [said(1, "", "speech")]}),  # face 1 has gone
    result(4, {}),
    result(5, {0: []}),
    FrameResult(None),
]
WANTED = [
    ("0/0", ("blink", "")), ("0/1", ("", "")), ("1/0", ("", "speech")), ("1/1", GONE),
    ("2/0", GONE), ("2/1", GONE), ("3/0", GONE), ("4/None", NOBODY), ("5/0", GONE),
]  # fmt: skip


def rows(one: FrameResult) -> list[tuple[int | None, str]]:
    faces = [m.face_id for m in one.motions] or ([None] if one.frame else [])
    return [(face, f"{one.frame.index if one.frame else ''}/{face}") for face in faces]


def test_by_hand() -> None:
    held: HeldRows[str] = HeldRows()
    found = [held.push(one, rows(one)) for one in STREAM]
    assert [len(part) for part in found] == [0, 0, 2, 2, 4, 0, 1]
    assert [row for part in found for row in part] == WANTED
    assert held.end() == []


@pytest.mark.parametrize("stop", range(len(STREAM)))
def test_it_continues_from_any_frame(stop: int) -> None:
    first, second = HeldRows[str](), HeldRows[str]()
    found = [row for one in STREAM[:stop] for row in first.push(one, rows(one))]
    second.load(json.loads(json.dumps(first.state())))
    found += [row for one in STREAM[stop:] for row in second.push(one, rows(one))]
    assert found == WANTED


def test_a_row_of_which_nobody_speaks_waits_for_some_seconds_only() -> None:
    held: HeldRows[str] = HeldRows()
    for index in range(1000):
        one = result(index, {0: []})
        for row, reasons in held.push(one, rows(one)):
            assert reasons == GONE and row in (f"{index - 121}/0", f"{index - 120}/0")
    assert len(held.state()) in (120, 121)  # of 12 s


@pytest.mark.parametrize(
    "state",
    [
        None,
        [{"frame": 1, "time_s": 0.1, "face": 0, "row": "x"}],
        [{"frame": -1, "time_s": 0.1, "face": 0, "row": "x", "reasons": None}],
        [{"frame": 1, "time_s": 0.1, "face": 0, "row": 5, "reasons": None}],
        [{"frame": 1, "time_s": "x", "face": 0, "row": "x", "reasons": None}],
        [{"frame": 1, "time_s": 0.1, "face": 0, "row": "x", "reasons": ["blink"]}],
    ],
)
def test_another_state_is_refused(state: object) -> None:
    with pytest.raises(ValueError, match="signals"):
        HeldRows[str]().load(state)
