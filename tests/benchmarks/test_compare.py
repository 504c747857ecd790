"""Two results held against each other: only ratios count, and a loss is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.compare import Change, compare, main, read_ratios


def write(path: Path, ratios: Any, **more: Any) -> str:
    path.write_text(json.dumps({"ratios": ratios, **more}))
    return str(path)


@pytest.mark.parametrize(
    ("after", "code"),
    [(0.50, 0), (0.43, 0), (0.425, 0), (0.42, 1), (0.9, 0), (0.01, 1)],
)
def test_a_loss_of_more_than_15_percent_fails(tmp_path: Path, after: float, code: int) -> None:
    before = write(tmp_path / "a.json", {"wall": 0.5})
    assert main([before, write(tmp_path / "b.json", {"wall": after})]) == code


def test_the_ratio_that_was_lost_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write(tmp_path / "a.json", {"rule": 0.5, "learned": 0.4, "gone": 1.0})
    after = write(tmp_path / "b.json", {"rule": 0.49, "learned": 0.2, "new": 2.0})
    assert main([before, after]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "rule: 0.5 -> 0.49 (-2 %)",
        "learned: 0.4 -> 0.2 (-50 %)  LOST",
        "gone: 1 -> none (-100 %)  LOST",
        "new: none -> 2 (new)",
    ]
    assert err == "more than 15 % was lost: learned, gone\n"


def test_absolute_times_are_never_compared(tmp_path: Path) -> None:
    before = write(tmp_path / "a.json", {"wall": 0.5}, pipeline_fps=400.0, ms=1.0)
    after = write(tmp_path / "b.json", {"wall": 0.5}, pipeline_fps=4.0, ms=100.0)
    assert main([before, after]) == 0


def test_the_limit_and_the_names_can_be_chosen(tmp_path: Path) -> None:
    before = write(tmp_path / "a.json", {"wall": 0.5, "cpu": 0.5})
    after = write(tmp_path / "b.json", {"wall": 0.2, "cpu": 0.3})
    assert main([before, after]) == 1
    assert main([before, after, "--only", "cpu", "--loss", "0.45"]) == 0
    assert main([before, after, "--only", "wall", "--loss", "0.45"]) == 1
    assert main([before, after, "--only", "cup"]) == 2  # a name with a slip must not pass


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"ratios": {}}', '{"ratios": [1]}', '{"ratios": {"a": 0}}',
     '{"ratios": {"a": "1"}}', '{"ratios": {"a": NaN}}', '{"ratios": {"a": true}}'],
)  # fmt: skip
def test_a_file_without_ratios_is_no_success(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(tmp_path / "good.json", {"a": 1.0})
    bad = tmp_path / "bad.json"
    bad.write_text(text)
    assert main([good, str(bad)]) == 2 and main([str(bad), good]) == 2
    assert "bad.json" in capsys.readouterr().err
    assert main([good, str(tmp_path / "absent.json")]) == 2


@pytest.mark.parametrize("loss", ["1", "-0.1", "x"])
def test_a_limit_that_is_no_share_is_refused(tmp_path: Path, loss: str) -> None:
    good = write(tmp_path / "good.json", {"a": 1.0})
    with pytest.raises(SystemExit):
        main([good, good, f"--loss={loss}"])


def test_changes_in_order() -> None:
    assert compare({"b": 1.0, "a": 2.0}, {"c": 3.0, "a": 2.0}) == [
        Change("b", 1.0, None), Change("a", 2.0, 2.0), Change("c", None, 3.0)
    ]  # fmt: skip


def test_the_baseline_of_ci_can_be_compared() -> None:
    ratios = read_ratios(Path(__file__).parents[2] / ".ci" / "speed.json")
    assert set(ratios) == {"wall", "wall, without RGB", "cpu"} and all(
        0.0 < ratio < 1.0 for ratio in ratios.values()
    )
