"""A small symmetric contrastive vision transformer (SCViT; SelfME, CVPR 2023, section 3.3).

Class token, patch embeddings, transformer blocks, LN -> MLP with one hidden layer (eq. 10, 11, 15).
The published network is a ViT-S/16; this one is small enough for two CPU cores. It takes the uint8
motion map as it is: finding the zero level of each stretched channel and its scale happens inside.
The patch embeddings are returned beside the logits, for the symmetric contrastive loss (eq. 12-14).

With `units`, a second head tells which action units moved on which side, and how strongly: it sees
the encoded patches one by one, as units are told by where they are. The classes are then read from
the class token and from the units together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn

from streamer.core.ranges import Range, check_ranges

PATCH_WIDTH = 24  # what the head of the units sees of each encoded patch


@dataclass(frozen=True, slots=True)
class SCViTConfig:
    """Shape of the network."""

    map_size: Annotated[int, Range(4, 512)] = 28
    patch: Annotated[int, Range(1, 64)] = 7
    # an even number of patches along a side makes the four regions equal
    pad: Annotated[int, Range(0, 64)] = 0
    width: Annotated[int, Range(4, 2048)] = 96
    depth: Annotated[int, Range(1, 48)] = 3
    heads: Annotated[int, Range(1, 64)] = 4
    dropout: Annotated[float, Range(0.0, 0.95)] = 0.1
    # columns of the trend taken out of u and v: 1 level, 3 level and slopes
    detrend: Annotated[int, Range(1, 3)] = 3
    classes: Annotated[int, Range(2, 100)] = 3
    units: Annotated[int, Range(0, 100)] = 0  # action units that are told, on two sides each

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def grid(self) -> int:
        """Patches along one side."""
        return (self.map_size + 2 * self.pad) // self.patch


class Levelling(nn.Module):
    """Map to signed motion: zero level and smooth trend removed, robust scale made one.

    The min-max stretch moved the zero of u and v. Most of a face is at rest, so a robust fit of a
    level (and slopes, for the rest of a head motion) finds it: Huber's iteration with winsorised
    residuals, made of products and clips alone. Then each channel is divided by its mean magnitude
    and compressed by asinh, so that an outlier that drove the stretch does not drown the rest.
    """

    basis: Tensor
    inverse: Tensor

    def __init__(self, size: int, columns: int, iterations: int = 6) -> None:
        super().__init__()
        self.iterations = iterations
        line = (torch.arange(size) + 0.5) / size * 2.0 - 1.0
        y, x = torch.meshgrid(line, line, indexing="ij")
        every = torch.stack([torch.ones_like(x), x, y, x * x, x * y, y * y], dim=-1)
        basis = every.reshape(size * size, 6)[:, :columns]
        self.register_buffer("basis", basis, persistent=False)
        self.register_buffer("inverse", torch.linalg.pinv(basis), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, S, S, 3] of values 0..255 -> float [N, 3, S, S]."""
        n, size = maps.shape[0], maps.shape[1]
        flat = maps.permute(0, 3, 1, 2).reshape(n, 3, size * size).float() / 255.0
        middle = flat.sort(dim=-1).values[..., size * size // 2 - 1 : size * size // 2]
        motion, strain = flat[:, :2] - middle[:, :2], flat[:, 2:]
        trend = torch.zeros_like(motion)
        for _ in range(self.iterations):
            rest = motion - trend
            bound = 1.5 * rest.abs().mean(dim=-1, keepdim=True)
            held = torch.minimum(torch.maximum(rest, -bound), bound)
            trend = trend + (held @ self.inverse.T) @ self.basis.T
        motion = motion - trend
        motion = motion / (motion.abs().mean(dim=-1, keepdim=True) + 1e-3)
        strain = strain / (strain.mean(dim=-1, keepdim=True) + 1e-3) - 1.0
        return asinh(torch.cat([motion, strain], dim=1)).reshape(n, 3, size, size)


def asinh(x: Tensor) -> Tensor:
    """asinh, in operators that every ONNX exporter knows."""
    return x.sign() * torch.log(x.abs() + torch.sqrt(x * x + 1.0))


class Block(nn.Module):
    """A pre-norm transformer block: x + MSA(LN(x)), then x + FF(LN(x))."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N, T, D] -> [N, T, D]."""
        x = x + self._attend(self.norm1(x))
        return x + self.feed(self.norm2(x))

    def _attend(self, x: Tensor) -> Tensor:
        n, tokens, width = x.shape
        qkv = self.qkv(x).reshape(n, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each [N, heads, T, D / heads]
        weight = (q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5).softmax(dim=-1)
        return self.out((weight @ v).transpose(1, 2).reshape(n, tokens, width))


class Told(NamedTuple):
    """What the network tells of N maps."""

    logits: Tensor  # [N, classes]
    patches: Tensor  # [N, P, D], Phi_d (eq. 11), row by row
    units: Tensor  # [N, units, 2] logits that a unit moved, image left and right
    strengths: Tensor  # [N, units, 2] logits of its displacement over that of the strongest


class SCViT(nn.Module):
    """uint8 motion maps [N, 28, 28, 3] -> logits [N, classes] and patch embeddings [N, P, D]."""

    def __init__(self, config: SCViTConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or SCViTConfig()
        self.levelling = Levelling(c.map_size, c.detrend)
        self.embed = nn.Conv2d(3, c.width, c.patch, stride=c.patch, padding=c.pad)  # eq. 10
        self.token = nn.Parameter(torch.zeros(1, 1, c.width))
        self.position = nn.Parameter(0.02 * torch.randn(1, c.grid**2 + 1, c.width))
        self.blocks = nn.Sequential(*(Block(c.width, c.heads, c.dropout) for _ in range(c.depth)))
        self.norm = nn.LayerNorm(c.width)
        if c.units:
            self.narrow = nn.Linear(c.width, PATCH_WIDTH)
            seen = c.width + PATCH_WIDTH * c.grid**2
            self.unit_head = _head(seen, 2 * c.width, c.dropout, 4 * c.units)
        self.head = _head(c.width + 2 * c.units, c.width, c.dropout, c.classes)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N, classes] and patch embeddings Phi_d [N, P, D] (eq. 11), row by row."""
        told = self.tell(maps)
        return told.logits, told.patches

    def tell(self, maps: Tensor) -> Told:
        """All that it tells; without a head for units, these are [N, 0, 2]."""
        patches = self.embed(self.levelling(maps)).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(patches.shape[0], -1, -1), patches], dim=1)
        encoded = self.norm(self.blocks(tokens + self.position))
        seen = encoded[:, 0]
        if not self.config.units:
            none = seen.new_zeros((len(seen), 0, 2))
            return Told(self.head(seen), patches, none, none)
        places = torch.cat([seen, self.narrow(encoded[:, 1:]).flatten(1)], dim=1)
        both = self.unit_head(places).unflatten(1, (2, self.config.units, 2))
        units, strengths = both[:, 0], both[:, 1]
        known = torch.cat([seen, units.sigmoid().flatten(1)], dim=1)
        return Told(self.head(known), patches, units, strengths)


def _head(inputs: int, width: int, dropout: float, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, outputs)
    )


def region_embeddings(patches: Tensor) -> Tensor:
    """Mean patch embedding of the regions UL, UR, BL, BR: [N, P, D] -> [N, 4, D] (eq. 12, 13)."""
    n, count, width = patches.shape
    side = round(count**0.5)
    half = side // 2
    grid = patches.reshape(n, 2, half, 2, half, width)
    return grid.mean(dim=(2, 4)).reshape(n, 4, width)
