"""What is refused as a model, and in which words."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from recognition.classifiers.base import read_facts
from recognition.files.model_file import BUNDLED, CARD, find_model, read_model
from streamer.core.errors import ModelError


class Bomb:
    """Would leave a trace if it were ever loaded."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".PT"])
def test_a_pickle_is_refused_and_never_loaded(tmp_path: Path, suffix: str) -> None:
    model = tmp_path / f"net{suffix}"
    model.write_bytes(pickle.dumps(Bomb(tmp_path / "trace")))
    with pytest.raises(ModelError, match=r"refused: \.\w+ files are pickles"):
        find_model(model)
    assert not (tmp_path / "trace").exists()


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.onnx not found"):
        find_model(tmp_path / "nowhere.onnx")


def test_another_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "net.txt").write_text("hello")
    with pytest.raises(ModelError, match=r"no \.onnx file"):
        find_model(tmp_path / "net.txt")


def test_a_folder_must_hold_exactly_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="found: none"):
        find_model(tmp_path)
    (tmp_path / "a.onnx").write_bytes(b"a")
    assert find_model(tmp_path) == tmp_path / "a.onnx"
    (tmp_path / "b.onnx").write_bytes(b"b")
    with pytest.raises(ModelError, match=r"a\.onnx, b\.onnx"):
        find_model(tmp_path)


def test_a_changed_file_does_not_match_its_card(tmp_path: Path) -> None:
    model = tmp_path / BUNDLED.name
    model.write_bytes(BUNDLED.read_bytes())
    (tmp_path / CARD).write_bytes(BUNDLED.with_name(CARD).read_bytes())
    assert read_model(model).data == BUNDLED.read_bytes()
    model.write_bytes(BUNDLED.read_bytes() + b"x")
    with pytest.raises(ModelError, match="sha256"):
        read_model(find_model(tmp_path))


def test_a_damaged_card_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"a")
    (tmp_path / CARD).write_text("{")
    with pytest.raises(ModelError, match="not a readable model card"):
        read_model(tmp_path / "a.onnx")


def test_the_bundled_card_knows_both_files() -> None:
    card = json.loads(BUNDLED.with_name(CARD).read_text())
    assert set(card["sha256"]) == {"scvit_synthetic.onnx", "scvit_synthetic.safetensors"}
    assert read_model(BUNDLED).sha256 == card["sha256"][BUNDLED.name]


def test_metadata_is_needed() -> None:
    with pytest.raises(ModelError, match="fingerprint"):
        read_facts({}, Path("net.onnx"))
    with pytest.raises(ModelError, match="temperature"):
        read_facts({"fingerprint": "f", "emotions": "a,b", "temperature": "0"}, Path("net.onnx"))
