"""Head motion out of cell motion: a robust fit of a small rigid 3-D movement.

Under weak perspective a small rotation of the head moves a point at (X, Y) with depth Z by

    u = tx + s X - w Y + a Z
    v = ty + s Y + w X + b Z

with translation (tx, ty), scale s, in-plane rotation w, yaw a and pitch b. The depth comes from the
face mesh, so the nose may move against the temples without being taken for an expression.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_PARAMETERS = 6
# Yaw and pitch lean on the mesh's depth, which is a guess: hold them a little.
_RIDGE = np.array([1e-6, 1e-6, 1e-3, 1e-3, 5e-3, 5e-3])


def rigid_design(x: NDArray, y: NDArray, depth: NDArray) -> NDArray[np.float64]:
    """The equations above at places x, y with a depth, each [...]: design matrix [..., 2, 6]."""
    zero, one = np.zeros_like(x), np.ones_like(x)
    u = np.stack([one, zero, x, -y, depth, zero], axis=-1)
    v = np.stack([zero, one, y, x, zero, depth], axis=-1)
    return np.stack([u, v], axis=-2)


class RigidFit:
    """The fit for one set of cells at [C, 3] (x, y, depth; centred, in IOD)."""

    def __init__(self, positions_iod: NDArray) -> None:
        x, y, z = positions_iod.astype(np.float64).T
        self.design = rigid_design(x, y, z)  # [C, 2, 6]
        # A cell's share of the normal equations: [C, 36] and, per motion component, [C, 6].
        self._squares = np.einsum("cip,ciq->cpq", self.design, self.design).reshape(len(x), -1)

    def motion(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Motion of every cell [C, 2] under head parameters [6]."""
        return self.design @ parameters

    def solve(
        self, motion_iod: NDArray, weights: NDArray, scale_iod: float = 0.006, rounds: int = 3
    ) -> NDArray[np.float64]:
        """Head parameters [6] in `motion_iod` [C, 2], by iteratively reweighted least squares.

        Cells that disagree by much more than `scale_iod` lose their say (Cauchy weights), so that
        a moving brow or mouth does not pull the head along.
        """
        prior = weights.astype(np.float64)
        say = prior
        targets = (self.design * motion_iod[:, :, None]).sum(axis=1)  # [C, 6]
        parameters = np.zeros(N_PARAMETERS)
        for _ in range(rounds):
            normal = (say @ self._squares).reshape(N_PARAMETERS, N_PARAMETERS)
            normal.flat[:: N_PARAMETERS + 1] += _RIDGE * max(float(say.sum()), 1e-9)
            parameters = np.linalg.solve(normal, say @ targets)
            residual = motion_iod - self.design @ parameters
            say = prior / (1.0 + (residual * residual).sum(axis=1) / scale_iod**2)
        return parameters
