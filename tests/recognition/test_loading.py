"""What `--model` and `--motion` mean, without torch."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recognition.classifiers.field_classifier import FieldClassifier
from recognition.classifiers.maps import MapClassifier
from recognition.config import RecognizerConfig
from recognition.files.model_file import BUNDLED
from recognition.loading import bundled, load_recognizer
from streamer.core.errors import ModelError, UsageError


def test_the_default_is_the_bundled_model_as_ever() -> None:
    found = load_recognizer(None, RecognizerConfig(device="cpu"))
    assert isinstance(found.classifier, MapClassifier) and found.path == BUNDLED
    assert found.motion == "dis"
    assert found.sha256 == hashlib.sha256(BUNDLED.read_bytes()).hexdigest()
    assert found.fingerprint == "5dcb379cd57c6eb9"
    assert bundled("dis") == bundled("auto") == BUNDLED


def test_torch_needs_a_selfme_model(tmp_path: Path) -> None:
    config = RecognizerConfig(device="cpu", backend="torch")
    with pytest.raises(UsageError, match="runs SelfME and FRL-DGT models only"):
        load_recognizer(None, config)
    (tmp_path / "net.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match=r"no \.safetensors file"):
        load_recognizer(tmp_path / "net.onnx", config)
    with pytest.raises(ModelError, match="not found"):
        load_recognizer(tmp_path / "net.safetensors", config)
    with pytest.raises(ModelError, match=r"one \.safetensors file"):
        load_recognizer(tmp_path, config)


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"\x80")
    with pytest.raises(ModelError, match="are pickles"):
        load_recognizer(tmp_path / "net.pt", RecognizerConfig(device="cpu"))


def test_a_hub_reference_without_a_commit_is_told_so() -> None:
    with pytest.raises(ModelError, match="pin the commit in full"):
        load_recognizer("someone/model@main", RecognizerConfig(device="cpu", offline=True))


def test_opening_imports_no_torch() -> None:
    code = (
        "import sys\n"
        "from recognition.loading import load_recognizer\n"
        "load_recognizer()\n"
        "heavy = {'torch', 'huggingface_hub', 'safetensors', 'scipy'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("motion", ["selfme", "farneback", "frl-dgt"])
def test_models_for_other_motions_come_along(motion: str) -> None:
    found = load_recognizer(None, RecognizerConfig(device="cpu", motion=motion))  # type: ignore[arg-type]
    assert isinstance(found.classifier, FieldClassifier) and found.motion == motion
    faces = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    shares, motion_px = found.recognize_pairs(faces, faces)
    assert shares.shape == (2, 4) and motion_px.shape == (2, 2, 128, 128)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-5)
    with pytest.raises(ModelError, match=f"made for motion {motion} .*measures dis"):
        load_recognizer(bundled(motion), RecognizerConfig(device="cpu", motion="dis"))


def test_a_motion_without_a_model_is_told_so() -> None:
    with pytest.raises(ModelError, match="no model for motion tvl1 comes with this version"):
        load_recognizer(None, RecognizerConfig(device="cpu", motion="tvl1"))


def test_the_models_of_selfme_stay_small() -> None:
    files = [p for folder in BUNDLED.parent.iterdir() if folder.is_dir() for p in folder.iterdir()]
    assert 0 < sum(path.stat().st_size for path in files) <= 12_000_000
