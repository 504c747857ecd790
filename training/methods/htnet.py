"""HTNet (Wang, Zhang, Luo and Sankaranarayana, Neurocomputing 2024, arXiv 2307.14637).

Four areas of 14x14 cells are cut from the map, around the eyes and the corners of the lips, and
laid out as a face again: eyes above, lips below. Patches of 7 cells become tokens. On the first of
three levels a transformer looks at 4x4 blocks, on the second at 2x2, on the last at the whole face;
after the first two a 3x3 convolution, a normalisation and max-pooling 3/2 join neighbours, and the
width doubles. The mean of the last tokens is normalised and classified.

What the released code does, and what of it is here:
- It cuts rows by x and columns by y: the areas of its figures lie elsewhere. Here rows are y.
- With 28 px, patches of 7 and three levels a block holds a single token, so that attention has
  nothing to choose from and neighbours meet in the convolutions alone. As released.
- It keeps, for every subject, the epoch that recognises that subject best. Here the epochs are
  fixed.
- It finds the points by a face detector in the 28 px picture, one for each clip. Our maps come
  without pictures, but are cropped by the eyes: the areas have one place, that of our crop.
- It is 256 wide: 114 million weights. Here 64, which a CPU can train; settings change that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognition.config import MapConfig
from streamer.core.ranges import Range, check_ranges
from streamer.core.settings import fill, load_yaml
from training.models.flow_net import FlowNet, Optimiser, scaled
from training.models.method import Method
from training.models.network import NetworkModel

_AREA, _PATCH, _MAP = 14, 7, 28
_LIPS_IOD = (0.34, 1.05)  # a corner of the lips from the midpoint of the eyes, in IOD
_BLOCKS = (4, 2, 1)  # along a side of the face, level by level


@dataclass(frozen=True, slots=True)
class HtnetSettings:
    """Released: width 256, repeats 2, 2, 8."""

    width: Annotated[int, Range(8, 1024)] = 64  # of the first level; doubles twice
    heads: Annotated[int, Range(1, 64)] = 3  # of the first level; doubles twice
    last_repeats: Annotated[int, Range(1, 64)] = 8  # transformers of the last level; before it 2

    def __post_init__(self) -> None:
        check_ranges(self)


def area_corners() -> tuple[tuple[int, int], ...]:
    """Row and column of the first cell of: left eye, right eye, left lips, right lips.

    Left as in the picture. Centres are moved so far that the area lies inside the map.
    """
    config = MapConfig()
    width = config.crop_right_iod - config.crop_left_iod
    height = config.crop_bottom_iod - config.crop_top_iod
    lips_x, lips_y = _LIPS_IOD
    corners = []
    for x, y in ((-0.5, 0.0), (0.5, 0.0), (-lips_x, lips_y), (lips_x, lips_y)):
        row = round((y - config.crop_top_iod) / height * _MAP) - _AREA // 2
        column = round((x - config.crop_left_iod) / width * _MAP) - _AREA // 2
        last = _MAP - _AREA
        corners.append((min(max(row, 0), last), min(max(column, 0), last)))
    return tuple(corners)


def four_areas(maps: Tensor) -> Tensor:
    """[N, 28, 28, C] -> [N, 28, 28, C]: the eyes above, the corners of the lips below."""
    cut = [maps[:, r : r + _AREA, c : c + _AREA] for r, c in area_corners()]
    return torch.cat([torch.cat(cut[:2], dim=2), torch.cat(cut[2:], dim=2)], dim=1)


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation of [N, C, H, W] over C."""

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W]."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Transformer(nn.Module):
    """One layer on blocks [N, C, H, W] whose cells are the tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        inner = width // heads * heads
        self.before, self.between = ChannelNorm(width), ChannelNorm(width)
        self.ask = nn.Conv2d(width, 3 * inner, 1, bias=False)
        self.answer = nn.Conv2d(inner, width, 1)
        self.mix = nn.Sequential(
            nn.Conv2d(width, 4 * width, 1), nn.GELU(), nn.Conv2d(4 * width, width, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attention, then two layers per token; each added to what came in."""
        n, _, height, wide = x.shape
        asked = self.ask(self.before(x)).view(n, 3, self.heads, -1, height * wide).transpose(3, 4)
        found = functional.scaled_dot_product_attention(asked[:, 0], asked[:, 1], asked[:, 2])
        x = x + self.answer(found.transpose(2, 3).reshape(n, -1, height, wide))
        mixed: Tensor = self.mix(self.between(x))
        return x + mixed


class Level(nn.Module):
    """Transformers on `blocks` x `blocks` blocks of [N, C, S, S]."""

    def __init__(self, width: int, heads: int, repeats: int, blocks: int, side: int) -> None:
        super().__init__()
        self.blocks = blocks
        self.place = nn.Parameter(torch.randn(side // blocks, side // blocks))
        self.layers = nn.Sequential(*(Transformer(width, heads) for _ in range(repeats)))

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, S, S]; blocks know nothing of each other."""
        n, channels, side, _ = x.shape
        blocks, cells = self.blocks, side // self.blocks
        x = x.view(n, channels, blocks, cells, blocks, cells).permute(0, 2, 4, 1, 3, 5)
        x = self.layers(x.reshape(-1, channels, cells, cells) + self.place)
        x = x.view(n, blocks, blocks, channels, cells, cells).permute(0, 3, 1, 4, 2, 5)
        return x.reshape(n, channels, side, side)


class HTNet(FlowNet):
    """uint8 maps [N, 28, 28, 3] -> logits [N, classes]."""

    least_batch = 1

    def __init__(self, classes: int = 3, settings: HtnetSettings | None = None) -> None:
        super().__init__()
        chosen = settings or HtnetSettings()
        width, heads, sides = chosen.width, chosen.heads, (4, 2, 1)
        self.tokens = nn.Conv2d(3, width, _PATCH, stride=_PATCH)  # [N, width, 4, 4]
        self.levels, self.joins = nn.ModuleList(), nn.ModuleList()
        for level, repeats in enumerate((2, 2, chosen.last_repeats)):
            self.levels.append(Level(width, heads, repeats, _BLOCKS[level], sides[level]))
            if level < 2:
                self.joins.append(_join(width))
                width, heads = 2 * width, 2 * heads
        self.norm = ChannelNorm(width)
        self.head = nn.Linear(width, classes)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 4 width]: 4x4 tokens -> 2x2 -> 1."""
        x = self.tokens(scaled(four_areas(maps)))
        for level, join in zip(self.levels, self.joins, strict=False):
            x = join(level(x))
        x = self.norm(self.levels[-1](x))
        return x.mean(dim=(2, 3))

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        logits: Tensor = self.head(self.embed(maps))
        return logits


def _join(width: int) -> nn.Sequential:
    """[N, C, S, S] -> [N, 2 C, S / 2, S / 2]."""
    return nn.Sequential(
        nn.Conv2d(width, 2 * width, 3, padding=1),
        ChannelNorm(2 * width),
        nn.MaxPool2d(3, 2, padding=1),
    )


def make_htnet(file: Path | None = None) -> NetworkModel:
    """The model under the settings of a YAML file, or the defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    settings = fill(HtnetSettings, load_yaml(file), where=str(file)) if file else HtnetSettings()
    return NetworkModel(
        name="htnet",
        build=lambda classes: HTNet(classes, settings),
        optimiser=Optimiser(epochs=100, batch=64, learning_rate=1e-4),
        about=f"four areas of 14, patches of 7, three levels, {settings}; scale 32",
        stacks=False,
    )


METHOD = Method(
    title="HTNet",
    year=2024,
    reads="maps",
    source="Wang et al., Neurocomputing 2024, arXiv 2307.14637; code of the authors",
    status="official code followed",
    make=make_htnet,
    configurable=True,
    open="64 wide instead of 256; areas at one place for all clips, rows by y; Adam at 1e-4, "
    "batches of 64, 100 epochs (released: 5e-5, 256, 800, the best test epoch)",
)
