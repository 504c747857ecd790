"""The comparison tables of the papers, and what each method says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamer.core.errors import UsageError
from tests.training.fake_maps import FakeConfig, write_fake
from training.bench.catalogue import describe_model, list_models, measured, parameters_of
from training.bench.definition import Bench, BenchRow, Figures, load_bench, names
from training.bench.run import run_bench, why_not
from training.bench.table import cells_of, make_table, ours
from training.loso.config import LosoConfig
from training.loso.registry import MODELS, find_method, make_model


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fake maps of two data sets, two subjects each."""
    return write_fake(tmp_path_factory.mktemp("flow"), FakeConfig(subjects=2))


def test_the_tables_of_the_papers() -> None:
    assert names() == ("frl-dgt-table1", "selfme-table2")
    first, second = load_bench("frl-dgt-table1"), load_bench("selfme-table2")
    assert len(first.rows) == 12 and first.parts == ("full", "smic", "samm", "casme2")
    assert len(second.rows) == 10 and second.average
    assert next(r for r in first.rows if r.name == "FRL-DGT").printed["full"] == Figures(
        0.812, 0.811
    )
    # the mean of the two printed figures is the printed average
    lbp = second.rows[0].printed
    assert (lbp["casme2"].uf1 + lbp["smic"].uf1) / 2 == pytest.approx(0.4513)


def test_every_row_names_a_method_that_is_there() -> None:
    for name in names():
        for row in load_bench(name).rows:
            assert row.method in MODELS, row.name


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "title: mine\nparts: [smic]\nrows:\n- {name: A, printed: {smic: {uf1: .5, uar: .6}}}\n"
    )
    assert load_bench(str(path)).rows[0].printed["smic"] == Figures(0.5, 0.6)
    path.write_text("title: mine\nparts: [smic, samm]\nrows:\n- {name: A, printed: {}}\n")
    with pytest.raises(UsageError, match="row A prints nothing for samm, smic"):
        load_bench(str(path))
    with pytest.raises(UsageError, match="give one of frl-dgt-table1, selfme-table2"):
        load_bench("table9")


def test_why_a_row_is_not_run() -> None:
    printed: Any = {"full": Figures(0.5, 0.5)}
    maps = frozenset({"maps"})
    assert why_not(BenchRow("A", printed, "svm"), maps, ()) == ""
    assert why_not(BenchRow("A", printed, "selfme"), maps, ()) == (
        "reads pairs: the data at hand has none"
    )
    assert why_not(BenchRow("A", printed, "svm"), maps, ("linear",)) == "not asked for"
    assert why_not(BenchRow("A", printed), maps, ()) == "not built here"


def test_a_run_of_the_rows_that_the_data_can_feed(root: Path, tmp_path: Path) -> None:
    printed: Any = {part: Figures(0.7, 0.6) for part in ("full", "casme2", "smic", "samm")}
    rows = (
        BenchRow("machine", printed, "svm"),
        BenchRow("faces", printed, "selfme"),
        BenchRow("net", printed, "ststnet"),
    )
    bench = Bench("Title", ("full", "casme2", "smic", "samm"), rows, average=True, note="A note.")
    config = LosoConfig(
        dataset="megc2019-flow", root=root, model="", output=tmp_path / "out", seeds=1, epochs=1,
        device="cpu",
    )  # fmt: skip
    text = run_bench(bench, config, ("svm", "selfme"))
    assert text == (tmp_path / "out/table.md").read_text()
    found = json.loads((tmp_path / "out/bench.json").read_text())["rows"]
    assert list(found) == ["machine"]
    line = next(line for line in text.splitlines() if line.startswith("| machine |"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1] == "maps" and cells[4:6] == ["", ".700/.600"]  # full: SAMM is not at hand
    own = ours(found["machine"], "casme2")
    assert own is not None and cells[6] == f"{own.uf1:.3f}/{own.uar:.3f}".replace("0.", ".")
    assert cells[-2:] == ["", ".700/.600"]  # no average without all parts
    assert "Not at hand: SAMM." in text and "A note." in text
    assert "faces (reads pairs: the data at hand has none)" in text
    assert "net (not asked for)" in text


def test_an_average_is_of_all_parts() -> None:
    bench = load_bench("selfme-table2")
    part = {"uf1": 0.5, "uar": 0.25}
    run = {
        "per_dataset": {"casme2": part, "smic": {"uf1": 1.0, "uar": 0.75}}, "uf1": 0.9, "uar": 0.9,
        "epochs": "fixed, 3", "folds": 2, "seeds": [0], "training_s": 5.0, "label": "", "n": 4,
        "subjects": 2, "protocol": "clean", "kind": "composite",
    }  # fmt: skip
    text = make_table(bench, {"STSTNet": run}, {})
    line = next(line for line in text.splitlines() if line.startswith("| STSTNet |"))
    assert "| 3 | 2.5 |" in line and "| .750/.500 |" in line


def test_data_of_ones_own_gets_a_column_of_its_own() -> None:
    bench = load_bench("selfme-table2")
    run = {
        "per_dataset": {"mine": {"uf1": 0.5, "uar": 0.25}}, "uf1": 0.9, "uar": 0.9,
        "epochs": "fixed, 3", "folds": 2, "seeds": [0], "training_s": 5.0,
    }  # fmt: skip
    head, rows = cells_of(bench, {"STSTNet": run})
    assert head[-1] == "mine, ours"
    assert {row[0]: row[-1] for row in rows if row[-1]} == {"STSTNet": ".500/.250"}


def test_a_method_may_have_a_run_of_its_own(root: Path, tmp_path: Path) -> None:
    printed: Any = {part: Figures(0.7, 0.6) for part in ("full", "casme2", "smic", "samm")}
    bench = Bench("Title", ("casme2",), (BenchRow("machine", printed, "svm"),))
    config = LosoConfig("casme2,smic", root, "", tmp_path / "out", seeds=1, device="cpu")
    run_bench(bench, config, (), {"svm": {"dataset": "smic", "kind": "single"}})
    held = json.loads((tmp_path / "out" / "bench.json").read_text())
    row = held["rows"]["machine"]
    assert (row["kind"], list(row["per_dataset"]), held["missing"]) == ("single", ["smic"], {})


def test_every_method_says_what_it_is() -> None:
    for name in MODELS:
        method = find_method(name)
        assert method.title and method.source and method.year >= 2000
        assert make_model(name).name == name


def test_the_list_has_a_line_for_each() -> None:
    lines = list_models().splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(MODELS)]] == list(MODELS)
    ststnet = next(line for line in lines if line.startswith("ststnet "))
    assert "1,651" in ststnet and " paper " in ststnet
    if found := measured().get("models", {}).get("ststnet"):
        assert f"{found['uf1']:.3f}".lstrip("0") in ststnet


def test_one_method_in_detail() -> None:
    text = describe_model("off-apexnet")
    assert "1,614,875 (printed: 2.77 M)" in text and "left open:" in text
    with pytest.raises(UsageError, match="model 'nothing' is unknown"):
        describe_model("nothing")


def test_parameters_are_counted() -> None:
    assert parameters_of(make_model("ststnet"), 3) == 1651
    assert parameters_of(make_model("ststnet"), 5) == 1651 + 2 * 401
    assert parameters_of(make_model("svm"), 3) is None
