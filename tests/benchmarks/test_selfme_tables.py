"""The scripts behind docs/selfme.md: tiny runs, sections in place, no folders of the machine."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

import streamer
from benchmarks import explain_figure, held_out, jitter, motion_table, paper_tables, speed_table
from tests.training.experiments.conftest import write_cache
from training.synthetic.pair_face import PairFace
from training.synthetic.pairs import PairRange, draw_pairs, write_pairs
from training.synthetic.video import read_portrait

FACE = Path(streamer.__file__).parent / "assets" / "known_face.jpg"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Pairs of two people to train, of another to test."""
    folder, portrait = tmp_path_factory.mktemp("pairs"), read_portrait(FACE, 256)
    for name, people, count in (("train", ("a", "b"), 9), ("held", ("c",), 6)):
        drawn = draw_pairs([PairFace(portrait, person) for person in people], count, 1)
        write_pairs(drawn, folder / f"{name}.npz", PairRange())
    return folder / "train.npz", folder / "held.npz"


def page(folder: Path, name: str) -> Path:
    docs = folder / "selfme.md"
    docs.write_text(f"# S\n<!-- {name}:begin -->\nold\n<!-- {name}:end -->\nrest\n")
    return docs


def run(monkeypatch: pytest.MonkeyPatch, script, *words: object) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, words)])
    script.main()


def test_motion_table(
    pairs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs, results = page(tmp_path, "motion"), tmp_path / "motion.json"
    words = ["--train", pairs[0], "--test", pairs[1], "--runs", tmp_path / "runs", "--epochs", 1]
    words += ["--rows", "DIS,learned (known motion)", "--docs", docs, "--results", results]
    run(monkeypatch, motion_table, *words)
    facts = json.loads(results.read_text())
    assert facts["pairs"] == {"train": 9, "test": 6} and facts["people"] == {"train": 2, "test": 1}
    for row in facts["rows"].values():
        assert 0.0 < row["errors"]["whole_px"] < row["nothing"]["whole_px"]
        assert row["ViT"]["n"] == 6 and len(row["SCViT"]["uf1_of_seeds"]) == 2
    text = docs.read_text()
    assert "| learned (known motion) | ." in text and "old" not in text and "rest" in text
    assert "| DIS | ." in text
    assert str(tmp_path) not in text + results.read_text()
    assert (tmp_path / "selfme-similarity.png").stat().st_size > 5000
    with pytest.raises(SystemExit, match="a is in --train and in --test"):
        run(monkeypatch, motion_table, *words, "--test", pairs[0], "--runs", tmp_path / "other")


@pytest.mark.slow
def test_jitter_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faces").mkdir()
    for name in (*held_out.HELD_OUT, "p1", "p2", "p3"):
        shutil.copyfile(FACE, tmp_path / "faces" / f"{name}.jpg")
    docs, results = page(tmp_path, "jitter"), tmp_path / "jitter.json"
    words = ["--portraits", tmp_path / "faces", "--runs", tmp_path / "runs", "--pairs", 12]
    words += ["--count", 9, "--epochs", 1, "--motions", "dis", "--docs", docs]
    run(monkeypatch, jitter, *words, "--results", results)
    facts = json.loads(results.read_text())
    assert facts["people"]["train"] == 2 and len(facts["people"]["tune"]) == 1
    assert facts["people"]["test"] == 9 and "DIR" in facts["command"]
    ways = facts["motions"]["dis"]["SCViT"]
    assert set(ways) == {"right", "both"} and set(ways["right"]["uf1"]) == set("01248")
    assert "| DIS, SCViT | both | " in docs.read_text()
    assert facts["default"]["uf1"]["0"] >= facts["default"]["uf1"]["8"] > 0.0


def test_paper_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = write_cache(tmp_path / "cache")
    small = tmp_path / "small.yaml"
    small.write_text("title: small\nx: tau\nrows:\n  - {name: '0.07', set: {selfme.tau: 0.07}}\n")
    docs, results = page(tmp_path, "tables"), tmp_path / "tables.json"
    tiny = {"selfme.motion": "dis", "selfme.learner.image_size_px": 64, **paper_tables.SETTINGS}
    monkeypatch.setattr(paper_tables, "SETTINGS", tiny)
    words = ["--root", cache, "--runs", tmp_path / "runs", "--experiments", small.name]
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, paper_tables, *words, "--epochs", 1, "--docs", docs, "--results", results)
    facts = json.loads(results.read_text())
    row = facts["experiments"]["small.yaml"]["0.07"]
    assert row["n"] == 27 and row["subjects"] == 3 and 0.0 <= row["uf1"] <= 1.0
    assert facts["commands"]["small.yaml"].startswith("mer-train sweep small.yaml --dataset folder")
    text = docs.read_text()
    assert "### small" in text and "selfme-small.yaml.png" in text
    assert re.search(r"\n\| 0\.07 \| (\.|1\.)\d{3} \| ", text)


def test_the_picture_and_the_asymmetry(
    pairs: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    picture = tmp_path / "explained.jpg"
    run(monkeypatch, explain_figure, "--output", picture)
    assert picture.stat().st_size > 20_000
    run(monkeypatch, explain_figure, "--pairs", pairs[1])
    found = json.loads(capsys.readouterr().out)
    assert found["pairs"] == 6
    assert 0.0 < found["with_sc"] < 1.0 and found["with_sc"] != found["without_sc"]


def test_speed_section() -> None:
    timed = {"1 threads": {"median_ms": 21.4, "peak_mb": 600}}
    size = {"face_px": 128, "parameters": 739708, "onnx": timed, "torch": timed}
    gpu = {"pairs_per_s": 900, "peak_mb": 700}
    facts = {
        "command": "c",
        "date": "d",
        "machine": "m",
        "pair": {"small": {**size, "cuda, batch 64": gpu}},
        "latency": {"tvl1": timed},
        "training": {"small, batch 8": {"median_s": 0.58, "peak_mb": 900}},
    }
    text = speed_table.section(facts)
    assert "| small | 128 px | 739,708 | onnx | 21 ms, 600 MB |" in text
    assert "CUDA, 64 pairs | 900 pairs a second" in text
    assert "| TV-L1 | 21.4 ms |" in text and "| small, batch 8 | 0.58 s | 900 MB |" in text
