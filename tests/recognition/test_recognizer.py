"""The recogniser in ONNX Runtime, with the bundled weights."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognition.classifiers.maps import MapClassifier
from recognition.config import MapConfig, RecognizerConfig
from recognition.loading import load_map_classifier, load_recognizer
from recognition.recognizer import Recognizer
from streamer.core.errors import ModelError, UsageError
from streamer.core.records import EMOTIONS, OTHER, AlignedFace, Face
from streamer.faces.alignment import bring_to_anchor

CONFIG = MapConfig()


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load_recognizer(config=RecognizerConfig(device="cpu"))


@pytest.fixture(scope="module")
def classifier() -> MapClassifier:
    return load_map_classifier(config=RecognizerConfig(device="cpu"))


def face_grid() -> tuple[np.ndarray, np.ndarray]:
    (eye_x, eye_y), iod = CONFIG.eyes_px, CONFIG.iod_px
    y, x = np.mgrid[0:128, 0:128].astype(np.float64)
    return (x - eye_x) / iod, (y - eye_y) / iod


def bump(x: np.ndarray, y: np.ndarray, at: tuple[float, float], way: tuple[float, float]):
    """A bump at both sides of the face, mirrored."""
    total = np.zeros((*x.shape, 2))
    for side in (-1.0, 1.0):
        weight = np.exp(-0.5 * (((x - side * at[0]) / 0.2) ** 2 + ((y - at[1]) / 0.17) ** 2))
        total += weight[..., None] * (side * way[0], way[1])
    return total


def aligned(image: np.ndarray, anchor: int = 0, matrix: np.ndarray | None = None) -> AlignedFace:
    mesh = np.zeros((468, 3), dtype=np.float32)
    to_face = np.eye(2, 3, dtype=np.float32) if matrix is None else matrix.astype(np.float32)
    face = Face(0, (0.0, 0.0, 1.0, 1.0), mesh, 1.0)
    return AlignedFace(0, 0.0, image, face, anchor, to_face, mesh)


def textured(size: int = 128) -> np.ndarray:
    noise = np.random.default_rng(2).normal(size=(size, size, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 120 * soft / np.abs(soft).max(), 0, 255).astype(np.uint8)


def moved(image: np.ndarray, field_iod: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[0:128, 0:128].astype(np.float32)
    back = field_iod.astype(np.float32) * np.float32(CONFIG.iod_px)
    return cv2.remap(
        image, columns - back[..., 0], rows - back[..., 1], cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


CASES = [
    ("surprise", (0.5, -0.35), (0.0, -0.04)),  # brows up
    ("negative", (0.35, -0.32), (-0.02, 0.03)),  # brows down and together
    ("positive", (0.42, 0.92), (0.025, -0.03)),  # lip corners up and out
]


@pytest.mark.parametrize(("emotion", "place", "way"), CASES)
def test_plain_expressions(recognizer: Recognizer, emotion, place, way) -> None:
    field = bump(*face_grid(), place, way)
    onset = textured()
    found = recognizer.recognize(aligned(onset), aligned(moved(onset, field)))
    assert found.emotion == emotion
    assert set(found.probabilities) == {*EMOTIONS, OTHER}
    assert sum(found.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    assert found.confidence == pytest.approx(found.probabilities[emotion])


def test_a_new_anchor_between_onset_and_apex_changes_nothing(recognizer: Recognizer) -> None:
    """The same two frames, the onset seen through a shifted and turned anchor."""
    frame = textured(256)
    at_apex = np.array([[1.0, 0.0, -64.0], [0.0, 1.0, -64.0]])
    angle = np.radians(3.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([128.0, 128.0])
    shift = np.array([66.0, 61.0]) - turn @ centre
    at_onset = np.hstack([turn, shift[:, None]])
    onset_straight = cv2.warpAffine(frame, at_apex, (128, 128))
    onset_turned = cv2.warpAffine(frame, at_onset, (128, 128))
    back = bring_to_anchor(aligned(onset_turned, 0, at_onset), aligned(onset_straight, 1, at_apex))
    inner = np.s_[20:108, 20:108]
    gap = np.abs(back[inner].astype(int) - onset_straight[inner].astype(int)).mean()
    assert gap < 6.0  # two interpolations of a fine texture; unaligned they differ by far more
    unaligned = np.abs(onset_turned[inner].astype(int) - onset_straight[inner].astype(int)).mean()
    assert gap < 0.3 * unaligned
    apex = moved(onset_straight, bump(*face_grid(), (0.5, -0.35), (0.0, -0.05)))
    found = recognizer.recognize(aligned(onset_turned, 0, at_onset), aligned(apex, 1, at_apex))
    assert found.emotion == "surprise"


def test_the_same_anchor_is_left_alone() -> None:
    face = aligned(textured())
    assert bring_to_anchor(face, face) is face.image


def test_maps_in_batches_equal_maps_one_by_one(classifier: MapClassifier) -> None:
    maps = np.random.default_rng(0).integers(0, 256, (300, 28, 28, 3), dtype=np.uint8)
    together = classifier.recognize_maps(maps)
    assert together.shape == (300, 3) and together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(classifier.recognize_maps(maps[7:8])[0], together[7], atol=1e-5)
    assert classifier.recognize_maps(maps[:0]).shape == (0, 3)


def test_a_flat_map_is_answered_with_numbers(classifier: MapClassifier) -> None:
    flat = np.full((1, 28, 28, 3), 128, dtype=np.uint8)
    assert np.isfinite(classifier.recognize_maps(flat)).all()


def test_wrong_maps_are_named(classifier: MapClassifier) -> None:
    with pytest.raises(ValueError, match="float32"):
        classifier.recognize_maps(np.zeros((1, 28, 28, 3), dtype=np.float32))  # type: ignore[arg-type]


def test_other_preprocessing_is_refused_with_both_names() -> None:
    other = replace(CONFIG, crop_left_iod=-0.9)
    with pytest.raises(ModelError, match=r"made for preprocessing \w{16}, this run uses \w{16}"):
        load_recognizer(config=RecognizerConfig(device="cpu", map=other))


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="is no ONNX file"):
        load_recognizer(tmp_path / "net.onnx", RecognizerConfig(device="cpu"))


def test_an_unknown_device_is_named() -> None:
    with pytest.raises(UsageError, match="'tpu'"):
        load_recognizer(config=RecognizerConfig(device="tpu"))


def test_recognition_starts_without_torch_and_prints_nothing() -> None:
    code = (
        "import sys, numpy as np\n"
        "from recognition.loading import load_map_classifier\n"
        "load_map_classifier().recognize_maps(np.zeros((1, 28, 28, 3), np.uint8))\n"
        "heavy = {'torch', 'sklearn', 'scipy', 'onnx', 'mediapipe'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_bundled_model_tells_units_and_their_prototype() -> None:
    """Brows that rise on both sides, and lip corners that rise on the image's right alone."""
    found = load_recognizer(config=RecognizerConfig(device="cpu", emotions="facs"))
    onset, (x, y) = textured(), face_grid()
    brows = found.recognize(
        aligned(onset), aligned(moved(onset, bump(x, y, (0.5, -0.35), (0.0, -0.04))))
    )
    assert {"1", "2"} <= {unit.unit for unit in brows.units or ()}
    assert brows.because.startswith("1+2") and brows.prototype == "surprise"
    corner = bump(x, y, (0.42, 0.92), (0.025, -0.03)) * (x > 0)[..., None]
    smile = found.recognize(aligned(onset), aligned(moved(onset, corner)))
    assert ("12", "L") in {(unit.unit, unit.side) for unit in smile.units or ()}


def test_prototypes_of_a_model_without_units_are_refused() -> None:
    config = RecognizerConfig(device="cpu", motion="farneback", emotions="facs")
    with pytest.raises(UsageError, match="tells no action units"):
        load_recognizer(None, config)
