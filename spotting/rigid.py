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
_RIDGE = np.array([1e-6, 1e-6, 1e-3, 1e-3, 2e-2, 2e-2])


def rigid_design(positions_iod: NDArray) -> NDArray[np.float64]:
    """Design matrix [C, 2, 6] of cells at [C, 3] (x, y, depth; centred, in IOD)."""
    x, y, z = positions_iod.astype(np.float64).T
    zero, one = np.zeros_like(x), np.ones_like(x)
    u = np.stack([one, zero, x, -y, z, zero], axis=1)
    v = np.stack([zero, one, y, x, zero, z], axis=1)
    return np.stack([u, v], axis=1)


def fit_rigid(
    design: NDArray[np.float64],
    motion_iod: NDArray,
    weights: NDArray,
    scale_iod: float = 0.006,
    rounds: int = 4,
) -> NDArray[np.float64]:
    """Parameters [6] of the head motion seen in `motion_iod` [C, 2] by reweighted least squares.

    Cells that disagree by much more than `scale_iod` lose their say (Cauchy weights), so that a
    moving brow or mouth does not pull the head along.
    """
    parameters = np.zeros(N_PARAMETERS)
    prior = weights.astype(np.float64)
    say = prior
    for _ in range(rounds):
        weighted = design * say[:, None, None]
        normal = np.einsum("cip,ciq->pq", weighted, design)
        right = np.einsum("cip,ci->p", weighted, motion_iod)
        normal[np.diag_indices(N_PARAMETERS)] += _RIDGE * max(float(say.sum()), 1e-9)
        parameters = np.linalg.solve(normal, right)
        residual = motion_iod - design @ parameters
        say = prior / (1.0 + (residual**2).sum(axis=1) / scale_iod**2)
    return parameters
