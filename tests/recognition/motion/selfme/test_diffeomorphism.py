"""The spline expansion and the group exponential against closed forms."""

import math

import pytest
import torch

from recognition.motion.selfme.config import LATTICE
from recognition.motion.selfme.diffeomorphism import (
    SplineExpansion,
    compose,
    cubic_spline,
    exponential,
)

SIZE, STEPS = 64, 7


def jacobian_determinant(displacement_px: torch.Tensor) -> torch.Tensor:
    """det D(id + d) [N, S-1, S-1] by forward differences of d [N, 2, S, S]; > 0: no folding."""
    along_x = (displacement_px[..., :-1, 1:] - displacement_px[..., :-1, :-1]).unbind(1)
    along_y = (displacement_px[..., 1:, :-1] - displacement_px[..., :-1, :-1]).unbind(1)
    return (1.0 + along_x[0]) * (1.0 + along_y[1]) - along_x[1] * along_y[0]


def random_velocity(seed, strength_px):
    """Control points drawn independently: far rougher than any face moves."""
    generator = torch.Generator().manual_seed(seed)
    lattice = strength_px * torch.randn(2, 2, SIZE // LATTICE, SIZE // LATTICE, generator=generator)
    return SplineExpansion()(lattice)


def affine_field(matrix, shift):
    """A (x - centre) + b as a field [1, 2, S, S] of pixels."""
    line = torch.arange(SIZE) - (SIZE - 1) / 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y])
    return (torch.einsum("ij,jhw->ihw", matrix, points) + shift[:, None, None])[None]


def test_basis_function_by_hand():
    at = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, -0.5])
    expected = [2 / 3, 23 / 48, 1 / 6, 1 / 48, 0.0, 0.0, 23 / 48]
    assert cubic_spline(at).tolist() == pytest.approx(expected, abs=1e-6)


def test_expansion_of_one_control_point_is_the_basis_function():
    lattice = torch.zeros(1, 2, 8, 8)
    lattice[0, 0, 3, 4] = 1.0
    field = SplineExpansion()(lattice)
    assert field.shape == (1, 2, 32, 32)
    for row, column in ((13, 17), (10, 20), (6, 17), (13, 26)):
        weight = [(row - (4 * 3 + 1.5)) / 4, (column - (4 * 4 + 1.5)) / 4]
        expected = cubic_spline(torch.tensor(weight)).prod()
        assert field[0, 0, row, column] == pytest.approx(float(expected), abs=1e-6)
    assert not field[0, 1].any()


def test_expansion_keeps_constants_everywhere_and_slopes_inside():
    constant = SplineExpansion()(torch.full((1, 2, 8, 8), 1.5))
    torch.testing.assert_close(constant, torch.full((1, 2, 32, 32), 1.5))
    control = torch.arange(8.0) * 4 + 1.5  # where the control points are, in pixels
    slope = SplineExpansion()(control.expand(1, 2, 8, 8).contiguous())
    inside = slope[0, 0, 16, 8:24]
    torch.testing.assert_close(inside, torch.arange(8.0, 24.0), atol=1e-4, rtol=0)


def test_constant_velocity_is_a_translation():
    velocity = torch.tensor([1.7, -0.4])[None, :, None, None].expand(1, 2, SIZE, SIZE)
    torch.testing.assert_close(exponential(velocity, STEPS), velocity.contiguous())


def test_affine_velocity_is_the_matrix_exponential():
    """v = A x + b gives x -> e^A x + A^-1 (e^A - 1) b; a turn of 6 degrees that also grows."""
    turn, grow = math.radians(6.0), 0.03
    matrix = torch.tensor([[grow, -turn], [turn, grow]])
    shift = torch.tensor([0.8, -0.5])
    found = exponential(affine_field(matrix, shift), STEPS)
    power = torch.linalg.matrix_exp(matrix)
    moved = torch.linalg.inv(matrix) @ (power - torch.eye(2)) @ shift
    expected = affine_field(power - torch.eye(2), moved)
    inside = slice(12, SIZE - 12)  # beyond the border the velocity is not linear any more
    error = (found - expected)[..., inside, inside].abs().max()
    assert error < 0.02
    assert (affine_field(matrix, shift) - expected)[..., inside, inside].abs().max() > 0.15


@pytest.mark.parametrize("strength_px", [1.0, 2.0, 3.0])
def test_never_folds(strength_px):
    """Neighbouring control points that pull apart by more than their distance, and still no fold.

    From about 4 px on (peaks of 8 px that turn round within 4) one pixel is too coarse a grid.
    """
    for seed in range(8):
        velocity = random_velocity(seed, strength_px)
        for way in (velocity, -velocity):
            assert jacobian_determinant(exponential(way, STEPS)).min() > 0.0


def test_large_smooth_motion_does_not_fold():
    coarse = 20.0 * torch.randn(1, 2, 4, 4, generator=torch.Generator().manual_seed(5))
    lattice = torch.nn.functional.interpolate(coarse, size=(16, 16), mode="bicubic")
    velocity = SplineExpansion()(lattice)
    assert velocity.abs().max() > 20.0
    assert jacobian_determinant(exponential(velocity, STEPS)).min() > 0.0


def test_without_the_exponential_it_would_fold():
    assert jacobian_determinant(random_velocity(0, 3.0)).min() < 0.0


@pytest.mark.parametrize("seed", range(3))
def test_the_opposite_velocity_is_the_inverse(seed):
    velocity = random_velocity(seed, 2.0)
    inside = slice(10, SIZE - 10)  # what leaves the picture cannot be followed back
    forth, back = exponential(velocity, STEPS), exponential(-velocity, STEPS)
    rest = compose(back, forth)[..., inside, inside]
    moved = forth[..., inside, inside].abs().max()
    assert moved > 2.0
    assert rest.abs().mean() < 0.03  # bilinear sampling of so rough a field
    assert rest.abs().max() < 0.1 * moved


def test_jacobian_by_hand():
    """x grows by 10 %, y shrinks by 20 %: the area changes by 1.1 x 0.8."""
    field = affine_field(torch.tensor([[0.1, 0.0], [0.0, -0.2]]), torch.zeros(2))
    torch.testing.assert_close(
        jacobian_determinant(field), torch.full((1, SIZE - 1, SIZE - 1), 0.88)
    )
