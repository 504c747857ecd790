"""Equivariance of the keypoints under random thin-plate splines (SelfME, eq. 7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recognition.motion.selfme.layers import identity_grid
from training.selfme.motion_config import MotionLossConfig


@dataclass(frozen=True, slots=True, eq=False)
class ThinPlate:
    """x -> A x + b + sum_i w_i r_i^2 log r_i, in coordinates -1..1; one for each sample."""

    affine: Tensor  # [N, 2, 3]
    control: Tensor  # [P, 2]
    weights: Tensor  # [N, P]: the bend is the same along x and y, as in the first-order model

    def __call__(self, points: Tensor) -> Tensor:
        """Points [N, M, 2] -> [N, M, 2]."""
        moved = points @ self.affine[:, :, :2].transpose(1, 2) + self.affine[:, None, :, 2]
        # |.|_1 and not |.|_2, as in the first-order model: smooth enough, and no square roots.
        away = (points[:, :, None] - self.control).abs().sum(dim=-1)
        bend = (away**2 * torch.log(away + 1e-6) * self.weights[:, None]).sum(dim=-1)
        return moved + bend[..., None]


def draw_thin_plates(
    count: int, config: MotionLossConfig, rng: np.random.Generator, like: Tensor
) -> ThinPlate:
    """`count` random splines close to the identity."""
    affine = np.eye(2, 3) + rng.normal(0.0, config.spline_affine, (count, 2, 3))
    weights = rng.normal(0.0, config.spline_bend, (count, config.spline_points**2))
    control = identity_grid(config.spline_points, like).reshape(-1, 2)
    return ThinPlate(torch.as_tensor(affine).to(like), control, torch.as_tensor(weights).to(like))


def warp_by(image: Tensor, plates: ThinPlate) -> Tensor:
    """The image [N, 3, S, S] that shows at u what the original shows at T(u)."""
    count, _, size, _ = image.shape
    grid = identity_grid(size, image).reshape(1, -1, 2).expand(count, -1, -1)
    where = plates(grid).reshape(count, size, size, 2)
    return functional.grid_sample(image, where, padding_mode="reflection", align_corners=False)


def equivariance_loss(
    detector: nn.Module, image: Tensor, keypoints: Tensor, plates: ThinPlate
) -> Tensor:
    """L1 distance of the keypoints [N, K, 2] of the image and those found after T, brought back.

    The warped image shows at u the content of T(u): a keypoint found there at z lies at T(z).
    """
    return (plates(detector(warp_by(image, plates))) - keypoints).abs().mean()
