"""`mer-train calibrate`: the command from end to end, and the model that it writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors import safe_open

from recognition.files.model_file import BUNDLED
from recognition.loading import load_map_classifier
from streamer.core.errors import UsageError
from tests.training.fake_maps import FakeConfig, write_fake
from training.calibration.run import CalibrateConfig, calibrate, read_run
from training.common.records import Prediction
from training.loso.run_folder import Outcome, save_outcome


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fake(tmp_path_factory.mktemp("flow"), FakeConfig(subjects=3, clips_per_class=1))


def write_run(folder: Path) -> None:
    """A finished run of two folds under two seeds."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("digest: d\nsettings: {classes: [a, b]}\n")
    for seed, share in ((0, 0.9), (1, 0.7)):
        for fold in ("x/s1", "x/s2"):
            told = (
                Prediction(f"{fold}/{k}", fold, "ab"[k % 2], np.array([share, 1 - share]))
                for k in range(4)
            )
            save_outcome(folder, Outcome(fold, seed, 0, 4, 0.1, tuple(told), {}), "d")


def test_a_run_is_read_as_the_mean_of_its_seeds(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    found = read_run(tmp_path / "run")
    assert found.title == "run, leave one subject out"
    assert found.labels.tolist() == [0, 1] * 4 and set(found.datasets) == {"x"}
    assert np.allclose(found.probabilities, [[0.8, 0.2]] * 8)


def test_figures_plot_and_a_model_that_is_cooler(root: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    text = calibrate(CalibrateConfig(root, tmp_path / "out", run=tmp_path / "run", write=True))
    facts = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert set(facts["answers"]) == {"scvit_synthetic, zero-shot", "run, leave one subject out"}
    assert f"temperature: {facts['temperature']:.4f} over all 18 maps" in text
    assert (tmp_path / "out" / "reliability.png").stat().st_size > 1000
    maps = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 3), dtype=np.uint8)
    old = load_map_classifier(None).recognize_maps(maps)
    new = load_map_classifier(tmp_path / "out").recognize_maps(maps)  # the card's sha256 fits
    cooled = old ** (facts["temperature_before"] / facts["temperature"])
    assert np.allclose(new, cooled / cooled.sum(axis=1, keepdims=True), atol=1e-5)


def test_weights_stay_and_both_cards_say_where_it_is_from(root: Path, tmp_path: Path) -> None:
    calibrate(CalibrateConfig(root, tmp_path, write=True))
    graph, bundled = onnx.load(tmp_path / BUNDLED.name), onnx.load(BUNDLED)
    assert graph.graph.SerializeToString() == bundled.graph.SerializeToString()
    said = {entry.key: entry.value for entry in graph.metadata_props}["temperature_from"]
    assert "18 real motion maps of 6 subjects" in said and "synthetic motion alone" in said
    card = json.loads((tmp_path / "model_card.json").read_text())
    assert card["temperature_from"] == said
    text = (tmp_path / "model_card.md").read_text()
    assert text.count("**Calibration.**") == 1
    assert f"softmax(output / {card['temperature']:.3f}) is calibrated on real" in text
    with safe_open(tmp_path / BUNDLED.with_suffix(".safetensors").name, "numpy") as file:
        assert file.metadata()["temperature"] == repr(card["temperature"])


def test_a_folder_without_a_run_is_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("digest: x\nsettings: {classes: [a]}\n")
    with pytest.raises(UsageError, match="holds no finished run"):
        calibrate(CalibrateConfig(root, tmp_path / "out", run=tmp_path))
