"""`mer-train loso` from end to end: run folder, resume, protocols, errors."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import yaml

from streamer.core.errors import ModelError, OutputError, SourceFormatError, UsageError
from tests.training.fake_maps import FakeConfig, write_fake
from training.cli.loso import run_command
from training.loso import run as run_module
from training.loso.config import LosoConfig, Recipe, parse_epochs
from training.loso.folds import make_folds
from training.loso.protocols import run_folds
from training.loso.registry import make_model
from training.loso.run import run_loso
from training.loso.run_folder import FOLDS, SESSIONS, fold_path, load_sessions, wall_s
from training.loso.selection import Selection


def config(root: Path, output: Path, **changes: Any) -> LosoConfig:
    plain = {"dataset": "megc2019-flow", "model": "ststnet", "seeds": 2, "epochs": 2}
    return LosoConfig(root=root, output=output, **{**plain, **changes})


def folds_of(folder: Path) -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_text()) for path in (folder / FOLDS).iterdir()}


def test_the_run_folder(flow_root: Path, tmp_path: Path) -> None:
    found = run_loso(config(flow_root, tmp_path))
    results = json.loads((tmp_path / "results.json").read_text())
    assert results == json.loads(json.dumps(found))
    wanted = {"uf1", "uar", "accuracy", "per_dataset", "n", "subjects", "seeds", "wall_s"}
    assert wanted | {"protocol", "spread", "ensemble", "confusion"} <= results.keys()
    assert (results["n"], results["subjects"], results["seeds"]) == (36, 6, [0, 1])
    assert results["per_dataset"]["casme2"]["n"] == results["per_dataset"]["smic"]["n"] == 18
    assert np.sum(results["confusion"]) == 36
    facts = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert facts["versions"]["torch"] and facts["settings"]["epochs"] == 2
    own = folds_of(tmp_path)
    assert len(own) == 12
    clips = own["casme2__s01.seed0.json"]["clips"]
    assert all(clip.startswith("casme2/s01/") for clip in clips)
    assert all(abs(sum(entry["probabilities"]) - 1) < 1e-5 for entry in clips.values())
    for name in ("confusion", "subject_recall", "tsne"):
        assert (tmp_path / "plots" / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    table = (tmp_path / "table.md").read_text()
    assert "| ststnet | clean |" in table and "HTNet 2024 [1]" in table
    assert not list(tmp_path.rglob("*.tmp"))


def test_the_same_run_twice_gives_the_same_figures(flow_root: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_loso(config(flow_root, tmp_path / name, model="scvit", seeds=1, epochs=1))
    first, second = folds_of(tmp_path / "a"), folds_of(tmp_path / "b")
    for name in first:
        assert first[name]["clips"] == second[name]["clips"]


def test_a_killed_run_goes_on_where_it_was(flow_root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.cli", "loso", "--dataset", "megc2019-flow"]
    command += ["--root", str(flow_root), "--model", "svm", "--output", str(tmp_path)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("folds/*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.kill()
    child.wait()
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("folds/*.json")}
    assert done
    for path in done:
        json.loads(path.read_text())  # whole
    run_loso(config(flow_root, tmp_path, model="svm", epochs=None))
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert len(list(tmp_path.glob("folds/*.json"))) == 6


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_stopped_run_takes_its_workers_along(flow_root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.cli", "loso", "--dataset", "megc2019-flow"]
    command += ["--root", str(flow_root), "--model", "off-apexnet", "--epochs", "100000"]
    command += ["--jobs", "2", "--output", str(tmp_path)]
    child = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(members_of(child.pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGTERM)
    _, message = child.communicate(timeout=120)
    assert child.returncode == 130 and "Traceback" not in message
    while members_of(child.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not members_of(child.pid)


def members_of(session: int) -> list[int]:
    """Processes of a session."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def test_finished_folds_are_never_run_twice(
    flow_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_loso(config(flow_root, tmp_path, model="zero-shot"))
    damaged = fold_path(tmp_path, "smic/s02", 0)
    damaged.write_text(damaged.read_text()[:50])
    (tmp_path / FOLDS / ".mer-0123456789ab-torn.tmp").write_text("{")
    asked = []
    real = run_module.train_tasks

    def spy(config: Any, samples: Any, tasks: Any, recipe: Any) -> Any:
        asked.extend(fold.name for task in tasks for fold, _ in task.parts)
        return real(config, samples, tasks, recipe)

    monkeypatch.setattr(run_module, "train_tasks", spy)
    second = run_loso(config(flow_root, tmp_path, model="zero-shot"))
    assert asked == ["smic/s02"]
    assert not list(tmp_path.rglob("*.tmp"))
    assert (first["uf1"], first["uar"]) == (second["uf1"], second["uar"])


def test_the_time_of_all_sessions_counts(flow_root: Path, tmp_path: Path) -> None:
    first = run_loso(config(flow_root, tmp_path, model="zero-shot"))
    assert first["wall_s"] > 0
    again = run_loso(config(flow_root, tmp_path, model="zero-shot"))
    assert again["wall_s"] == first["wall_s"]  # nothing was trained
    rows = json.loads((tmp_path / SESSIONS).read_text())
    rows["sessions"][0]["wall_s"] = 1000.0
    (tmp_path / SESSIONS).write_text(json.dumps(rows))
    fold_path(tmp_path, "smic/s02", 0).unlink()
    third = run_loso(config(flow_root, tmp_path, model="zero-shot"))
    assert third["wall_s"] > 1000.0
    assert [row["folds"] for row in load_sessions(tmp_path)] == [6, 1]
    fresh = run_loso(config(flow_root, tmp_path, model="zero-shot", overwrite=True))
    assert fresh["wall_s"] < 1000.0


def test_a_damaged_list_of_sessions_is_as_none(tmp_path: Path) -> None:
    for text in ("", "[]", '{"sessions": 3}', '{"sessions": [1]}'):
        (tmp_path / SESSIONS).write_text(text)
        assert load_sessions(tmp_path) == [] and wall_s(tmp_path) == 0


def test_seeds_share_one_program_and_change_nothing(flow_root: Path, tmp_path: Path) -> None:
    run_loso(config(flow_root, tmp_path / "together", seeds=2))
    run_loso(config(flow_root, tmp_path / "apart", seeds=1))
    together, apart = folds_of(tmp_path / "together"), folds_of(tmp_path / "apart")
    for name, fold in apart.items():
        assert together[name]["clips"] == fold["clips"]


def test_a_folder_of_another_run_is_refused(flow_root: Path, tmp_path: Path) -> None:
    run_loso(config(flow_root, tmp_path, seeds=1))
    with pytest.raises(OutputError, match="other settings or data: choose another --output"):
        run_loso(config(flow_root, tmp_path, seeds=1, epochs=3))
    run_loso(config(flow_root, tmp_path, seeds=1, epochs=3, overwrite=True))
    assert {fold["epoch"] for fold in folds_of(tmp_path).values()} == {3}


def test_weights_replaced_on_the_way_stop_the_run() -> None:
    start = dict(make_model("scvit").settings())
    run_module.check_unchanged("scvit", start)
    with pytest.raises(ModelError, match="were replaced during the run: start it again"):
        run_module.check_unchanged("scvit", {**start, "start": {"scvit_synthetic": "another"}})


def test_published_is_labelled_and_never_below_the_last_epoch(
    flow_root: Path, tmp_path: Path
) -> None:
    clean = run_loso(config(flow_root, tmp_path / "c", seeds=1, epochs=8))
    oracle = run_loso(config(flow_root, tmp_path / "p", seeds=1, epochs=8, protocol="published"))
    assert oracle["accuracy"] >= clean["accuracy"]
    assert oracle["label"] == "oracle epoch: flattered" and clean["label"] == ""
    own = [
        line for line in (tmp_path / "p" / "table.md").read_text().splitlines() if "ststnet" in line
    ]
    assert own and all("oracle epoch: flattered" in line for line in own)


@pytest.mark.parametrize("kind", ["single", "cross"])
def test_other_kinds(flow_root: Path, tmp_path: Path, kind: Any) -> None:
    found = run_loso(config(flow_root, tmp_path, kind=kind, seeds=1))
    expected = {"single": ["casme2", "smic"], "cross": ["casme2->smic", "smic->casme2"]}[kind]
    assert list(found["per_dataset"]) == expected
    assert found["n"] == 36


def test_inner_epochs_are_chosen_per_fold(selection: Selection) -> None:
    folds = make_folds(selection.samples, "composite")
    recipe = Recipe("clean", True, 4, selection.classes, "cpu", True)
    outcomes = run_folds(
        make_model("ststnet"), selection.samples, [(fold, 0) for fold in folds], recipe
    )
    assert {outcome.fold for outcome in outcomes} == {fold.name for fold in folds}
    assert all(1 <= outcome.epoch <= 4 for outcome in outcomes)


def test_the_one_by_one_loop_gives_the_same_figures(flow_root: Path, tmp_path: Path) -> None:
    stacked = run_loso(config(flow_root, tmp_path / "s", seeds=1))
    loop = run_loso(config(flow_root, tmp_path / "l", seeds=1, stacked=False))
    assert (stacked["uf1"], stacked["uar"]) == (loop["uf1"], loop["uar"])


@pytest.mark.slow
def test_several_processes_give_the_same_figures(flow_root: Path, tmp_path: Path) -> None:
    one = run_loso(config(flow_root, tmp_path / "a", seeds=1, stacked=False))
    two = run_loso(config(flow_root, tmp_path / "b", seeds=1, stacked=False, jobs=2))
    assert (one["uf1"], one["uar"]) == (two["uf1"], two["uar"])


def test_a_map_with_nan_is_named(tmp_path: Path) -> None:
    root = write_fake(tmp_path / "data", FakeConfig(datasets=("smic",), subjects=2))
    bad = root / "flow" / "bad.npy"
    np.save(bad, np.full((28, 28, 3), np.nan, dtype=np.float32))
    index = root / "index.csv"
    index.write_text(index.read_text() + "flow/bad.npy,smic,s02,bad,negative\n")
    with pytest.raises(SourceFormatError, match=r"bad\.npy .*NaN.*(again|drop)"):
        run_loso(config(root, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_options_are_checked(flow_root: Path, tmp_path: Path) -> None:
    plain: dict[str, Any] = {
        "dataset": "megc2019-flow", "root": flow_root, "output": tmp_path, "model": "svm",
        "protocol": "clean", "kind": "composite", "classes": 3, "seeds": 1, "epochs": None,
        "device": "cpu", "engine": "local", "address": None, "jobs": 1, "stacked": True,
        "overwrite": False,
    }  # fmt: skip
    for key, value, words in (
        ("model", "svm,nonet", "model 'nonet' is unknown: choose among "),
        ("protocol", "dirty", "--protocol 'dirty': choose clean, published"),
        ("classes", 4, "--classes 4: choose 3, 5"),
        ("device", "tpu", "--device 'tpu': choose auto"),
        ("dataset", "samm", "no clips of samm"),
    ):
        with pytest.raises(UsageError, match=words):
            run_command(**{**plain, key: value})
    with pytest.raises(UsageError, match="give a whole number of 1 to 100000, or inner"):
        parse_epochs("0")
    text = run_command(**{**plain, "model": "svm,zero-shot"})
    assert "svm, clean" in text and "zero-shot, clean" in text
    assert "| zero-shot |" in (tmp_path / "table.md").read_text()
    assert set(json.loads((tmp_path / "results.json").read_text())["models"]) == {
        "svm",
        "zero-shot",
    }
