"""FRL-DGT's self-supervised loss of the displacement module: photometric error and smoothness.

    L_self = rho(apex, onset o (id - d)) + lambda mean(|d_x| + |d_y|)

with rho the weighted sum of SSIM and L1 that unsupervised optical flow uses, or L1 alone. Ours.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.frl_dgt.settings import SelfSupervision
from training.selfme.motion_losses import ssim_loss

_MIDDLE, _SPREAD = 0.5, 0.2  # of normalised faces in the range 0..1 that SSIM expects


def self_supervised_loss(
    onset: Tensor, apex: Tensor, displacement: Tensor, settings: SelfSupervision
) -> Tensor:
    """A scalar, unweighted. Faces [N, 1, h, w] as the module normalises them.

    Args:
        displacement: [N, 2, h, w] px from onset to apex, at the apex's pixels.
    """
    rebuilt = warp_by(onset, -displacement)
    if settings.photometric == "l1":
        photometric = _SPREAD * (rebuilt - apex).abs().mean()
    else:
        photometric = ssim_loss(_MIDDLE + _SPREAD * rebuilt, _MIDDLE + _SPREAD * apex)
    return photometric + settings.smoothness * roughness(displacement)


def roughness(displacement: Tensor) -> Tensor:
    """Mean absolute change from pixel to pixel, along both sides."""
    across = (displacement[..., 1:] - displacement[..., :-1]).abs().mean()
    along = (displacement[..., 1:, :] - displacement[..., :-1, :]).abs().mean()
    return across + along


def warp_by(image: Tensor, shift_px: Tensor) -> Tensor:
    """The image [N, C, h, w] sampled at u + shift(u), [N, 2, h, w] px; bilinear."""
    height, width = image.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, dtype=shift_px.dtype, device=shift_px.device),
        torch.arange(width, dtype=shift_px.dtype, device=shift_px.device),
        indexing="ij",
    )
    grid = torch.stack(
        [
            (2.0 * (x + shift_px[:, 0]) + 1.0) / width - 1.0,
            (2.0 * (y + shift_px[:, 1]) + 1.0) / height - 1.0,
        ],
        dim=-1,
    )
    return functional.grid_sample(image, grid, padding_mode="border", align_corners=False)
