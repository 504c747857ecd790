"""Head motion out of the motion of places on a face: a robust fit of a small rigid 3-D movement.

Under weak perspective a small rotation of the head moves a point at (X, Y) with depth Z by

    u = tx + s X - w Y + a Z
    v = ty + s Y + w X + b Z

with translation (tx, ty), scale s, in-plane rotation w, yaw a and pitch b. The depth comes from the
face mesh or a mean face, so the nose may move against the temples without being taken for an
expression. `recognition.classifiers.field_input.HeadFit` is the same fit in torch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_PARAMETERS = 6
# Yaw and pitch lean on the mesh's depth, which is a guess: hold them a little.
MESH_RIDGE = (1e-6, 1e-6, 1e-3, 1e-3, 5e-3, 5e-3)
LEAST_SCALE_IOD = 1e-5


def rigid_design(x: NDArray, y: NDArray, depth: NDArray) -> NDArray[np.float64]:
    """The equations above at places x, y with a depth, each [...]: design matrix [..., 2, 6]."""
    zero, one = np.zeros_like(x), np.ones_like(x)
    u = np.stack([one, zero, x, -y, depth, zero], axis=-1)
    v = np.stack([zero, one, y, x, zero, depth], axis=-1)
    return np.stack([u, v], axis=-2)


class RigidFit:
    """The fit for one set of places at [C, 3] (x, y, depth), in IOD.

    Args:
        rounds: of iteratively reweighted least squares.
        scale_iod: places that disagree by much more lose their weight (Cauchy), so that a moving
            brow or mouth does not pull the head along; None: 1.5 weighted medians of what is left.
        ridge: on each parameter, per unit of weight. least_ridge: the same on all, at least.
    """

    def __init__(
        self,
        positions_iod: NDArray,
        *,
        rounds: int = 3,
        scale_iod: float | None = 0.006,
        ridge: tuple[float, ...] = MESH_RIDGE,
        least_ridge: float = 0.0,
    ) -> None:
        self.design = rigid_design(*positions_iod.astype(np.float64).T)  # [C, 2, 6]
        self._rounds, self._scale_iod = rounds, scale_iod
        self._ridge, self._least_ridge = np.array(ridge), least_ridge
        self._flat = self.design.reshape(-1, N_PARAMETERS)  # [2 C, 6]
        # A place's share of the normal equations: [C, 36].
        self._squares = np.einsum("cip,ciq->cpq", self.design, self.design).reshape(
            len(positions_iod), -1
        )

    def motion(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Motion of every place [C, 2] under head parameters [6]."""
        return np.asarray(self._flat @ parameters).reshape(-1, 2)

    def solve(self, motion_iod: NDArray, trust: NDArray) -> NDArray[np.float64]:
        """Head parameters [6] in `motion_iod` [C, 2], places trusted by `trust` [C]."""
        prior = trust.astype(np.float64)
        weight = prior
        targets = self.design[:, 0] * motion_iod[:, :1]  # [C, 6]
        targets += self.design[:, 1] * motion_iod[:, 1:]
        parameters = np.zeros(N_PARAMETERS)
        for left in reversed(range(self._rounds)):
            normal = weight @ self._squares  # [36]
            ridge = self._ridge * max(float(np.add.reduce(weight)), 1e-9) + self._least_ridge
            normal[:: N_PARAMETERS + 1] += ridge
            square = normal.reshape(N_PARAMETERS, N_PARAMETERS)
            parameters = np.linalg.solve(square, weight @ targets)
            if left:
                weight = self._weight(motion_iod - self.motion(parameters), prior)
        return parameters

    def _weight(
        self, residual: NDArray[np.float64], prior: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Trust [C] in places that disagree by `residual` [C, 2] with the last round's head."""
        residual *= residual
        squared = residual[:, 0] + residual[:, 1]
        scale = self._scale_iod or _robust_scale(squared, prior)
        squared /= scale**2
        squared += 1.0
        return np.asarray(prior / squared)


def _robust_scale(squared: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """1.5 weighted medians of the lengths whose squares are given."""
    order = np.argsort(squared)
    total = np.cumsum(weight[order])
    median = squared[order[np.searchsorted(total, 0.5 * total[-1])]] ** 0.5
    return 1.5 * max(float(median), LEAST_SCALE_IOD)
