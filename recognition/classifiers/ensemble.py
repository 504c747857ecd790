"""Several SCViT networks, each asked of several views of one map: the model that is exported.

Where a face detector puts its box differs by a few per cent from detector to detector, and a face
may be mirrored; a small network answers a little differently each time. So every member sees the
map as it is, moved up and down, made larger and smaller, each of them mirrored too, and the mean
log-probability counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recognition.classifiers.scvit import SCViT

SHIFT_CELLS = 1.5
ZOOM = 1.08
# (rows moved down, magnification) of each view
VIEWS = ((0.0, 1.0), (SHIFT_CELLS, 1.0), (-SHIFT_CELLS, 1.0), (0.0, ZOOM), (0.0, 2.0 - ZOOM))


class ViewEnsemble(nn.Module):
    """uint8 maps [N, 28, 28, 3] -> mean log-probabilities [N, 3] over members and views."""

    rows: Tensor
    columns: Tensor

    def __init__(self, members: Sequence[SCViT]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.config = members[0].config
        size = self.config.map_size
        rows = [resampling(size, shift, zoom) for shift, zoom in VIEWS]
        columns = [resampling(size, 0.0, zoom).T for _, zoom in VIEWS]
        self.register_buffer("rows", torch.stack(rows), persistent=False)
        self.register_buffer("columns", torch.stack(columns), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """uint8 [N, S, S, 3] -> [N, classes]."""
        size = self.config.map_size
        planes = maps.permute(0, 3, 1, 2).float().unsqueeze(1)  # [N, 1, 3, S, S]
        views = self.rows[:, None] @ planes @ self.columns[:, None]  # [N, V, 3, S, S]
        views = views.permute(0, 1, 3, 4, 2).reshape(-1, size, size, 3)
        both = torch.cat([views, mirror(views)], dim=0)  # [2 N V, S, S, 3]
        each = torch.stack([member(both)[0].log_softmax(dim=-1) for member in self.members])
        mean = each.mean(dim=0).reshape(2, -1, len(VIEWS), self.config.classes)
        return mean.mean(dim=(0, 2))


def mirror(maps: Tensor) -> Tensor:
    """Motion maps [N, S, S, 3] of the mirrored faces: columns reversed, u negated."""
    flipped = maps.flip(2)
    return torch.cat([255 - flipped[..., :1], flipped[..., 1:]], dim=-1)


def resampling(size: int, shift: float, zoom: float) -> Tensor:
    """Matrix [size, size]: linear interpolation of a line that is moved and magnified.

    The magnification is about the middle of the line; beyond its ends the line is continued.
    """
    middle = (size - 1) / 2
    wanted = (torch.arange(size) - middle - shift) / zoom + middle
    source = wanted.clamp(0, size - 1)
    distance = (source[:, None] - torch.arange(size)[None, :]).abs()
    return (1.0 - distance).clamp(min=0.0)
