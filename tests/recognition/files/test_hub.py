"""Models of a hub: read from a small local cache, verified, refused in plain words."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="huggingface_hub comes with the train extra (timm)")

from recognition.config import RecognizerConfig
from recognition.files.hub import fetch_model, is_hub_reference
from recognition.files.model_file import BUNDLED, CARD, read_model
from recognition.loading import load_recognizer
from streamer.core.errors import ModelError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REFERENCE = f"someone/model@{COMMIT}"


def write_cache(cache: Path, files: dict[str, bytes]) -> Path:
    """A cache as the hub's client lays it out; returns the snapshot."""
    repository = cache / "models--someone--model"
    snapshot = repository / "snapshots" / COMMIT
    (repository / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for name, data in files.items():
        blob = repository / "blobs" / hashlib.sha256(data).hexdigest()
        blob.write_bytes(data)
        (snapshot / name).symlink_to(blob)
    return snapshot


def card(**files: bytes) -> bytes:
    named = {name.replace("_", "."): hashlib.sha256(d).hexdigest() for name, d in files.items()}
    return json.dumps({"sha256": named}).encode()


def test_a_cached_model_is_opened_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = BUNDLED.read_bytes()
    write_cache(tmp_path, {"model.onnx": data, CARD: card(model_onnx=data)})
    import huggingface_hub.constants
    import huggingface_hub.file_download

    for module in (huggingface_hub.constants, huggingface_hub.file_download):
        if hasattr(module, "HF_HUB_CACHE"):
            monkeypatch.setattr(module, "HF_HUB_CACHE", str(tmp_path))
    found = load_recognizer(REFERENCE, RecognizerConfig(device="cpu", offline=True))
    assert found.path.name == "model.onnx"
    assert found.path.is_relative_to(tmp_path)


def test_other_bytes_than_the_card_says_are_refused(tmp_path: Path) -> None:
    write_cache(tmp_path, {"model.onnx": b"changed", CARD: card(model_onnx=b"as published")})
    with pytest.raises(ModelError, match="sha256"):
        read_model(fetch_model(REFERENCE, offline=True, cache=tmp_path))


def test_only_files_of_the_card_are_taken(tmp_path: Path) -> None:
    write_cache(tmp_path, {"model.onnx": b"x", CARD: b'{"sha256": {}}'})
    with pytest.raises(ModelError, match=r"one \.onnx file \(found: none\)"):
        fetch_model(REFERENCE, offline=True, cache=tmp_path)
    outside = tmp_path / "2"
    write_cache(outside, {CARD: b'{"sha256": {"../../model.onnx": "00"}}'})
    with pytest.raises(ModelError, match=r"one \.onnx file"):
        fetch_model(REFERENCE, offline=True, cache=outside)
    third = tmp_path / "3"
    write_cache(third, {CARD: b"[]"})
    with pytest.raises(ModelError, match="not a model card"):
        fetch_model(REFERENCE, offline=True, cache=third)


def test_what_is_not_cached_is_an_error_offline(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="without --offline once"):
        fetch_model(REFERENCE, offline=True, cache=tmp_path)


@pytest.mark.parametrize("revision", ["main", "v1.0", COMMIT[:12]])
def test_a_revision_that_can_change_is_refused(revision: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="pin the commit in full"):
        fetch_model(f"someone/model@{revision}", offline=True, cache=tmp_path)


def test_paths_are_not_taken_for_references(tmp_path: Path) -> None:
    assert is_hub_reference(REFERENCE) and is_hub_reference("a/b@main")
    for text in ("model.onnx", "weights/", "a/b", "/models/a@b/c.onnx", "./x/y@1"):
        assert not is_hub_reference(text)
    there = tmp_path / "b@1"
    there.write_bytes(b"")
    assert not is_hub_reference(str(there))
