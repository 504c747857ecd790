"""Diffeomorphic expansion of SelfME: cubic B-splines (eq. 9), then the group exponential.

The lattice holds control points of a stationary velocity field, LATTICE pixels apart, each in the
middle of its block of pixels. The exponential by scaling and squaring follows Arsigny et al. 2006;
spacing and number of squarings follow MIDIR (Qiu et al. 2021), which the paper cites.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognition.motion.selfme.config import LATTICE
from recognition.motion.selfme.layers import warp

_BORDER = 2  # control points beyond the border that still reach into the picture


def cubic_spline(t: Tensor) -> Tensor:
    """The cubic B-spline basis function, support -2..2."""
    away = t.abs()
    near = 2.0 / 3.0 - away**2 + 0.5 * away**3
    far = (2.0 - away).clamp(min=0.0) ** 3 / 6.0
    return torch.where(away < 1.0, near, far)


class SplineExpansion(nn.Module):
    """Phi(v) = sum_u Phi~(u) beta(v1 - u1) beta(v2 - u2) (eq. 9): [N, 2, h, h] -> [N, 2, 4h, 4h].

    Exact for constant lattices everywhere, and for linear ones away from the border, beyond which
    the outermost control points are repeated.
    """

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        offsets = torch.arange(4 * LATTICE) + 0.5 - 2 * LATTICE  # pixels from the control point
        line = cubic_spline(offsets / LATTICE)
        kernel = (line[:, None] * line[None, :]).expand(2, 1, -1, -1).contiguous()
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, lattice: Tensor) -> Tensor:
        padded = functional.pad(lattice, (_BORDER,) * 4, mode="replicate")
        cut = (3 * LATTICE) // 2 + _BORDER * LATTICE
        kernel = self.kernel.to(lattice.dtype)
        return functional.conv_transpose2d(padded, kernel, stride=LATTICE, padding=cut, groups=2)


def exponential(velocity_px: Tensor, steps: int) -> Tensor:
    """Displacement [N, 2, S, S] of exp(v) in pixels, by scaling and squaring.

    v / 2^steps is so small that id + v / 2^steps is its exponential; squaring a map is composing it
    with itself. exp(-v) is the inverse of exp(v).
    """
    displacement = velocity_px / 2.0**steps
    for _ in range(steps):
        displacement = compose(displacement, displacement)
    return displacement


def compose(outer: Tensor, inner: Tensor) -> Tensor:
    """Displacement of (id + outer) o (id + inner), all [N, 2, S, S] in pixels."""
    return inner + warp(outer, inner)
