"""Reconstruction losses at several scales (SelfME, eq. 6): VGG-19 features, or what needs none."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from training.selfme.motion_config import MotionLossConfig
from training.selfme.vgg import VggFeatures

Reconstruction = Callable[[Tensor, Tensor], Tensor]

_CENSUS_SOFTNESS = 0.03  # a difference of this share of the range counts half
_PATCH = 3
_GREY = (0.299, 0.587, 0.114)


def make_reconstruction_loss(config: MotionLossConfig, device: torch.device) -> Reconstruction:
    """The loss of (estimated, true) apex frames [N, 3, S, S] in 0..1; a scalar, unweighted.

    Raises:
        ModelError: "vgg19" and its weights are not at hand.
    """
    if config.perceptual == "vgg19":
        features = VggFeatures(config.vgg_weights).to(device)
        term: Reconstruction = lambda a, b: features_loss(features, a, b)  # noqa: E731
    else:
        term = {"pixel-census": census_loss, "pixel-ssim": ssim_loss}[config.perceptual]
    return lambda estimate, truth: sum(
        (term(shrink(estimate, scale), shrink(truth, scale)) for scale in config.scales),
        start=estimate.new_zeros(()),
    )


def shrink(image: Tensor, scale: float) -> Tensor:
    """The image at a share of its size, by averaging."""
    if scale == 1.0:
        return image
    size = max(8, round(image.shape[-1] * scale))
    return functional.interpolate(image, size=(size, size), mode="area")


def features_loss(features: VggFeatures, estimate: Tensor, truth: Tensor) -> Tensor:
    """Sum over the maps m of the mean absolute difference of features (eq. 6)."""
    with torch.no_grad():
        wanted = features(truth)
    pairs = zip(features(estimate), wanted, strict=True)
    return torch.stack([(a - b).abs().mean() for a, b in pairs]).sum()


def census_loss(estimate: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of pixels plus that of soft census signatures.

    The signature of a pixel says which neighbours are brighter; light changes leave it alone.
    """
    pixels = (estimate - truth).abs().mean()
    return pixels + (_census(estimate) - _census(truth)).abs().mean()


def ssim_loss(estimate: Tensor, truth: Tensor) -> Tensor:
    """0.85 (1 - SSIM) / 2 + 0.15 L1, windows of 3 x 3."""
    mean_a, mean_b = _mean(estimate), _mean(truth)
    var_a, var_b = _mean(estimate**2) - mean_a**2, _mean(truth**2) - mean_b**2
    cov = _mean(estimate * truth) - mean_a * mean_b
    alike = (2 * mean_a * mean_b + 1e-4) * (2 * cov + 9e-4)
    ssim = alike / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))
    unlike = ((1.0 - ssim) / 2.0).clamp(0.0, 1.0).mean()
    return 0.85 * unlike + 0.15 * (estimate - truth).abs().mean()


def _mean(image: Tensor) -> Tensor:
    return functional.avg_pool2d(image, _PATCH, stride=1)


def _census(image: Tensor) -> Tensor:
    """Signatures [N, 8, h - 2, w - 2] in -1..1."""
    grey = (image * image.new_tensor(_GREY)[:, None, None]).sum(dim=1, keepdim=True)
    height, width = grey.shape[-2:]
    middle = grey[..., 1:-1, 1:-1]
    around = [
        grey[..., y : height - 2 + y, x : width - 2 + x] - middle
        for y in range(3)
        for x in range(3)
        if (y, x) != (1, 1)
    ]
    unlike = torch.cat(around, dim=1)
    return unlike / torch.sqrt(unlike**2 + _CENSUS_SOFTNESS**2)
