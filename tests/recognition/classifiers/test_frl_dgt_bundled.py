"""The FRL-DGT that comes with the package: it opens, answers, and its displacement is motion."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognition.config import RecognizerConfig
from recognition.files.model_file import BUNDLED, CARD
from recognition.loading import load_recognizer
from recognition.recognizer import Recognizer

FOLDER = BUNDLED.parent / "frl-dgt"


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load_recognizer(None, RecognizerConfig(device="cpu", motion="frl-dgt"))


def textured() -> np.ndarray:
    noise = np.random.default_rng(2).normal(size=(128, 128, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.clip(128 + 120 * soft / np.abs(soft).max(), 0, 255).astype(np.uint8)


def moved(face: np.ndarray, x_px: np.ndarray, y_px: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[0:128, 0:128].astype(np.float32)
    where = (columns - x_px).astype(np.float32), (rows - y_px).astype(np.float32)
    return cv2.remap(face, *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def test_model_and_card_are_small_and_belong_together() -> None:
    files = [path for path in FOLDER.iterdir() if path.suffix in (".onnx", ".safetensors")]
    card = json.loads((FOLDER / CARD).read_text(encoding="utf-8"))
    assert {path.name for path in files} == set(card["sha256"]) and len(files) == 2
    assert sum(path.stat().st_size for path in files) <= 3_000_000
    assert card["motion"] == "frl-dgt" and card["run"]["validation"]["count"] > 0
    assert "reconstruction" in Path(FOLDER / "model_card.md").read_text(encoding="utf-8")


def test_its_displacement_follows_the_face(recognizer: Recognizer) -> None:
    face, one = textured(), np.ones((128, 128), dtype=np.float32)
    apex = np.stack([moved(face, 0.8 * one, -0.5 * one), moved(face, -0.6 * one, 0.7 * one), face])
    _, motion = recognizer.recognize_pairs(np.stack([face] * 3), apex)
    found = motion[:, :, 32:96, 40:88].mean(axis=(2, 3))
    true = np.array([(0.8, -0.5), (-0.6, 0.7), (0.0, 0.0)])
    assert (np.linalg.norm(found - true, axis=1) < 0.6 * np.linalg.norm(true[0])).all()
    assert (found[:2] * true[:2] > 0.0).all()  # the right way, not to the pixel: see the card


def test_torch_and_onnx_answer_alike(recognizer: Recognizer) -> None:
    pytest.importorskip("torch")
    config = RecognizerConfig(device="cpu", motion="frl-dgt", backend="torch")
    face, one = textured(), np.ones((128, 128), dtype=np.float32)
    pair = face[None], moved(face, 0.7 * one, 0.2 * one)[None]
    shares, motion = recognizer.recognize_pairs(*pair)
    same, same_motion = load_recognizer(None, config).recognize_pairs(*pair)
    np.testing.assert_allclose(shares, same, atol=1e-4)
    np.testing.assert_allclose(motion, same_motion, atol=1e-4)


def test_brows_up_are_a_surprise(recognizer: Recognizer) -> None:
    y, x = (np.mgrid[0:128, 0:128] - np.array([46.08, 64.0])[:, None, None]) / 43.52
    brows = sum(
        np.exp(-0.5 * (((x - side * 0.5) / 0.25) ** 2 + ((y + 0.35) / 0.17) ** 2))
        for side in (-1.0, 1.0)
    )
    face = textured()
    shares, _ = recognizer.recognize_pairs(face[None], moved(face, 0.0 * y, -1.7 * brows)[None])
    assert shares[0].argmax() == 2
