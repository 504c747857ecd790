"""Several SCViT networks, each asked of several views of one map: the model that is exported.

Where a face detector puts its box differs by a few per cent from detector to detector, and a face
may be mirrored; a small network answers a little differently each time. So every member sees the
map as it is, moved up and down, made larger and smaller, each of them mirrored too, and the mean
log-probability counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from recognition.classifiers.scvit import SCViT
from streamer.core.records import EMOTIONS

SHIFT_CELLS = 1.5
ZOOM = 1.08
# Log of the odds of `other` in use over those in training (22 %): of the movements that a spotter
# finds, one in ten is assumed to be none of the three emotions.
OTHER_SHIFT = -0.93
# (rows moved down, magnification) of each view
VIEWS = ((0.0, 1.0), (SHIFT_CELLS, 1.0), (-SHIFT_CELLS, 1.0), (0.0, ZOOM), (0.0, 2.0 - ZOOM))


class ViewEnsemble(nn.Module):
    """uint8 maps [N, 28, 28, 3] -> mean log-probabilities [N, C] over members and views.

    `members` tell the three emotions. `unit_members`, if any, tell the action units, and how likely
    the movement is none of the three: they learn from another mixture of units, which made them
    better at units and worse at the emotions of real motion.
    """

    rows: Tensor
    columns: Tensor
    unit_scale: Tensor
    unit_shift: Tensor

    def __init__(self, members: Sequence[SCViT], unit_members: Sequence[SCViT] = ()) -> None:
        super().__init__()
        self.members, self.unit_members = nn.ModuleList(members), nn.ModuleList(unit_members)
        self.config = members[0].config
        self.unit_config = unit_members[0].config if unit_members else None
        size, units = self.config.map_size, self.unit_config.units if self.unit_config else 0
        rows = [resampling(size, shift, zoom) for shift, zoom in VIEWS]
        columns = [resampling(size, 0.0, zoom).T for _, zoom in VIEWS]
        self.register_buffer("rows", torch.stack(rows), persistent=False)
        self.register_buffer("columns", torch.stack(columns), persistent=False)
        # sigmoid(scale * mean logit + shift) is the calibrated probability of a unit
        self.register_buffer("unit_scale", torch.ones(units, 1), persistent=units > 0)
        self.register_buffer("unit_shift", torch.zeros(units, 1), persistent=units > 0)

    def forward(self, maps: Tensor) -> Tensor:
        """uint8 [N, S, S, 3] -> log-probabilities [N, classes] of the members."""
        views = self._views(maps)
        return _view_mean([cast(SCViT, member)(views)[0] for member in self.members])

    def tell(self, maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-probabilities [N, 4], emotions and other; of the units probabilities and strengths.

        Those of units are [N, units, 2], the last axis the side of the image, left and right; the
        probabilities are calibrated. Only with unit members.
        """
        views = self._views(maps)
        emotions = _view_mean([cast(SCViT, member)(views)[0] for member in self.members])
        told = [cast(SCViT, member).tell(views) for member in self.unit_members]
        four = _view_mean([each.logits for each in told])
        four = torch.cat([four[:, :-1], four[:, -1:] + OTHER_SHIFT], dim=-1).log_softmax(dim=-1)
        units = _turned_mean(torch.stack([each.units for each in told]))
        strengths = _turned_mean(torch.stack([each.strengths.sigmoid() for each in told]))
        sure = (self.unit_scale * units + self.unit_shift).sigmoid()
        one_of_three = four[:, :-1].logsumexp(dim=-1, keepdim=True)
        three = emotions[:, : len(EMOTIONS)].log_softmax(dim=-1)
        logits = torch.cat([three + one_of_three, four[:, -1:]], dim=-1)
        return logits, sure, strengths

    def _views(self, maps: Tensor) -> Tensor:
        """[2 N V, S, S, 3]: first the views of the maps, then their mirror images."""
        size = self.config.map_size
        planes = maps.permute(0, 3, 1, 2).float().unsqueeze(1)  # [N, 1, 3, S, S]
        views = self.rows[:, None] @ planes @ self.columns[:, None]  # [N, V, 3, S, S]
        views = views.permute(0, 1, 3, 4, 2).reshape(-1, size, size, 3)
        return torch.cat([views, mirror(views)], dim=0)


def _view_mean(logits: Sequence[Tensor]) -> Tensor:
    """Mean log-probability [N, C] over members and views of logits [2 N V, C] each."""
    each = torch.stack([own.log_softmax(dim=-1) for own in logits]).mean(dim=0)
    return each.reshape(2, -1, len(VIEWS), each.shape[-1]).mean(dim=(0, 2))


def _turned_mean(sides: Tensor) -> Tensor:
    """Mean [N, U, 2] over members and views of [M, 2 N V, U, 2]; mirrored views change sides."""
    plain, mirrored = sides.mean(dim=0).unflatten(0, (2, -1, len(VIEWS))).mean(dim=2)
    return 0.5 * (plain + mirrored.flip(2))


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
