"""From local motions to a dense motion on the lattice (SelfME, eq. 4-5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognition.motion.selfme.config import LATTICE, MotionConfig
from recognition.motion.selfme.keypoints import heatmaps
from recognition.motion.selfme.layers import Hourglass, identity_grid


class DenseMotion(nn.Module):
    """F_dense: aligned onset frames and heatmaps -> weights psi [N, K, S/4, S/4], summing to 1.

    With `see_target` the apex frame is concatenated too (beyond the paper).
    """

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        self.config = config
        inputs = 4 * config.keypoints + (3 if config.see_target else 0)
        self.hourglass = Hourglass(inputs, config.dense)
        self.head = nn.Conv2d(
            self.hourglass.outputs, config.keypoints, config.kernel, padding=config.kernel // 2
        )

    def forward(
        self, onset: Tensor, apex: Tensor, apex_keypoints: Tensor, local: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Dense motion and weights.

        Args:
            onset, apex: images [N, 3, S, S] in 0..1.
            apex_keypoints: [N, K, 2], coordinates -1..1.
            local: Phi^k [N, K, 2] of eq. 2.

        Returns:
            The motion of eq. 5, [N, 2, S/4, S/4], in pixels of the full image, backward: where the
            apex shows u, the onset has it at u + motion(u). And psi [N, K, S/4, S/4].
        """
        small = functional.avg_pool2d(onset, LATTICE)
        size = small.shape[-1]
        seen = [
            align_frames(small, local).flatten(1, 2) - 0.5,
            heatmaps(apex_keypoints, size, self.config.heatmap_variance),
        ]
        if self.config.see_target:
            seen.append(functional.avg_pool2d(apex, LATTICE) - 0.5)
        psi = self.head(self.hourglass(torch.cat(seen, dim=1))).float().softmax(dim=1)
        return weigh_motions(psi, local) * (size * LATTICE / 2.0), psi


def align_frames(onset: Tensor, local: Tensor) -> Tensor:
    """chi^k [N, K, 3, h, h]: the onset frame [N, 3, h, h] warped by each local motion [N, K, 2]."""
    count, size = local.shape[1], onset.shape[-1]
    grid = identity_grid(size, local) + local[:, :, None, None, :]
    copies = onset[:, None].expand(-1, count, -1, -1, -1).reshape(-1, 3, size, size)
    moved = functional.grid_sample(
        copies, grid.reshape(-1, size, size, 2), padding_mode="border", align_corners=False
    )
    return moved.reshape(-1, count, 3, size, size)


def weigh_motions(psi: Tensor, local: Tensor) -> Tensor:
    """sum_k psi^k Phi^k (eq. 5): weights [N, K, h, h], motions [N, K, 2] -> [N, 2, h, h]."""
    return (psi[:, :, None] * local[..., None, None]).sum(dim=1)
