"""What the benchmarks of speed and memory make of their measurements; recordings they make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import growth, latency, memory, peers, throughput
from benchmarks.clips import at_rate, scaled, tiled, write_clip
from benchmarks.memory import Usage, summed_up
from benchmarks.page_section import replace_section
from benchmarks.performance_page import PAGE, result_path
from benchmarks.speed_plots import plot_growth, plot_latency, plot_memory, plot_peers
from benchmarks.timing import Timed
from streamer.sources import open_source

HEAD = {
    "command": "X",
    "date": "2026-01-01",
    "machine": "m",
    "load_before": 0.1,
    "versions": {"numpy": "2"},
}


def grey(value: float) -> np.ndarray:
    return np.full((48, 64, 3), value, np.uint8)


def test_pictures_between_two_frames_are_blends() -> None:
    shown = list(at_rate([(0.0, grey(0)), (0.1, grey(100)), (0.2, grey(50))], 20.0))
    assert [round(t, 3) for t, _ in shown] == [0.0, 0.05, 0.1, 0.15, 0.2]
    assert [int(p[0, 0, 0]) for _, p in shown] == [0, 50, 100, 75, 50]


def test_a_lower_rate_leaves_pictures_out() -> None:
    shown = list(at_rate([(n / 50, grey(n)) for n in range(11)], 25.0))
    assert [int(p[0, 0, 0]) for _, p in shown] == [0, 2, 4, 6, 8, 10]


def test_tiles_have_one_size_and_as_many_faces_as_asked() -> None:
    picture = grey(200)
    for count in (1, 3, 8):
        ((_, canvas),) = tiled([(0.0, picture)], (20, 10, 40, 30), count, tile_px=20)
        assert canvas.shape == (40, 80, 3)
        assert (canvas == 200).mean() == pytest.approx(count / 8)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    shown = scaled(((n / 50, grey(20 * n)) for n in range(5)), 128, 96)
    path = write_clip(shown, tmp_path / "a.mp4", 50.0, {"crf": "1"})
    with open_source(str(path)) as source:
        frames = list(source)
    assert [round(f.time_s, 3) for f in frames] == [0.0, 0.02, 0.04, 0.06, 0.08]
    assert frames[0].image.shape == (96, 128, 3)
    assert abs(float(frames[3].image.mean()) - 60) < 4


def test_ratios_are_taken_within_a_round() -> None:
    def rounds(busy: float) -> throughput.Round:
        walls = [(1.0, 1.5), (0.8, 1.0), (2.0, 0.5), (4.0, 5.0)]
        return throughput.Round(*(Timed(100, busy * wall, busy * cpu) for wall, cpu in walls))

    ratios = throughput.ratios_of([rounds(1.0), rounds(7.0), rounds(0.3)])
    assert ratios == {"wall": 0.25, "wall, without RGB": 0.2, "cpu": 0.1}
    one = peers.summed_up([Timed(10, 1.0, 2.0), Timed(10, 3.0, 2.0)], [Timed(20, 0.5, 1.0)] * 2)
    assert one == {"ms": 200.0, "cpu_ms": 200.0, "of_decoding": 8.0, "frames": 10}


def samples(slope_mb_per_hour: float, count: int = 200) -> list[Usage]:
    rng = np.random.default_rng(0)
    return [
        Usage(n, 36.0 * n, 300.0 + 0.01 * n * slope_mb_per_hour + rng.normal(0, 0.5), 6, 8)
        for n in range(1, count + 1)
    ]  # a sample a hundredth of an hour


@pytest.mark.parametrize("slope", [0.0, 20.0])
def test_a_leak_is_told_from_none(slope: float) -> None:
    found = summed_up(samples(slope))
    low, middle, high = found["extrapolated_mb"]
    assert found["slope_mb_per_hour"] == pytest.approx(slope, abs=1.0)
    assert low <= 10 * slope <= high and middle == pytest.approx((low + high) / 2, abs=0.2)
    facts = {**HEAD, **found, "frames": 1, "peak_mb": 320.0, "limit_mb": 450.0}
    text = memory.section(facts)
    assert ("differs from none" if slope else "does not differ from none") in text
    assert "not a measurement of 10" in text and "| threads | 6 | 6 |" in text


def test_a_short_run_has_no_slope() -> None:
    with pytest.raises(ValueError, match="run it for longer"):
        summed_up(samples(0.0, 20))


def run(p99: float, queue: float) -> dict[str, Any]:
    values = {"p50": 1.0, "p99": p99, "max": p99}
    return {
        "pictures": 10, "dropped": 1, "delay_ms": values, "in_queue_ms": {**values, "max": queue},
        "events": 2, "event_compute_ms": values, "micro_wait_s": 0.99, "stated_wait_s": 1.03,
    }  # fmt: skip


def test_a_promise_that_was_not_held_is_said() -> None:
    starts = {"file, cold": {"median": 2.0, "max": 4.0}, "file, warm": {"median": 1.0, "max": 1.0}}
    runs = {"30 fps": run(20.0, 5.0), "200 fps": run(120.0, 101.0)}
    text = latency.section({**HEAD, "start_s": starts, "live": runs})
    assert "after their wait: not held at 200 fps." in text
    assert "in the queue: not held at 200 fps." in text
    assert "at most 3 s: not held: file, cold." in text
    assert "| 1 of 11 | 2 | 120 / 120 | 0.99 (stated: 1.03) |" in text
    runs["200 fps"] = run(20.0, 5.0)
    assert "not held at" not in latency.section({**HEAD, "start_s": starts, "live": runs})


@pytest.mark.parametrize(("spotter", "least_s"), [("rule", 1.0), ("learned", 0.5)])
def test_the_stated_wait_is_that_of_the_docs(spotter: str, least_s: float) -> None:
    assert least_s < latency.stated_wait_s(spotter, 30.0) < 1.06
    assert latency.stated_wait_s(spotter, 200.0) < latency.stated_wait_s(spotter, 30.0)


def test_growth_of_a_run_that_takes_twice_as_long() -> None:
    def point(x: float) -> growth.Point:
        return growth.Point(x, Path("none"), lambda: Timed(10, 0.5 * x, x), decode=False)

    dimension = growth.Dimension("faces", "seconds", "made up", lambda _clip, _work: [])
    found = growth.measure(dimension, [point(x) for x in (1.0, 2.0, 4.0)], 2)
    assert found["fit"]["slope"] == pytest.approx(1.0) and "decode_fit" not in found
    text = growth.section({**HEAD, "growth": {"faces": found}})
    assert "| faces | 1 to 4 (faces) | made up | 0.50 / 1.00 / 2.00 | 1.00 ± 0.00 | - |" in text


@pytest.mark.parametrize(
    ("name", "module"),
    [("throughput", throughput), ("peers", peers), ("growth", growth), ("latency", latency),
     ("memory", memory)],
)  # fmt: skip
def test_the_page_says_what_was_measured(name: str, module: Any) -> None:
    facts = json.loads(result_path(name).read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    assert replace_section(page, name, module.section(facts)) == page


def test_the_pictures_can_be_drawn_again(tmp_path: Path) -> None:
    for plot, name in ((plot_growth, "growth"), (plot_memory, "memory"), (plot_peers, "peers")):
        facts = json.loads(result_path(name).read_text(encoding="utf-8"))
        assert plot(facts, tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    facts = json.loads(result_path("latency").read_text(encoding="utf-8"))
    assert plot_latency(facts, 100.0, tmp_path / "l.png").read_bytes().startswith(b"\x89PNG")
