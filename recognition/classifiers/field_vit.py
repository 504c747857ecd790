"""SCViT on two-channel motion fields (SelfME, CVPR 2023, section 3.3): small and ViT-S/16.

Both take the motion as it comes, in pixels of the aligned face; `FieldInput` normalises inside.
Both give logits and the patch embeddings Phi_d (eq. 11) that the symmetric contrastive loss
regroups into UL, UR, BL, BR (eq. 12, 13; `recognition.classifiers.scvit.region_embeddings`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from recognition.classifiers.field_input import FieldInput
from recognition.classifiers.scvit import Block
from recognition.classifiers.selfme_config import FieldConfig
from streamer.core.errors import InstallError, ModelError

VIT_NAME = "vit_small_patch16_224"


class FieldViT(nn.Module):
    """What the two networks share: motion [N, 2, S, S] px -> logits [N, C], patches [N, P, D]."""

    def __init__(self, size_px: int, config: FieldConfig) -> None:
        super().__init__()
        self.config = config
        self.input = FieldInput(size_px, config)
        self.head = nn.Sequential(  # the MLP of eq. 15; its LN stands before it
            nn.Linear(config.width, config.width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.width, config.classes),
        )

    def forward(self, motion_px: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N, classes] and patch embeddings Phi_d [N, P, D], row by row.

        Raises:
            ValueError: the motion has another shape.
        """
        return self.classify(self.input.crop(motion_px))

    def classify(self, crop_iod: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, of face crops [N, 2, cells, cells] in inter-ocular distances."""
        token, patches = self.encode(self.input.compress(crop_iod))
        return self.head(token), patches

    def encode(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised class token [N, D] and patch embeddings [N, P, D] of the network's input."""
        raise NotImplementedError

    @property
    def first_block(self) -> nn.Module:
        """Whose tokens GradCAM looks at."""
        raise NotImplementedError


class SmallFieldViT(FieldViT):
    """For two CPU cores; blocks as in the network on maps."""

    def __init__(self, size_px: int, config: FieldConfig) -> None:
        super().__init__(size_px, config)
        c = config
        count = (c.cells // c.patch) ** 2
        self.patches = nn.Conv2d(2, c.width, c.patch, stride=c.patch)  # eq. 10
        self.token = nn.Parameter(torch.zeros(1, 1, c.width))
        self.position = nn.Parameter(0.02 * torch.randn(1, count + 1, c.width))
        self.blocks = nn.Sequential(*(Block(c.width, c.heads, c.dropout) for _ in range(c.depth)))
        self.norm = nn.LayerNorm(c.width)

    def encode(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        patches = self.patches(planes).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(patches.shape[0], -1, -1), patches], dim=1)
        encoded = self.blocks(tokens + self.position)
        return self.norm(encoded[:, 0]), patches

    @property
    def first_block(self) -> nn.Module:
        return self.blocks[0]


class Vit16Field(FieldViT):
    """ViT-S/16 of timm with two input channels; its own patch projection, token and positions."""

    def __init__(self, size_px: int, config: FieldConfig) -> None:
        super().__init__(size_px, config)
        self.vit = make_vit(config)

    def encode(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        vit = self.vit
        patches = vit.patch_embed(planes)
        tokens = vit.norm_pre(vit.patch_drop(vit._pos_embed(patches)))
        return vit.norm(vit.blocks(tokens))[:, 0], patches

    @property
    def first_block(self) -> nn.Module:
        block: nn.Module = self.vit.blocks[0]
        return block


def make_field_vit(size_px: int, config: FieldConfig, *, trained: bool = False) -> FieldViT:
    """The network that the settings name; `trained` leaves ImageNet out, as weights follow.

    Raises:
        InstallError: vit-s16 without timm.
        ModelError: its ImageNet weights are not available.
    """
    if config.network == "small":
        return SmallFieldViT(size_px, config)
    return Vit16Field(size_px, replace(config, start="random") if trained else config)


def make_vit(config: FieldConfig) -> Any:
    """timm's ViT-S/16 without a classifier, on two channels.

    timm sums and scales the three colour channels' patch projection to fit two. Nothing is switched
    in silence: where ImageNet weights are asked for and are not available, that is an error.
    """
    try:
        import timm
    except ImportError as error:
        raise InstallError(
            f'network vit-s16 needs timm ({error}): pip install "mer-stream[train]", or use the '
            "network small"
        ) from error
    if config.start == "random":
        return timm.create_model(VIT_NAME, pretrained=False, in_chans=2, num_classes=0)
    file = config.imagenet_file
    known: Any = timm.get_pretrained_cfg(VIT_NAME)
    try:
        file = file or _from_hub(str(known.hf_hub_id))
        if not file.endswith(".safetensors"):
            raise ModelError(f"imagenet_file {file}: only .safetensors is read, never a pickle")
        overlay = {"file": file}
        return timm.create_model(
            VIT_NAME, pretrained=True, in_chans=2, num_classes=0, pretrained_cfg_overlay=overlay
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"ImageNet weights of {VIT_NAME} are not available from "
            f"{file or 'the hub or its cache'} "
            f"({_first_line(error)}): connect once so that they are cached, name a .safetensors "
            "file as field.imagenet_file, or set field.start to random"
        ) from error


def _from_hub(repository: str) -> str:
    """The safetensors file of a timm model, from the hub's local cache or the hub."""
    from huggingface_hub import hf_hub_download

    return hf_hub_download(repository, "model.safetensors")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:160]
