"""FRL-DGT's transformer fusion: many tokens become one, linearly before attention or after it.

Stated: transformers fuse inside the regions (local), across them (global) and over the full face;
a linear fusion stands before the attention (Fu-B-Attn), which is better and faster than after it
(Fu-A-Attn, M4 of table 2). Ours: the linear fusion is a learnt mixture of the T tokens into F
(`fused`), one for all channels; the blocks are pre-norm; the answer is the mean token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recognition.classifiers.scvit import Block


class Fusion(nn.Module):
    """[N, T, D] -> [N, D]."""

    def __init__(
        self, tokens: int, fused: int, width: int, heads: int, depth: int, dropout: float,
        before: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.before = before
        self.position = nn.Parameter(0.02 * torch.randn(1, tokens, width))
        self.mix = nn.Linear(tokens, min(fused, tokens))
        self.blocks = nn.Sequential(*(Block(width, heads, dropout) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Linear fusion and attention, or attention and linear fusion."""
        x = tokens + self.position
        x = self.blocks(self._mixed(x)) if self.before else self._mixed(self.blocks(x))
        return self.norm(x).mean(dim=1)

    def _mixed(self, tokens: Tensor) -> Tensor:
        """[N, T, D] -> [N, F, D]."""
        return self.mix(tokens.transpose(1, 2)).transpose(1, 2)


class Average(nn.Module):
    """[N, T, D] -> [N, D] without attention: what is left where a fusion is taken out."""

    def forward(self, tokens: Tensor) -> Tensor:
        """The mean token."""
        return tokens.mean(dim=1)
