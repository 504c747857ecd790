"""Every method of the registry, whatever it reads, from frames to a finished run."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamer.sources import open_source
from training.datasets import load_dataset
from training.loso.config import LosoConfig
from training.loso.registry import MODELS
from training.loso.run import run_loso
from training.prepare.run import PrepareConfig, prepare

pytestmark = pytest.mark.slow

_FRAMES = 10  # of a clip
_CLASSES = ("negative", "positive", "surprise")
_SUBJECTS = ("ann", "ben")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips of two subjects, cut from the bundled recording, prepared once for all methods."""
    root = tmp_path_factory.mktemp("frames")
    starts = [40 + 2 * _FRAMES * k for k in range(len(_SUBJECTS) * len(_CLASSES))]
    source = open_source("sample")
    for frame in source:
        at, number = divmod(frame.index - starts[0], 2 * _FRAMES)
        if 0 <= at < len(starts) and number < _FRAMES:
            (root / f"clip{at}").mkdir(exist_ok=True)
            picture = cv2.imencode(".jpg", frame.image[..., ::-1])[1]
            (root / f"clip{at}" / f"{number}.jpg").write_bytes(picture.tobytes())
        if at >= len(starts):
            break
    source.close()
    rows = ["subject,clip,path,fps,onset,apex,offset,emotion"]
    for at in range(len(starts)):
        subject, emotion = _SUBJECTS[at // len(_CLASSES)], _CLASSES[at % len(_CLASSES)]
        rows.append(f"{subject},clip{at},clip{at},30,0,{_FRAMES // 2},{_FRAMES - 1},{emotion}")
    (root / "clips.csv").write_text("\n".join(rows) + "\n")
    folder = tmp_path_factory.mktemp("prepared") / "cache"
    made = prepare(load_dataset("folder", root), folder, PrepareConfig(clips=True))
    assert made.made == len(starts)
    return folder


@pytest.mark.parametrize("model", MODELS)
def test_a_method_answers_for_every_clip(model: str, cache: Path, tmp_path: Path) -> None:
    found = run_loso(LosoConfig("folder", cache, model, tmp_path, seeds=1, epochs=1, device="cpu"))
    assert (found["n"], found["subjects"]) == (6, 2)
    assert json.loads((tmp_path / "results.json").read_text())["uf1"] == found["uf1"]
    folds = [json.loads(path.read_text()) for path in tmp_path.glob("folds/*.json")]
    answers = {clip: told for fold in folds for clip, told in fold["clips"].items()}
    assert len(answers) == 6
    shares = np.array([told["probabilities"] for told in answers.values()])
    assert shares.shape == (6, 3) and np.isfinite(shares).all() and (shares >= 0).all()
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-4)
