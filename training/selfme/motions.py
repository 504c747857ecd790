"""Face crops of the motion between onset and apex, by whichever method the settings name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognition.classifiers.selfme import SelfmeNet
from recognition.config import face_of
from recognition.motion.methods import motion_method

_BATCH = 32


def motion_crops(
    net: SelfmeNet,
    pairs: NDArray[np.uint8],
    gamma: float,
    progress: Callable[[int], object] | None = None,
) -> Tensor:
    """Crops [N, 2, c, c] in inter-ocular distances of pairs uint8 [N, 2, S, S, 3], amplified.

    Raises:
        ValueError: the pairs have another shape.
    """
    size, device = net.config.size_px, next(net.parameters()).device
    whole = pairs.ndim == 5 and pairs.shape[1:] == (2, size, size, 3) and len(pairs) > 0
    if pairs.dtype != np.uint8 or not whole:
        raise ValueError(
            f"pairs are {pairs.dtype} {list(pairs.shape)}; expected uint8 "
            f"[N, 2, {size}, {size}, 3] with N of 1 or more: onset and apex face, RGB"
        )
    parts = []
    was_training = net.training
    net.eval()
    with torch.no_grad():
        for start in range(0, len(pairs), _BATCH):
            part = pairs[start : start + _BATCH]
            motion = _motion(net, part, gamma, device)
            parts.append(net.classifier.input.crop(motion))
            if progress:
                progress(len(part))
    net.train(was_training)
    return torch.cat(parts)


def training_crops(
    net: SelfmeNet,
    pairs: NDArray[np.uint8],
    jittered: NDArray[np.uint8] | None,
    gamma: float,
) -> Tensor:
    """As `motion_crops`; with wrong pairs [N, D, 2, S, S, 3]: [N, 1 + D, 2, c, c], right first."""
    right = motion_crops(net, pairs, gamma)
    if jittered is None:
        return right
    wrong = [motion_crops(net, jittered[:, d], gamma) for d in range(jittered.shape[1])]
    return torch.stack([right, *wrong], dim=1)


def _motion(net: SelfmeNet, pairs: NDArray[np.uint8], gamma: float, device: torch.device) -> Tensor:
    """Motion [n, 2, S, S] in pixels, amplified."""
    if net.learner is not None:
        onset, apex = (torch.from_numpy(pairs[:, i].copy()).to(device) for i in (0, 1))
        return net.learner.motion(onset, apex, gamma)
    flow = motion_method(net.config.motion, face_of(net.config.size_px))
    flows = np.stack([flow(onset, apex) for onset, apex in pairs])
    return gamma * torch.from_numpy(flows.transpose(0, 3, 1, 2).copy()).to(device)
