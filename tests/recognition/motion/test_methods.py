"""Every motion method measures a known shift, in the direction and unit of `motion_field`."""

import importlib.util
import sys

import cv2
import numpy as np
import pytest

from recognition.config import MapConfig
from recognition.motion.head import remove_rigid
from recognition.motion.methods import LEARNED, METHODS, motion_field, motion_method
from streamer.core.errors import InstallError, ModelError

CLASSICAL = [name for name in METHODS if name not in LEARNED]
HAS_SKIMAGE = importlib.util.find_spec("skimage") is not None
CASES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name == "tvl1" and not HAS_SKIMAGE, reason="scikit-image is not installed"
        ),
    )
    for name in CLASSICAL
]


def textured(shift_px=(0.0, 0.0)):
    noise = np.random.default_rng(1).uniform(0, 255, (160, 160, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    smooth = (smooth - smooth.mean()) * 5 + 128
    matrix = np.array([[1, 0, shift_px[0] - 16], [0, 1, shift_px[1] - 16]], dtype=np.float32)
    return np.clip(cv2.warpAffine(smooth, matrix, (128, 128)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", CASES)
def test_a_shift_is_measured_from_onset_to_apex(name):
    motion = motion_method(name)(textured(), textured((1.5, -0.75)))
    assert motion.shape == (128, 128, 2)
    assert motion.dtype == np.float32
    inside = motion[24:-24, 24:-24].reshape(-1, 2)
    assert np.median(inside, axis=0) == pytest.approx([1.5, -0.75], abs=0.15)


@pytest.mark.parametrize("name", CASES)
def test_fields_are_freed_of_the_head_and_in_iod(name):
    face = MapConfig()
    motion = motion_method(name)(textured(), textured((1.5, -0.75))) / np.float32(face.iod_px)
    field = remove_rigid(motion, face)
    assert np.abs(motion[24:-24, 24:-24]).mean() > 1.0 / face.iod_px
    assert np.abs(field[24:-24, 24:-24]).mean() < 0.2 / face.iod_px


@pytest.mark.parametrize("name", ["lucas-kanade", "horn-schunck"])
def test_where_nothing_is_seen_nothing_moves(name):
    flat = np.full((128, 128), 90, dtype=np.uint8)
    measure = motion_method(name)
    np.testing.assert_array_equal(measure(flat, flat), 0)
    np.testing.assert_array_equal(measure(flat, flat + np.uint8(20)), 0)  # a change of the light


@pytest.mark.parametrize(("name", "px"), [("lucas-kanade", 0.15), ("horn-schunck", 0.2)])
def test_a_bulge_is_measured_where_it_is(name, px):
    y, x = np.mgrid[:128, :128].astype(np.float32)
    truth = 2.0 * np.exp(-((x - 64) ** 2 + (y - 64) ** 2) / (2 * 15**2))
    onset = textured()
    apex = cv2.remap(onset, x - truth, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    error = motion_method(name)(onset, apex) - np.dstack([truth, np.zeros_like(truth)])
    assert np.linalg.norm(error[16:-16, 16:-16], axis=-1).mean() < px


def test_without_scikit_image_tvl1_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.registration", None)
    with pytest.raises(InstallError, match=r"scikit-image .*mer-stream\[train\]"):
        motion_method("tvl1")(textured(), textured())


def test_dis_is_the_field_of_the_stream():
    onset, apex, face = textured(), textured((0.7, 0.2)), MapConfig()
    motion = motion_method("dis")(onset, apex) / np.float32(face.iod_px)
    np.testing.assert_array_equal(remove_rigid(motion, face), motion_field(onset, apex, face))


def test_unknown_names_and_missing_weights_say_what_to_do(tmp_path):
    with pytest.raises(
        ValueError, match="dis, farneback, tvl1, lucas-kanade, horn-schunck, selfme"
    ):
        motion_method("horn")
    pytest.importorskip("torch")
    with pytest.raises(ModelError, match="mer-train motion"):
        motion_method("selfme", weights=tmp_path / "none.safetensors")
