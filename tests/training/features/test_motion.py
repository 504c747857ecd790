"""Descriptors of motion, on fields whose answer is known."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recognition.classifiers.maps import optical_strain
from training.features.bi_woof import BiWoof
from training.features.fdm import Fdm, principal_motion
from training.features.flows import fields_from_onset, pair_field
from training.features.hoof import Hoof, orientations
from training.features.lbp_top import LbpTop
from training.features.mdmo import Mdmo, main_motion
from training.features.osf import Osf
from training.features.osw import Osw
from training.features.places import blocks, face_place
from training.features.strain import pooled


def constant(u: float, v: float, height: int = 10, width: int = 10) -> NDArray[np.float32]:
    return np.full((height, width, 2), (u, v), dtype=np.float32)


def stretched(u_x: float, u_y: float, v_x: float, v_y: float, side: int = 10) -> NDArray:
    """A linear field."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    return np.dstack([u_x * x + u_y * y, v_x * x + v_y * y]).astype(np.float32)


@pytest.mark.parametrize(
    ("slopes", "strain"),
    [
        ((0.3, 0.0, 0.0, 0.4), 0.5),  # sqrt(.3^2 + .4^2)
        ((0.0, 0.2, 0.0, 0.0), 0.2 / np.sqrt(2)),  # shear
        ((0.0, 0.2, -0.2, 0.0), 0.0),  # rotation
    ],
)
def test_the_strain_of_a_linear_field(slopes: tuple[float, ...], strain: float) -> None:
    """Pooled over a still frame and a stretched one, before its maximum is made one."""
    field = stretched(*slopes)
    np.testing.assert_allclose(optical_strain(field), strain, atol=1e-6)
    np.testing.assert_allclose(
        pooled(np.stack([0 * field, field])), min(1.0, strain * 99), atol=1e-4
    )


def test_directions_by_hand() -> None:
    """Right, down, left, up, each of length two, and one of length one at 45 degrees."""
    field = np.array([[[2, 0], [0, 2]], [[-2, 0], [0, -2]], [[0.71, 0.71], [0, 0]]], np.float32)
    found = orientations(field, np.linalg.norm(field, axis=-1), 8)
    np.testing.assert_allclose(found, [2, 1.004, 2, 0, 2, 0, 2, 0], atol=1e-3)
    hoof = Hoof(rows=1, columns=1).of_field(field)
    np.testing.assert_allclose(hoof, found / found.sum(), atol=1e-6)
    assert not Hoof(rows=2, columns=2).of_field(constant(0, 0)).any()


def test_a_bi_woof_histogram_by_hand() -> None:
    """The left block moves right by 3, the right one moves down by x: its strain is sqrt(1/2)."""
    field = constant(3, 0, 4, 8)
    field[:, 4:] = 0
    field[:, 4:, 1] = np.arange(4, 8)
    plain = BiWoof(rows=1, columns=2, local="none", across="none").of_field(field).reshape(2, 8)
    np.testing.assert_allclose(plain, [[1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0]])
    by_flow = BiWoof(rows=1, columns=2, across="none").of_field(field).reshape(2, 8)
    np.testing.assert_allclose(by_flow[0], [3, 0, 0, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(by_flow[1], [0, 0, 5.5, 0, 0, 0, 0, 0])
    # strain: v_x is 0 up to column 2, (4 - 0) / 2 = 2 at 3, (5 - 0) / 2 = 2.5 at 4, then 1;
    # u_x is -1.5 at 3 and 4
    strain = np.array([0, 0, 0, np.sqrt(2.25 + 2), np.sqrt(2.25 + 3.125), *[np.sqrt(0.5)] * 3])
    both = BiWoof(rows=1, columns=2).of_field(field).reshape(2, 8)
    np.testing.assert_allclose(both[0, 0], 3 * strain[:4].mean(), rtol=1e-5)
    np.testing.assert_allclose(both[1, 2], 5.5 * strain[4:].mean(), rtol=1e-5)


def test_bi_woof_weights_make_a_difference() -> None:
    field = np.random.default_rng(0).normal(size=(20, 20, 2)).astype(np.float32)
    kinds = ("none", "flow", "strain")
    made = [BiWoof(local=a, across=b).of_field(field) for a in kinds for b in kinds]  # type: ignore[arg-type]
    assert all(one.shape == (200,) for one in made)
    assert len({one.tobytes() for one in made}) == 9


def test_the_main_direction_is_that_of_most_vectors() -> None:
    field = np.array([[[1, 0], [1.2, 0.1], [0.8, -0.1], [0, 9]]], np.float32)
    np.testing.assert_allclose(main_motion(field, 8), [1, 0], atol=1e-6)


def test_mdmo_has_72_numbers() -> None:
    """Two frames: one moves right by 1, one by 3; a region moves down twice as far."""
    fields = np.stack([constant(1, 0, 12, 12), constant(3, 0, 12, 12)])
    fields[:, :2, :2] = [0, 4]
    made = Mdmo().of_fields(fields)
    assert made.shape == (72,)
    np.testing.assert_allclose(made[:36], 0.9 * np.array([1.0, *[0.5] * 35]), atol=1e-6)
    np.testing.assert_allclose(made[36:], 0.1 * np.array([np.pi / 2, *[0.0] * 35]), atol=1e-6)
    assert not Mdmo().of_fields(0 * fields).any()


def test_the_principal_direction_leaves_out_what_points_elsewhere() -> None:
    vectors = np.array([[2, 0], [2, 1], [2, -1], [-3, 0]], np.float32)
    np.testing.assert_allclose(principal_motion(vectors), [1.5, 0])
    assert not principal_motion(np.zeros((4, 2), np.float32)).any()


def test_fdm_tells_cuboids_apart() -> None:
    fields = np.concatenate([np.stack([constant(1, 0)] * 3), np.stack([constant(0, -2)] * 3)])
    made = Fdm(rows=2, columns=2, times=2).of_fields(fields).reshape(2, 4, 2)
    assert (made[0] == [1, 0]).all() and (made[1] == [0, -2]).all()


def bulging(frames: int, size: int = 64) -> NDArray[np.uint8]:
    """A textured square where a place beside the mouth moves up and back."""
    noise = np.random.default_rng(1).uniform(0, 255, (size, size)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    smooth = (smooth - smooth.mean()) * 4 + 128
    y, x = np.mgrid[:size, :size].astype(np.float32)
    place = np.exp(-((x - 0.6 * size) ** 2 + (y - 0.72 * size) ** 2) / (2 * (0.07 * size) ** 2))
    tops = 2.0 * np.sin(np.pi * np.arange(frames) / max(1, frames - 1))
    made = [cv2.remap(smooth, x, y + np.float32(top) * place, cv2.INTER_CUBIC) for top in tops]
    return np.clip(np.stack(made), 0, 255).astype(np.uint8)


def test_strain_marks_the_place_that_moves() -> None:
    clip = bulging(5)
    strain = pooled(fields_from_onset(clip, "dis"))
    rows, columns = face_place(64)
    top = np.unravel_index(strain.argmax(), strain.shape)
    assert abs(top[0] + rows.start - 0.72 * 64) < 9 and abs(top[1] + columns.start - 0.6 * 64) < 9
    assert strain.max() == 1
    feature = Osw(LbpTop(rows=3, columns=3, overlap=0.0, radius=1))
    weights = feature.weights(strain).reshape(3, 3)
    assert np.unravel_index(weights.argmax(), (3, 3)) == (2, 1) or weights.argmax() in (5, 8)
    made = feature(clip).reshape(9, 3 * 59)
    np.testing.assert_allclose(made.sum(axis=1), 3 * weights.ravel(), rtol=1e-4)


PAIRS = (Hoof(flow="dis"), BiWoof(flow="dis"))
CLIPS = (Mdmo(), Fdm(times=2), Osf(side=8), Osw(LbpTop(rows=2, columns=2, radius=1)))


@pytest.mark.parametrize("feature", [*PAIRS, *CLIPS], ids=lambda f: type(f).__name__)
def test_a_face_that_shows_nothing_gives_no_nan(feature: Callable[[NDArray], NDArray]) -> None:
    shape = (2, 64, 64, 3) if feature in PAIRS else (6, 64, 64)
    made = feature(np.full(shape, 120, np.uint8))
    assert np.isfinite(made).all() and made.dtype == np.float32 and made.ndim == 1


@pytest.mark.parametrize("feature", CLIPS, ids=lambda f: type(f).__name__)
def test_one_frame_has_no_motion(feature: Callable[[NDArray], NDArray]) -> None:
    with pytest.raises(ValueError, match="a clip of 1 frames: this descriptor needs"):
        feature(np.zeros((1, 64, 64), np.uint8))


def test_wrong_channels_are_refused() -> None:
    for wrong in (np.zeros((2, 64, 64), np.uint8), np.zeros((3, 64, 64, 3), np.uint8)):
        with pytest.raises(ValueError, match=r"a pair is uint8 \[2, S, S, 3\], RGB"):
            pair_field(wrong, "dis")


def test_blocks_cover_the_face_and_overlap_as_asked() -> None:
    plain = blocks((10, 6), 2, 3)
    assert plain[0] == (slice(0, 5), slice(0, 2)) and plain[-1] == (slice(5, 10), slice(4, 6))
    half = [rows for rows, _ in blocks((12, 4), 3, 1, 0.5)]  # 6 long, 3 further on
    assert half == [slice(0, 6), slice(3, 9), slice(6, 12)]
