"""TCAE (Li et al., CVPR 2019): an encoder with two embeddings, a displacement decoder for each.

A face is encoded into a pose and an action embedding. From the embeddings of two faces, one decoder
predicts the displacements that the head made, the other those of the facial action; both together,
blended pixel by pixel by two masks, turn the source into the target (sec. 3 of the paper).

Structure as in the authors' released code: 4x4 convolutions of stride 2 with batch normalisation
and leaky ReLU, the last three in a branch of their own per embedding, down to one cell; decoders of
bilinear doubling and 3x3 convolution, tanh at the end. There: faces of 256 pixels, width 32,
embeddings of 256. Here, for two CPU cores: 64, 8 and 64. Ours too: the decoders' last layer starts
close to zero, because a micro-expression moves the skin by about a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognition.motion.selfme.layers import warp
from streamer.core.ranges import Range, check_ranges

Kind = Literal["pose", "action"]
_BRANCH = 3  # convolutions that each embedding has for itself
_WIDEST = 8  # channels over the width


@dataclass(frozen=True, slots=True)
class TcaeConfig:
    """Sizes; the released code has 256, 32 and 256."""

    size_px: Annotated[int, Range(16, 1024)] = 64  # a power of two; faces are shrunk to it
    width: Annotated[int, Range(1, 256)] = 8
    embedding: Annotated[int, Range(1, 2048)] = 64

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.size_px & (self.size_px - 1):
            raise ValueError(f"size_px is {self.size_px}: it must be a power of two, as 64")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after each halving, from the picture down to one cell."""
        stages = self.size_px.bit_length() - 1
        return tuple(min(self.width << stage, self.width * _WIDEST) for stage in range(stages))


class Tcae(nn.Module):
    """Two embeddings per face, two displacement fields per pair of faces."""

    def __init__(self, config: TcaeConfig | None = None) -> None:
        super().__init__()
        self.config = config or TcaeConfig()
        widths = self.config.widths
        split = len(widths) - _BRANCH
        entry = [3, *widths]
        trunk = [_halve(entry[i], widths[i]) for i in range(split)]
        self.trunk = nn.Sequential(*trunk)  # [N, 3, s, s] -> [N, w, 8, 8]
        self.branch = nn.ModuleDict({kind: self._branch(split) for kind in ("pose", "action")})
        self.decoder = nn.ModuleDict({kind: self._decoder() for kind in ("pose", "action")})

    def shrink(self, faces: Tensor) -> Tensor:
        """uint8 [N, S, S, 3] -> float [N, 3, s, s] in 0..1."""
        size = self.config.size_px
        unit = faces.permute(0, 3, 1, 2).float() / 255.0
        return functional.interpolate(unit, size=(size, size), mode="area")

    def encode(self, faces: Tensor) -> dict[Kind, Tensor]:
        """float [N, 3, s, s] -> pose and action embedding [N, E]."""
        shared = self.trunk(faces)
        return {
            "pose": self.branch["pose"](shared).flatten(1),
            "action": self.branch["action"](shared).flatten(1),
        }

    def displace(self, kind: Kind, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Of embeddings [N, E]: displacement [N, 2, s, s] in pixels, mask [N, 1, s, s].

        The source sampled at u + displacement(u) has the target's pose or action.
        """
        made = self.decoder[kind](torch.cat([source, target], dim=1)[:, :, None, None])
        return made[:, :2] * (0.5 * self.config.size_px), made[:, 2:]

    def actions(self, faces: Tensor) -> Tensor:
        """The action embedding [N, E] of uint8 faces [N, S, S, 3]."""
        return self.encode(self.shrink(faces))["action"]

    def motion(self, onset: Tensor, apex: Tensor) -> Tensor:
        """Facial motion onset -> apex [N, 2, S, S] in pixels of uint8 faces [N, S, S, 3].

        The apex sampled at u + motion(u) is the onset, as for an optical flow; head motion, which
        the other decoder takes, is not in it.
        """
        moved, _ = self.displace("action", self.actions(apex), self.actions(onset))
        side = onset.shape[1]
        whole = functional.interpolate(moved, size=(side, side), mode="bilinear")
        return whole * (side / self.config.size_px)

    def _branch(self, split: int) -> nn.Sequential:
        """[N, w, 8, 8] -> [N, E, 1, 1]."""
        widths = self.config.widths
        first = [_halve(widths[i - 1], widths[i]) for i in range(split, len(widths) - 1)]
        return nn.Sequential(*first, nn.Conv2d(widths[-2], self.config.embedding, 4, 2, 1))

    def _decoder(self) -> nn.Sequential:
        """[N, 2 E, 1, 1] -> [N, 3, s, s] in -1..1: displacement over half the side, mask."""
        widths = [2 * self.config.embedding, *reversed(self.config.widths[:-1])]
        steps = [_double(a, b) for a, b in pairwise(widths)]
        last = nn.Conv2d(widths[-1], 3, 3, padding=1)
        with torch.no_grad():
            for value in last.parameters():
                value.mul_(0.01)
        return nn.Sequential(nn.ReLU(), *steps, _Doubling(), last, nn.Tanh())


def blend(pose: tuple[Tensor, Tensor], action: tuple[Tensor, Tensor]) -> Tensor:
    """Both displacements as one [N, 2, s, s], weighted by the softmax of their masks."""
    share = (pose[1] - action[1]).sigmoid()
    return share * pose[0] + (1.0 - share) * action[0]


def moved(faces: Tensor, displacement_px: Tensor) -> Tensor:
    """The faces [N, 3, s, s] sampled along the displacement; the faces get no gradient."""
    return warp(faces.detach(), displacement_px)


class _Doubling(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def _halve(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)
    )


def _double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        _Doubling(), nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()
    )
