"""Hand-made descriptors as models: settings files, and a benchmark run on clips."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamer.core.errors import SourceFormatError, UsageError
from streamer.core.settings import dump_yaml
from tests.training.features.test_motion import bulging
from training.experiments.definition import load_experiment, run_of
from training.loso.registry import check_models, find_method, make_model
from training.models.base import FitPlan, Samples
from training.models.handmade import HandmadeModel
from training.models.svm import fit_centring

NAMES = ("lbp-top", "lbp-sip", "hoof", "mdmo", "fdm", "osf", "osw", "bi-woof")


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Two classes, two subjects: in one class the cheek moves, in the other nothing does."""
    moving, still = bulging(9), np.repeat(bulging(2)[:1], 9, axis=0)
    rng = np.random.default_rng(0)
    clips = np.empty(8, dtype=object)
    for row in range(8):
        noise = rng.integers(-2, 3, moving.shape)
        clips[row] = np.clip((moving if row % 2 else still) + noise, 0, 255).astype(np.uint8)
    pairs = np.stack([np.stack([c[0], c[4]])[..., None].repeat(3, -1) for c in clips])
    ids, groups = (tuple(f"a/s{i // 4}{tail}" for i in range(8)) for tail in ("/x", ""))
    ids = tuple(f"{name}{i}" for i, name in enumerate(ids))
    maps = np.zeros((8, 28, 28, 3), np.uint8)
    return Samples(ids, groups, maps, np.arange(8) % 2, pairs=pairs, clips=clips)


FAST = {"hoof": "flow: dis", "bi-woof": "flow: dis", "fdm": "times: 2", "osf": "side: 10"}


@pytest.mark.parametrize("name", NAMES)
def test_each_learns_its_training_clips(name: str, samples: Samples, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(f"feature: {{{FAST.get(name, '')}}}\ncosts: [1, 100]\n")
    model, method = make_model(f"{name}@{tmp_path / 'my.yaml'}"), find_method(name)
    given = samples if method.reads == "clips" else replace(samples, clips=None)
    shown = model.represent(given)
    assert shown.inputs.ndim == 2 and np.isfinite(shown.inputs).all()
    fitted = model.fit(shown, FitPlan(2, 0, 0, "cpu", shown.ids))
    shares = fitted.probabilities(shown.inputs)
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares.argmax(axis=1) == shown.labels).all()
    assert (model.name, method.configurable, model.seeded) == (name, True, False)
    json.dumps(dict(model.settings()))


def test_the_settings_file_is_read(tmp_path: Path) -> None:
    assert check_models("lbp-top,bi-woof") == ["lbp-top", "bi-woof"]
    plain = make_model("lbp-top")
    assert isinstance(plain, HandmadeModel)
    assert plain.settings()["steps"] == [{"tim": {"length": 10}}]
    file = tmp_path / "my.yaml"
    file.write_text("steps: [{evm: {alpha: 8}}, {tim: {length: 12}}]\nfeature: {radius: 2}\n")
    made = make_model(f"lbp-top@{file}")
    assert isinstance(made, HandmadeModel)
    assert [list(s) for s in made.settings()["steps"]] == [["evm"], ["tim"]]  # type: ignore[attr-defined]
    assert made.settings()["feature"]["radius"] == 2  # type: ignore[index]
    file.write_text("steps: []\n")
    assert make_model(f"lbp-top@{file}").settings()["steps"] == []


def test_the_table_of_weights_of_bi_woof(tmp_path: Path) -> None:
    """Nine rows; the paper's best is flow within blocks and strain across them, our default."""
    table, found = load_experiment("bi-woof"), {}
    for row in table.rows:
        file = tmp_path / "row.yaml"
        file.write_text(dump_yaml(run_of(table, row, {}, {})))
        found[row.name] = make_model(f"bi-woof@{file}").settings()["feature"]
    assert len({str(settings) for settings in found.values()}) == 9
    assert found["local flow, global strain"] == make_model("bi-woof").settings()["feature"]
    best = max(table.rows, key=lambda row: row.published.uf1 if row.published else 0.0)
    assert best.name == "local flow, global strain"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("bi-woof", "steps: [{tim: {}}]", "sees onset and apex only: leave steps out"),
        ("bi-woof", "feature: {local: much}", "local"),
        ("lbp-top", "feature: {radius: 99}", "radius"),
        ("osf", "sides: 5", "unknown key 'sides'"),
    ],
)
def test_wrong_settings_are_named(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(text)
    with pytest.raises(UsageError, match=said):
        make_model(f"{name}@{tmp_path / 'my.yaml'}")


def test_a_clip_that_is_too_short_is_named(samples: Samples) -> None:
    clips = samples.clips.copy()  # type: ignore[union-attr]
    clips[3] = clips[3][:1]
    with pytest.raises(SourceFormatError, match=f"clip {samples.ids[3]}: a clip of 1 frames"):
        make_model("osf").represent(replace(samples, clips=clips))


def test_cells_keep_their_weight() -> None:
    rng = np.random.default_rng(0)
    inputs = np.stack([rng.normal(5, 10, 50), rng.normal(0, 1, 50)], axis=1)
    scaled = fit_centring(inputs)(inputs)
    assert np.abs(scaled.mean(axis=0)).max() < 1e-9
    assert scaled[:, 0].std() / scaled[:, 1].std() == pytest.approx(
        inputs[:, 0].std() / inputs[:, 1].std()
    )
    assert np.isfinite(fit_centring(np.ones((3, 2)))(np.ones((3, 2)))).all()
