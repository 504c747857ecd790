"""Losses of the motion learner: reconstruction (SelfME, eq. 6) and equivariance (eq. 7)."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from recognition.motion.selfme.layers import identity_grid
from streamer.core.errors import ModelError
from training.selfme.motion_config import MotionLossConfig

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


_VGG_CACHED = "vgg19-dcbb9e9d.pth"  # the name that torchvision gives its ImageNet weights
_VGG_WIDTHS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512,))
_VGG_CURE = (
    "give a .safetensors file with the tensors `features.N.weight` and `features.N.bias` of "
    "torchvision's vgg19 as loss.vgg_weights, or choose loss.perceptual: pixel-census or pixel-ssim"
)


class VggFeatures(nn.Module):
    """relu1_1, relu2_1, relu3_1, relu4_1, relu5_1 of images [N, 3, S, S] in 0..1; frozen."""

    mean: Tensor
    spread: Tensor

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        self._taps = []
        inputs = 3
        for stage, widths in enumerate(_VGG_WIDTHS):
            if stage:
                layers.append(nn.MaxPool2d(2))
            self._taps.append(len(layers) + 1)
            for width in widths:
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
                inputs = width
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], False)
        self.register_buffer("spread", torch.tensor([0.229, 0.224, 0.225])[:, None, None], False)
        self._load(path)
        self.requires_grad_(False).eval()

    def forward(self, image: Tensor) -> list[Tensor]:
        x, seen = (image - self.mean) / self.spread, []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self._taps:
                seen.append(x)
        return seen

    def _load(self, path: Path | None) -> None:
        file = path or Path(torch.hub.get_dir()) / "checkpoints" / _VGG_CACHED
        if not file.is_file():
            raise ModelError(f"the weights of VGG-19 are not at {file}: {_VGG_CURE}")
        try:
            if file.suffix == ".safetensors":
                held = load_file(file)
            else:
                held = torch.load(file, map_location="cpu", weights_only=True)
            wanted = {name: held[name] for name in self.state_dict()}
            self.load_state_dict(wanted)
        except (SafetensorError, KeyError, RuntimeError, OSError, pickle.UnpicklingError) as error:
            raise ModelError(f"{file} holds no VGG-19 ({error}): {_VGG_CURE}") from error


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
