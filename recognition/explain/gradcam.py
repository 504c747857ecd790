"""GradCAM (Selvaraju et al., ICCV 2017) of the transformers: which patches speak for a class.

As figure 5 of SelfME, on the normalised patch tokens that enter the first block, weighted by the
gradient of the class's logit; negative evidence is left out. Two choices are ours. Each patch keeps
its own gradient (HiResCAM, Draelos and Carin 2020): a transformer has no pooling over patches that
would make their mean the right weight. And the first block instead of the last, where the class
token has seen the patches already and their own tokens hardly count any more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recognition.classifiers.field_vit import FieldViT


def field_gradcam(net: FieldViT, crop_iod: Tensor, label: int | None = None) -> NDArray[np.float32]:
    """Heat [g, g] in 0..1 of one motion crop [2, c, c] in IOD; label None: the winning class."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        output.retain_grad()
        kept.append(output)

    block: Any = net.first_block
    was_training = net.training
    net.eval()
    # The LN before the attention: its output is what the class token attends to.
    hook = block.norm1.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            logits = net.classify(crop_iod[None])[0][0]
            chosen = int(logits.argmax()) if label is None else label
            if not 0 <= chosen < len(logits):
                raise ValueError(f"label {chosen}: expected 0..{len(logits) - 1}")
            net.zero_grad(set_to_none=True)
            logits[chosen].backward()
    finally:
        hook.remove()
        net.train(was_training)
    tokens = kept[0]
    assert tokens.grad is not None  # it was retained above
    values, gradient = tokens[0, 1:].detach(), tokens.grad[0, 1:]
    net.zero_grad(set_to_none=True)
    heat = (values * gradient).sum(dim=-1).clamp(min=0.0)
    side = round(len(heat) ** 0.5)
    found = heat.reshape(side, side).cpu().numpy()
    return np.asarray(found / max(float(found.max()), 1e-12), dtype=np.float32)


def asymmetry(heat: NDArray[np.float32]) -> float:
    """How much left and right of a heat map [g, g] differ: 0 mirrored, 1 on one side only."""
    total = float(2.0 * np.abs(heat).sum())
    return float(np.abs(heat - heat[:, ::-1]).sum()) / total if total > 0.0 else 0.0
