"""Action units: strength, sides, symmetry, reach, direction."""

from __future__ import annotations

import numpy as np
import pytest

from training.synthetic.action_units import AUS, Activation, displacement
from training.synthetic.face_model import CANONICAL_LANDMARKS, KEY_POINTS, face_coordinates

GRID = np.stack(np.meshgrid(np.linspace(-1.25, 1.25, 201), np.linspace(-1.05, 1.95, 241)), axis=-1)


def magnitude(field: np.ndarray) -> np.ndarray:
    return np.sqrt((field**2).sum(axis=-1))


def at(au: str, index: int, strength: float = 0.04) -> np.ndarray:
    point = np.array(KEY_POINTS[index][:2])
    return displacement([Activation(au, strength, strength)], point)


@pytest.mark.parametrize("au", AUS)
def test_the_peak_is_the_strength(au: str) -> None:
    field = displacement([Activation(au, 0.04, 0.04)], GRID)
    assert magnitude(field).max() == pytest.approx(0.04, rel=0.01)


@pytest.mark.parametrize("au", AUS)
def test_mirror_symmetry(au: str) -> None:
    field = displacement([Activation(au, 0.02, 0.05)], GRID)
    swapped = displacement([Activation(au, 0.05, 0.02)], GRID)
    np.testing.assert_allclose(swapped[:, ::-1] * (-1, 1), field, atol=1e-6)


@pytest.mark.parametrize("au", AUS)
def test_one_side_leaves_the_other_at_rest(au: str) -> None:
    field = magnitude(displacement([Activation(au, 0.04, 0.0)], GRID))
    left, right = field[:, GRID[0, :, 0] < 0], field[:, GRID[0, :, 0] > 0.2]
    assert left.max() > 0.6 * 0.04
    assert right.max() < 0.05 * left.max()


@pytest.mark.parametrize("au", AUS)
def test_far_from_the_face_nothing_moves(au: str) -> None:
    far = np.array([[4.0, 0.0], [-4.0, 0.0], [0.0, -4.0], [0.0, 5.0]])
    assert magnitude(displacement([Activation(au, 1.0, 1.0)], far)).max() < 1e-4


@pytest.mark.parametrize("au", AUS)
def test_the_peak_follows_a_real_face(au: str) -> None:
    wide = CANONICAL_LANDMARKS * (1.15, 1.1, 1.0)
    field = displacement([Activation(au, 0.04, 0.04)], GRID, wide)
    assert magnitude(field).max() == pytest.approx(0.04, rel=0.01)


def test_directions_of_the_manual() -> None:
    # Left in the image: medial is +x, lateral -x; up is -y.
    assert at("1", 107)[1] < -0.03  # inner brow up
    assert at("2", 70)[1] < -0.03  # outer brow up
    assert at("4", 107)[0] > 0.01 and at("4", 107)[1] > 0.02  # together and down
    assert at("5", 159)[1] < -0.03 and at("45", 159)[1] > 0.03  # upper lid up, down
    assert at("7", 145)[1] < -0.03  # lower lid up
    assert at("9", 129)[1] < -0.03 and at("9", 107)[1] > 0.005  # nose wing up, brow down
    assert at("12", 61)[0] < -0.02 and at("12", 61)[1] < -0.02  # corner up and out
    assert at("15", 61)[1] > 0.03  # corner down
    assert at("17", 199)[1] < -0.03 and at("17", 17)[1] < -0.015  # chin and lower lip up
    assert at("20", 61)[0] < -0.03 and abs(at("20", 61)[1]) < 0.01  # corner straight out
    assert at("25", 17)[1] > 0.03 and at("25", 0)[1] < -0.005  # lips apart
    assert at("26", 199)[1] > 0.02  # chin down


def test_activations_add_up() -> None:
    one, two = Activation("12", 0.03, 0.02), Activation("6", 0.01, 0.02)
    together = displacement([one, two], GRID)
    apart = displacement([one], GRID) + displacement([two], GRID)
    np.testing.assert_allclose(together, apart, atol=1e-6)


def test_an_unknown_unit_is_named() -> None:
    with pytest.raises(ValueError, match="unknown action unit '99'"):
        displacement([Activation("99", 0.1, 0.1)], GRID)


def test_a_wrong_mesh_is_named() -> None:
    with pytest.raises(ValueError, match=r"\(10, 2\)"):
        displacement([Activation("1", 0.1, 0.1)], GRID, np.zeros((10, 2)))


def test_face_coordinates_undo_rotation_and_scale() -> None:
    mesh = np.zeros((468, 3))
    mesh[[33, 133, 362, 263], :2] = [(-0.7, 0.0), (-0.3, 0.0), (0.3, 0.0), (0.7, 0.0)]
    mesh[4, :2] = (0.0, 0.5)
    angle, scale = 0.3, 80.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = mesh[:, :2] @ turn.T * scale + (200.0, 120.0)
    np.testing.assert_allclose(face_coordinates(seen), mesh[:, :2], atol=1e-5)
