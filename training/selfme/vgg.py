"""VGG-19 features for the perceptual loss. Its weights are looked for, never downloaded."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from streamer.core.errors import ModelError

_CACHED = "vgg19-dcbb9e9d.pth"  # the name that torchvision gives its ImageNet weights
_WIDTHS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512,))
_CURE = (
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
        for stage, widths in enumerate(_WIDTHS):
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
        file = path or Path(torch.hub.get_dir()) / "checkpoints" / _CACHED
        if not file.is_file():
            raise ModelError(f"the weights of VGG-19 are not at {file}: {_CURE}")
        try:
            if file.suffix == ".safetensors":
                held = load_file(file)
            else:
                held = torch.load(file, map_location="cpu", weights_only=True)
            wanted = {name: held[name] for name in self.state_dict()}
            self.load_state_dict(wanted)
        except (SafetensorError, KeyError, RuntimeError, OSError, pickle.UnpicklingError) as error:
            raise ModelError(f"{file} holds no VGG-19 ({error}): {_CURE}") from error
