"""`--model selfme` in the benchmark, and the tables and sweeps made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from streamer.core.errors import UsageError
from tests.training.experiments.conftest import settings_text, write_cache
from tests.training.fake_maps import FakeConfig, write_fake
from training.experiments.definition import Experiment, load_experiment, names, run_of
from training.experiments.run import make_table, run_experiment
from training.loso.config import LosoConfig
from training.loso.registry import check_models, make_model, reads_of
from training.loso.run import run_loso


def settings_file(folder: Path, **options: object) -> Path:
    path = folder / "selfme.yaml"
    path.write_text(settings_text(**options))  # type: ignore[arg-type]
    return path


def test_every_subject_is_recognised_by_folds_that_never_saw_it(
    face_cache: Path, tmp_path: Path
) -> None:
    model = f"selfme@{settings_file(tmp_path)}"
    config = LosoConfig("folder", face_cache, model, tmp_path / "run", seeds=1)
    results = run_loso(config)
    assert results["n"] == 27 and results["subjects"] == 3 and results["uf1"] > 0.7
    folds = sorted((tmp_path / "run" / "folds").glob("*.json"))
    assert len(folds) == 3
    held = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert held["settings"]["model_settings"]["selfme"]["motion"] == "dis"
    before = [path.stat().st_mtime_ns for path in folds]
    assert run_loso(config)["uf1"] == results["uf1"]
    assert [path.stat().st_mtime_ns for path in folds] == before  # nothing was trained again


def test_learned_motion_is_fine_tuned_in_the_fold(small_cache: Path, tmp_path: Path) -> None:
    figures = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        file = settings_file(tmp_path / name, motion="selfme", epochs=1, tuning=1)
        config = LosoConfig("folder", small_cache, f"selfme@{file}", tmp_path / name, seeds=1)
        figures.append(run_loso(config))
        folds = [json.loads(p.read_text()) for p in sorted((tmp_path / name).glob("folds/*.json"))]
        figures[-1] = [fold["clips"] for fold in folds]
    assert figures[0] == figures[1]  # same seed, same answers


def test_folds_learn_from_wrong_pairs_when_asked(face_cache: Path, tmp_path: Path) -> None:
    """Exchanged frames in half of the draws take the direction away, by which classes differ."""
    cache, found = write_cache(tmp_path / "cache", "1 frames"), {}
    for jitter in ("false", "true"):
        file = tmp_path / f"{jitter}.yaml"
        file.write_text(settings_text() + f"jitter: {jitter}\n")
        config = LosoConfig("folder", cache, f"selfme@{file}", tmp_path / jitter, seeds=1)
        found[jitter] = run_loso(config)["uf1"]
    assert found["true"] != found["false"] > 0.7
    config = LosoConfig("folder", face_cache, f"selfme@{file}", tmp_path / "none", seeds=1)
    with pytest.raises(UsageError, match="--jitter-frames 4"):
        run_loso(config)


def test_flow_maps_are_refused_with_the_cure(tmp_path: Path) -> None:
    root = write_fake(tmp_path / "flow", FakeConfig(subjects=2))
    config = LosoConfig("megc2019-flow", root, "selfme", tmp_path / "run", seeds=1)
    with pytest.raises(UsageError, match=r"holds no pair of faces.*mer-train prepare"):
        run_loso(config)


def test_only_some_models_take_settings(tmp_path: Path) -> None:
    assert reads_of("selfme") == reads_of("selfme@x.yaml") == "pairs" and reads_of("svm") == "maps"
    with pytest.raises(UsageError, match="takes no settings"):
        check_models("svm@x.yaml")
    wrong = tmp_path / "x.yaml"
    wrong.write_text("selfme: {motion: raft}\n")
    with pytest.raises(UsageError, match=r"x\.yaml: 'selfme\.motion' must be one of"):
        make_model(f"selfme@{wrong}")


def test_the_packages_experiments_are_whole() -> None:
    assert set(names()) == {
        "table1",
        "table3",
        "table4",
        "figure4a",
        "figure4b",
        "frl-dgt",
        "bi-woof",
    }
    loaded = {name: load_experiment(name) for name in names()}
    for experiment in loaded.values():
        for row in experiment.rows:
            if row.set is not None:
                run_of(experiment, row, {}, {})
    best = loaded["table1"].rows[-1]
    assert best.published is not None and (best.published.uf1, best.published.uar) == (
        0.9078,
        0.9290,
    )
    first = run_of(loaded["table1"], loaded["table1"].rows[0], {}, {}).selfme
    assert (first.bspline, first.contrast, first.amplification) == (False, 0.0, 1.0)
    tau = run_of(loaded["figure4b"], loaded["figure4b"].rows[0], {}, {}).selfme
    assert (tau.omega, tau.tau) == (0.1, 0.01)  # figure 4b is drawn at omega 0.1
    fully, *fields = [row for row in loaded["table3"].rows if "TCAE" in row.name]
    assert (fully.model, fully.set) == ("tcae", None)
    assert [run_of(loaded["table3"], row, {}, {}).selfme.motion for row in fields] == ["tcae"] * 2
    with pytest.raises(UsageError, match="give one of bi-woof"):
        load_experiment("table9")


def test_an_experiment_runs_goes_on_and_draws(small_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "title: own sweep\nx: omega\npublished_on: nowhere\nrows:\n"
        "  - {name: '0.0', set: {selfme.omega: 0.0}, published: {uf1: 0.5, uar: 0.6}}\n"
        "  - {name: '0.2', set: {selfme.omega: 0.2}}\n"
        "  - {name: '9.0', published: {uf1: 0.1, uar: 0.2}}\n"
    )
    experiment = load_experiment(str(tmp_path / "own.yaml"))
    start = yaml.safe_load(settings_text(epochs=2))
    config = LosoConfig("folder", small_cache, "selfme", tmp_path / "out", seeds=1)
    table = run_experiment(experiment, config, start, {"training.epochs": 1})
    lines = table.splitlines()
    assert lines[0] == "# own sweep" and lines[2].startswith("| omega | UF1, ours")
    assert lines[4].startswith("| 0.0 | .") and lines[4].endswith("| .500 | .600 |")
    assert lines[6] == "| 9.0 |  |  | .100 | .200 |"
    assert "6 clips, 2 subjects, protocol clean" in table and "nowhere" in table
    assert (tmp_path / "out" / "sweep.png").stat().st_size > 5000
    folds = sorted((tmp_path / "out").glob("*/folds/*.json"))
    assert len(folds) == 4
    before = [path.stat().st_mtime_ns for path in folds]
    assert run_experiment(experiment, config, start, {"training.epochs": 1}) == table
    assert [path.stat().st_mtime_ns for path in folds] == before
    with pytest.raises(UsageError, match=r"unknown key 'selfme\.omgea'"):
        run_experiment(experiment, config, start, {"selfme.omgea": 1.0})


def test_tcae_measures_the_motion_of_a_fold(small_cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "tcae.yaml"
    network = "tcae: {epochs: 1, network: {size_px: 16, width: 2, embedding: 4}}\n"
    file.write_text(settings_text(motion="tcae", epochs=1) + network)
    config = LosoConfig("folder", small_cache, f"selfme@{file}", tmp_path / "a", seeds=1)
    assert run_loso(config)["n"] == 6
    held = make_model(f"selfme@{file}").settings()
    assert held["tcae"]["network"]["embedding"] == 4  # type: ignore[index]
    assert "tcae" not in make_model("selfme").settings()  # finished runs of SelfME still count


def test_a_row_may_be_another_method(small_cache: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("title: t\nrows: [{name: a machine, model: svm}]\n")
    config = LosoConfig("folder", small_cache, "selfme", tmp_path / "out", seeds=1)
    table = run_experiment(load_experiment(str(own)), config, {}, {})
    assert table.splitlines()[4].startswith("| a machine | .")
    own.write_text("title: t\nrows: [{name: a, model: nobody}]\n")
    with pytest.raises(UsageError, match="model 'nobody' is unknown"):
        run_experiment(load_experiment(str(own)), config, {}, {})
    own.write_text("title: t\nrows: [{name: a, model: svm, set: {}}]\n")
    with pytest.raises(UsageError, match="row 'a' has set and model"):
        load_experiment(str(own))


def test_a_table_shows_what_is_there() -> None:
    experiment = Experiment("t", load_experiment("table4").rows, "SMIC-HS", "gamma")
    run = {
        "uf1": 0.5, "uar": 0.25, "spread": {"uf1": 0.01, "uar": 0.02}, "seeds": [0, 1], "n": 4,
        "subjects": 2, "per_dataset": {"smic": {}}, "protocol": "published", "label": "oracle",
    }  # fmt: skip
    lines = make_table(experiment, {"2": run}).splitlines()
    assert lines[4] == "| 1 |  |  | .677 | .680 |"
    assert lines[5] == "| 2 | .500 ± .010 | .250 ± .020 | .697 | .701 |"
    assert "protocol published, oracle" in "".join(lines)
