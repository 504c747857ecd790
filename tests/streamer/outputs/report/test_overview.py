"""The overview of a signals log, against values worked out by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from demo.timeline import GROUPS
from spotting.motion.regions import REGION_NAMES
from streamer.outputs.report.overview import (
    MAX_GATES,
    MAX_POINTS,
    GatedStretch,
    Overview,
    read_overviews,
)
from streamer.outputs.signals import signal_columns

COLUMNS = signal_columns(REGION_NAMES)


def row(time_s: float, motion: dict[str, float] | None, gate: str = "", face: object = 0) -> dict:
    """Regions that are not named are at rest; None: a frame without motion."""
    moved = {}
    if motion is not None:
        moved = {f"motion_{name}": motion.get(name, 0.0) for name in REGION_NAMES}
    return {"frame": 0, "time_s": f"{time_s:.6f}", "face_id": face, "gate": gate, **moved}


def overview(path: Path, rows: list[dict], duration_s: float, face: int = 0) -> Overview:
    with (path / "signals.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return read_overviews(path / "signals.csv", [face], duration_s)[face]


def test_groups_are_the_parts_of_the_face() -> None:
    assert list(GROUPS) == ["brow", "eye", "nose", "cheek", "mouth", "lip", "chin"]
    assert [name for names in GROUPS.values() for name in names] == list(REGION_NAMES)


def test_the_largest_region_of_each_group(tmp_path: Path) -> None:
    rows = [
        row(0.5, {}),
        row(1.5, {"brow_outer_left": 0.01, "brow_inner_right": 0.03, "chin": 0.02}),
        row(2.5, {"mouth_left": 0.04}, face=1),  # another face
        row(3.5, None),  # a face that is not measured
        row(4.5, None, face=""),  # no face
    ]
    found = overview(tmp_path, rows, 1200.0)  # a stretch is one second
    assert found.time_s == (0.5, 1.5)
    assert found.groups["brow"] == pytest.approx((0.0, 0.03))
    assert found.groups["chin"] == pytest.approx((0.0, 0.02))
    assert found.groups["mouth"] == (0.0, 0.0)
    assert found.peak_iod == pytest.approx(0.03)
    assert overview(tmp_path, rows, 1200.0, face=1).time_s == (2.5,)


def test_the_largest_of_each_stretch(tmp_path: Path) -> None:
    brow = "brow_outer_left"
    rows = [row(t, {brow: v}) for t, v in ((0.1, 0.0), (1.1, 0.01), (1.6, 0.05), (1.9, 0.02))]
    found = overview(tmp_path, rows, 1200.0)
    assert found.time_s == (0.5, 1.5)
    assert found.groups["brow"] == pytest.approx((0.0, 0.05))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        # half a second a stretch: two stretches are the last second
        ([0.1, 0.1, 0.1, 0.1], [0.0, 0.0, 0.0, 0.0]),
        ([0.1, 0.2, 0.4, 0.4, 0.4, 0.4], [0.0, 0.1, 0.3, 0.2, 0.0, 0.0]),
        ([0.4, 0.3, 0.2, 0.1], [0.0, 0.0, 0.0, 0.0]),
        ([0.0, 0.3, 0.0, 0.3], [0.0, 0.3, 0.0, 0.3]),
    ],
)
def test_drift_is_taken_out(tmp_path: Path, values: list[float], shown: list[float]) -> None:
    rows = [row(0.5 * n + 0.1, {"chin": value}) for n, value in enumerate(values)]
    found = overview(tmp_path, rows, 600.0)
    assert found.groups["chin"] == pytest.approx(shown)


def test_a_gap_in_the_face_is_no_last_second(tmp_path: Path) -> None:
    rows = [row(0.1, {"chin": 0.0}), row(5.1, {"chin": 0.2}), row(5.6, {"chin": 0.25})]
    found = overview(tmp_path, rows, 600.0)
    assert found.time_s == (0.25, 5.25, 5.75)
    assert found.groups["chin"] == pytest.approx((0.0, 0.0, 0.05))


def test_gates_are_stretches(tmp_path: Path) -> None:
    rows = [
        row(0.0, {}, "re-anchored"),
        row(1.0, {}, "blink"),
        row(1.1, {}, "blink+re-anchored"),  # the same reason, 0.1 s later
        row(1.2, {}, "re-anchored+blink"),
        row(1.3, {}, "head turn+speech"),
        row(1.4, {}, "head turn"),
        row(1.5, {}),
        row(1.6, {}, "head turn"),  # 0.2 s after the last: another one
    ]
    assert overview(tmp_path, rows, 10.0).gates == (
        GatedStretch(1.0, 1.2, "blink"),
        GatedStretch(1.3, 1.3, "head turn and speech"),
        GatedStretch(1.4, 1.4, "head turn"),
        GatedStretch(1.6, 1.6, "head turn"),
    )


def test_memory_is_bounded(tmp_path: Path) -> None:
    rows = [row(n / 100, {"chin": 0.01}, "blink" if n % 20 == 0 else "") for n in range(12_000)]
    found = overview(tmp_path, rows, 120.0)
    assert len(found.time_s) == MAX_POINTS
    assert len(found.gates) == MAX_GATES < 600
    assert list(found.time_s) == sorted(found.time_s)
    assert found.time_s[-1] == pytest.approx(119.95)


def test_nothing_known_is_an_empty_overview(tmp_path: Path) -> None:
    found = overview(tmp_path, [], 0.0)
    assert (found.time_s, found.gates, found.peak_iod) == ((), (), 0.0)
    assert set(found.groups.values()) == {()}
