"""`mer-train`: quick help, a clear word without torch, and a tiny training from end to end."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognition.config import RecognizerConfig
from recognition.loading import load_map_classifier, load_recognizer
from streamer.core.errors import InstallError
from streamer.core.records import UNITS
from training import cli
from training.common import options


def test_help_needs_no_heavy_imports() -> None:
    code = (
        "import sys; sys.argv = ['mer-train', '--help']\n"
        "import atexit\n"
        "heavy = lambda: {'torch', 'onnx', 'cv2', 'numpy'} & set(sys.modules)\n"
        "atexit.register(lambda: print('HEAVY', sorted(heavy())))\n"
        "from training.cli import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "synthetic" in done.stdout and "zero-shot" in done.stdout
    assert "HEAVY []" in done.stdout


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else real(name)
    )
    with pytest.raises(InstallError, match=r'torch: pip install "mer-stream\[train\]"') as caught:
        options.require_training()
    assert caught.value.exit_code == 9


def test_an_error_becomes_a_sentence_and_a_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mer-train", "zero-shot", "--root", str(tmp_path)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 3
    assert "a folder with index.csv" in capsys.readouterr().err


def test_a_tiny_training_from_end_to_end(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from training.pretrain.run import RunConfig, run_synthetic
    from training.synthetic.maps import EMOTIONS_TRAINING, Domain

    config = RunConfig(
        output=tmp_path,
        members=1,
        unit_members=1,
        maps=256,
        unit_maps=256,
        epochs=1,
        unit_epochs=1,
        jobs=1,
        validation_maps=256,
        emotion_domain=replace(EMOTIONS_TRAINING, faces=1),
        unit_domain=Domain(faces=1),
        validation_domain=Domain(faces=2),
    )
    summary = run_synthetic(config)
    assert "2 networks" in summary and "torch and ONNX differ" in summary
    card = json.loads((tmp_path / "model_card.json").read_text())
    assert card["members"] == card["unit_members"] == 1
    validation = card["synthetic_validation"]
    assert 90 < validation["count"] < 128 and 0.0 <= validation["unit_f1"] <= 1.0
    assert set(card["units"]) == set(UNITS)
    recognizer = load_recognizer(tmp_path, RecognizerConfig(device="cpu"))
    assert recognizer.fingerprint == card["fingerprint"]
    shares = load_map_classifier(tmp_path).recognize_maps(np.zeros((3, 28, 28, 3), dtype=np.uint8))
    assert shares.shape == (3, 3)
    black = np.zeros((1, 128, 128, 3), dtype=np.uint8)
    assert recognizer.recognize_pairs(black, black)[0].shape == (1, 4)


def test_weights_are_not_replaced_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    (tmp_path / "scvit_synthetic.onnx").write_bytes(b"mine")
    monkeypatch.setattr(sys, "argv", ["mer-train", "synthetic", "--output", str(tmp_path)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2 and "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "scvit_synthetic.onnx").read_bytes() == b"mine"


SLEEPER = """
import time
from training import cli
@cli.app.command()
def sleep() -> None:
    print("asleep", flush=True)
    time.sleep(60)
cli.main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, "sleep"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "asleep\n"
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in said


def run_in_a_plain_locale(*words: str | bytes) -> subprocess.CompletedProcess[bytes]:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "training.cli", *words]
    return subprocess.run(command, capture_output=True, env={**os.environ, **plain}, timeout=120)


@pytest.mark.skipif(os.name != "posix", reason="locales and names of POSIX")
def test_errors_in_a_plain_locale_are_sentences_without_secrets(tmp_path: Path) -> None:
    root = ["--root", str(tmp_path)]
    found = run_in_a_plain_locale("datasets", "--dataset", "https://anna:s3cret@host/grün", *root)
    assert found.returncode == 2 and b"s3cret" not in found.stderr + found.stdout
    assert found.stderr.startswith(b"mer-train: error: ") and b"https://host/" in found.stderr
    # A name that is no UTF-8, in an argument of every kind of sub-command.
    odd = os.fsencode(tmp_path) + b"/caf\xe9"
    for words, code in (
        (["zero-shot", "--root", odd], 3),
        (["score-spots", "--truth", odd, "--pred", odd], 3),
        (["ablate", odd + b".yaml", "--dataset", "smic", "--output", "out", *root], 2),
        (["export", "--weights", odd, "--output", str(tmp_path / "out")], 7),
    ):
        done = run_in_a_plain_locale(*words)
        assert done.returncode == code, done.stderr
        assert done.stderr.startswith(b"mer-train: error: ") and b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["datasets", "--dataset", "nothing", "--root", "/"], 2, "mer-train: error: "),
        (["no-such-command"], 2, "mer-train: error: "),
        (["loso", "--seeds", "0"], 2, "mer-train: error: "),
        (["score-spots", "--truth", "/dev/zero", "--pred", "/dev/zero"], 3, "No table at"),
        (["ablate", "/dev/zero.yaml", "--dataset", "casme2", "--root", "x", "--output", "y"], 2,
         "experiment"),
        ([], 2, ""),
        (["--version"], 0, ""),
    ],
)  # fmt: skip
def test_it_keeps_to_the_common_frame(
    words: list[str], code: int, part: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["mer-train", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == code
    assert part in capsys.readouterr().err
