"""What `--model` and `--motion` mean, without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recognition.config import RecognizerConfig
from recognition.onnx_recognizer import OnnxRecognizer
from recognition.open import bundled, open_recognizer
from recognition.weights_check import BUNDLED
from streamer.errors import ModelError, UsageError


def test_the_default_is_the_bundled_model_as_ever() -> None:
    found = open_recognizer(None, RecognizerConfig(device="cpu"))
    assert isinstance(found, OnnxRecognizer) and found.path == BUNDLED
    assert found.fingerprint == "5dcb379cd57c6eb9"
    assert bundled("dis") == bundled("auto") == BUNDLED


def test_torch_needs_a_selfme_model(tmp_path: Path) -> None:
    config = RecognizerConfig(device="cpu", backend="torch")
    with pytest.raises(UsageError, match="runs SelfME models only"):
        open_recognizer(None, config)
    with pytest.raises(ModelError, match=r"reads \.safetensors"):
        open_recognizer(tmp_path / "net.onnx", config)
    with pytest.raises(ModelError, match="not found"):
        open_recognizer(tmp_path / "net.safetensors", config)
    with pytest.raises(ModelError, match=r"one \.safetensors file"):
        open_recognizer(tmp_path, config)


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"\x80")
    with pytest.raises(ModelError, match="are pickles"):
        open_recognizer(tmp_path / "net.pt", RecognizerConfig(device="cpu"))


def test_a_hub_reference_without_a_commit_is_told_so() -> None:
    with pytest.raises(ModelError, match="pin the commit in full"):
        open_recognizer("someone/model@main", RecognizerConfig(device="cpu", offline=True))


def test_opening_imports_no_torch() -> None:
    code = (
        "import sys\n"
        "from recognition.open import open_recognizer\n"
        "open_recognizer()\n"
        "heavy = {'torch', 'huggingface_hub', 'safetensors', 'scipy'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
