"""The order of the steps, stopping and going on, the page; what is heavy is faked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from streamer.core.settings import fill
from tests.training.experiments.conftest import settings_text, write_cache
from tests.training.reproduce.conftest import make_work
from training import cli
from training.common.files import write_json
from training.loso.selection import load_selection
from training.reproduce import plan, run, steps
from training.reproduce.estimate import trainings_of
from training.reproduce.figure5 import choose_shown, draw_figure5
from training.reproduce.report import PAGE
from training.reproduce.request import Request
from training.reproduce.run import reproduce
from training.reproduce.steps import STEPS, Work, step_of
from training.reproduce.timing import Cost
from training.selfme.settings import SelfmeRun

ROW = {
    "uf1": 0.5, "uar": 0.25, "spread": {"uf1": 0.0, "uar": 0.0}, "seeds": [0], "n": 9,
    "subjects": 3, "per_dataset": {"rendered": {"uf1": 0.5, "uar": 0.25}}, "protocol": "clean",
    "label": "", "epochs": "fixed, 2", "folds": 3, "training_s": 3.0, "kind": "composite",
}  # fmt: skip


class Fakes:
    """Steps that only leave what the page reads; one of them may be stopped."""

    def __init__(self, stop_at: str = "") -> None:
        self.done: list[str] = []
        self.stop_at = stop_at

    def step(self, name: str) -> Callable[[Work], str]:
        def do(work: Work) -> str:
            if name == self.stop_at:
                raise KeyboardInterrupt
            self.done.append(name)
            rows = {"SC": ROW} if name == "table1" else {"STSTNet": ROW}
            facts = {"title": name, "rows": rows}
            if name == "table2":
                facts["missing"] = {}
            file = "bench.json" if name == "table2" else "experiment.json"
            write_json(work.folder(name) / file, facts)
            return f"table of {name}"

        return do


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    found = Fakes()
    faked = tuple(replace(step, run=found.step(step.name)) for step in STEPS)
    monkeypatch.setattr(plan, "STEPS", faked)
    monkeypatch.setattr(
        run, "estimate", lambda work, todo, device: {step.name: 60.0 for step in todo}
    )
    return found


def test_a_stopped_run_goes_on_and_repeats_nothing(
    fakes: Fakes, listed: Path, tmp_path: Path
) -> None:
    request, said = Request({"folder": listed}, tmp_path / "out"), []
    fakes.stop_at = "table3"
    with pytest.raises(KeyboardInterrupt):
        reproduce(request, said.append)
    assert fakes.done == ["faces", "table1", "table2"]
    page = (tmp_path / "out" / PAGE).read_text()
    assert "2 of 7" in page and "Not finished: table3, table4" in page
    fakes.stop_at, fakes.done = "", []
    reproduce(request, said.append)
    assert fakes.done == ["table3", "table4", "figure4a", "figure4b", "figure5"]
    page = (tmp_path / "out" / PAGE).read_text()
    assert "7 of 7" in page and "Not finished: table" not in page
    fakes.done = []
    reproduce(request, said.append)
    assert fakes.done == []
    assert "table of table1" in "".join(said) and said[-1].endswith(PAGE)


def test_the_page_shows_ours_beside_the_printed(fakes: Fakes, listed: Path, tmp_path: Path) -> None:
    reproduce(Request({"folder": listed}, tmp_path / "out"), lambda text: None)
    page = (tmp_path / "out" / PAGE).read_text()
    flat = " ".join(page.split())
    assert (
        "<td>SC</td><td class=right>.500</td><td class=right>.250</td><td class=right>.890</td>"
        in flat
    )
    assert "rendered, ours" in page and "mer-train ablate table1" in page
    assert "SCViT is small, from random weights" in page and "<script" not in page
    assert "60 s" in page and str(tmp_path) not in page


def test_planning_alone_writes_nothing(fakes: Fakes, listed: Path, tmp_path: Path) -> None:
    request, said = Request({"folder": listed}, tmp_path / "out"), []
    reproduce(request, said.append, dry_run=True)
    reproduce(request, said.append, ask=lambda question: False)
    assert fakes.done == [] and not (tmp_path / "out").exists()
    assert len(said) == 2 and "8 min" in said[0]  # eight steps of a minute
    reproduce(request, said.append, ask=lambda question: True)
    assert fakes.done[0] == "faces"


def test_the_command(fakes: Fakes, listed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["reproduce", "selfme", "--folder", str(listed), "--output", str(out)]
    done = CliRunner().invoke(cli.app, [*words, "--only", "table1,table4", "--epochs", "2"])
    assert done.exit_code == 0, done.output
    assert fakes.done == ["faces", "table1", "table4"]
    assert "table of table4" in done.output and f"{out / PAGE}" in done.output
    held = json.loads((out / "reproduce.json").read_text())
    assert held["facts"]["epochs"] == 2 and held["steps"]["table1"]["finished"]
    assert (out / "selfme.yaml").is_file()
    more = CliRunner().invoke(cli.app, [*words, "--only", "figure5", "--epochs", "2"])
    assert more.exit_code == 0 and fakes.done[-1] == "figure5"  # more of the same run
    other = CliRunner().invoke(cli.app, [*words, "--epochs", "3"])
    assert "reproduction with other epochs, settings" in str(other.exception)


def test_what_the_estimate_counts(listed: Path, tmp_path: Path) -> None:
    work = make_work(listed, tmp_path, seeds=2)
    found = {name: trainings_of(work, step_of(name)) for name in steps.RESULTS}
    assert len(found["table1"]) == 8 and {t.cost for t in found["table1"]} == {"selfme selfme"}
    assert sorted({t.cost for t in found["table3"]}) == [
        "selfme dis", "selfme farneback", "selfme selfme", "selfme tcae", "selfme tvl1", "tcae",
    ]  # fmt: skip
    assert len(found["table2"]) == 10 and not found["table2"][0].large
    assert {(t.clips, t.subjects, t.times) for t in found["table4"]} == {(9, 3, 2)}
    (figure,) = found["figure5"]
    assert figure.times == pytest.approx(2 / 3)  # two trainings of one of three folds


def test_the_cost_of_all_folds() -> None:
    cost = Cost(1.0, 0.5, 0.1, 0.01, 0.2, 2, 30)
    # 3 folds built, 9 clips described, 18 rows of training: .1 + 30 * .01 + 2 * .2 each
    assert cost.total_s(9, 3) == pytest.approx(3.0 + 4.5 + 18 * 0.8)


def test_figure_5_shows_a_person_that_was_held_out(tmp_path: Path) -> None:
    face_cache = write_cache(tmp_path / "cache")
    settings = fill(SelfmeRun, yaml.safe_load(settings_text(epochs=1)))
    text = draw_figure5(settings, "folder", face_cache, tmp_path / "f", "cpu")
    facts = json.loads((tmp_path / "f" / "figure5.json").read_text())
    assert facts["held_out"] == ["folder/s0"] and facts["truth"] == ["positive", "negative"]
    assert facts["pairs"] == 9 and "over 9 clips" in text
    for name in ("with-sc", "without-sc"):
        held = json.loads((tmp_path / "f" / name / "results.json").read_text())
        assert held["validation_people"] == ["folder/s0"] and held["settings"]["pairs"] == 18
    picture = cv2.imread(str(tmp_path / "f" / "figure5.png"))
    assert picture.shape[1] > 4 * 64 and picture.shape[0] > 2 * 64 and np.ptp(picture) > 100
    samples = load_selection("folder", face_cache, 3, reads="pairs").samples
    mixed = np.array(["folder/s1" if label == 1 else "folder/s2" for label in samples.labels])
    held, rows = choose_shown(replace(samples, groups=tuple(mixed.tolist())))
    assert held == ("folder/s1", "folder/s2")  # nobody shows both
    assert [int(samples.labels[row]) for row in rows] == [1, 0]
