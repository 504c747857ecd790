"""What a batch says that it was done with is what was loaded."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recognition.files.model_file import BUNDLED
from recognition.loading import bundled
from spotting.micro.learned import BUNDLED as SPOTTER
from streamer.batch.pipelines import Pipelines
from streamer.batch.settings import BatchSettings, model_facts
from streamer.core.errors import ModelError
from streamer.run.config import StreamConfig, load_config


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def configured(*pairs: tuple[str, Any]) -> StreamConfig:
    return load_config(overrides=pairs)


class TestFacts:
    def test_the_bundled_model_and_the_rule(self) -> None:
        facts = model_facts(StreamConfig())
        assert facts["recogniser"] == {"file": BUNDLED.name, "sha256": sha256(BUNDLED)}
        assert facts["spotter"] == {"kind": "rule"}
        assert model_facts(configured(("recognise", False)))["recogniser"] is None

    def test_the_model_of_another_motion(self) -> None:
        (model,) = bundled("selfme").glob("*.onnx")
        facts = model_facts(configured(("recognizer.motion", "selfme")))
        assert facts["recogniser"] == {"file": model.name, "sha256": sha256(model)}
        assert facts["recogniser"]["sha256"] != sha256(BUNDLED)

    def test_a_model_of_a_hub(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        shutil.copy(BUNDLED, tmp_path / "net.onnx")
        monkeypatch.setattr(
            "recognition.loading.fetch_model", lambda *a, **k: tmp_path / "net.onnx"
        )
        reference = "someone/model@" + "0" * 40
        facts = model_facts(configured(("model", reference)))["recogniser"]
        assert facts == {"file": "net.onnx", "sha256": sha256(BUNDLED), "reference": reference}

    def test_weights_of_a_spotter(self, tmp_path: Path) -> None:
        facts = model_facts(configured(("spotter_model", "bundled")))
        assert facts["spotter"] == {
            "kind": "learned", "file": SPOTTER.name, "sha256": sha256(SPOTTER),
        }  # fmt: skip
        with pytest.raises(ModelError, match="cannot be read"):
            model_facts(configured(("spotter_model", str(tmp_path / "none.npz"))))

    def test_each_makes_another_key(self, tmp_path: Path) -> None:
        """The same path with other bytes, too."""
        other = tmp_path / "spotter.npz"
        digests = set()
        for content in (b"a", b"b"):
            other.write_bytes(content)
            config = configured(("spotter_model", str(other)))
            digests.add(BatchSettings(config).digest(model_facts(config)))
        assert len(digests) == 2


class TestReplaced:
    """A file that is exchanged while the batch runs."""

    @pytest.fixture
    def weights(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        path = tmp_path / "spotter.npz"
        path.write_bytes(b"one")
        closed = []

        class Nothing:
            source_name = ""

            def reset(self) -> None: ...

            def close(self) -> None:
                closed.append(self)

        monkeypatch.setattr(
            "streamer.batch.pipelines.build_pipeline",
            lambda config: self.build(path, Nothing()),
        )
        self.when = "never"
        yield path

    def build(self, path: Path, pipeline: object) -> object:
        if self.when == "while loading":
            path.write_bytes(b"two")
        return pipeline

    def settings(self, path: Path) -> StreamConfig:
        return replace(configured(("recognise", False)), spotter_model=str(path))

    def test_the_same_file_is_loaded_once(self, weights: Path) -> None:
        config = self.settings(weights)
        models, pipelines = model_facts(config), Pipelines()
        first = pipelines.fresh(config, "a", models)
        weights.write_bytes(b"two")  # too late for this process: it goes on with what it has
        assert pipelines.fresh(config, "b", models) is first
        assert pipelines.models(config) == models

    @pytest.mark.parametrize("when", ["before loading", "while loading"])
    def test_other_bytes_are_an_error_of_the_model(self, weights: Path, when: str) -> None:
        config = self.settings(weights)
        models, pipelines = model_facts(config), Pipelines()
        self.when = when
        if when == "before loading":
            weights.write_bytes(b"two")
        with pytest.raises(ModelError, match=r"spotter's file spotter\.npz was replaced") as caught:
            pipelines.fresh(config, "a", models)
        assert caught.value.exit_code == 7 and "--resume" in str(caught.value)
        assert pipelines.is_fatal(caught.value)
