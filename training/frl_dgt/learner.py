"""FRL-DGT as it learns: classification and self-supervision at once, on varied pairs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from recognition.classifiers.frl_dgt import FrlDgtNet, load_frl_dgt
from recognition.motion.frl_dgt.weights import BUNDLED
from streamer.core.errors import ModelError
from training.common.files import start_weights
from training.frl_dgt.losses import self_supervised_loss
from training.frl_dgt.settings import FrlDgtRun, FrlDgtTraining
from training.models.flow_net import FlowNet

_NOISE = 12  # cells of the smooth noise along a side


class FrlDgtLearner(FlowNet):
    """What the network takes -> logits [N, C]; `loss` is what end-to-end training makes smaller.

    Pairs uint8 [N, 2, S, S, 3] where the displacement is generated, else what replaces it:
    float [N, C, S, S] of `training.frl_dgt.fields`.
    """

    least_batch = 2  # batch normalisation

    def __init__(self, run: FrlDgtRun) -> None:
        super().__init__()
        self.run = run
        self.net = FrlDgtNet(run.network)
        if self.net.dgm is not None and run.start is not None:
            start_from(self.net, run.start)

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, C]."""
        return self.net.classify(self._displacement(inputs))

    def embed(self, maps: Tensor) -> Tensor:
        """The fused features."""
        return self.net.fuse(self._displacement(maps))

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy, plus the self-supervised loss where a displacement is generated."""
        return torch.stack(self.losses(inputs, labels)).sum()

    def losses(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Cross entropy and weighted self-supervision."""
        training = self.run.training
        inputs = self._mirrored(inputs)
        seen, unlike = inputs, inputs.new_zeros((), dtype=torch.float32)
        dgm, own = self.net.dgm, training.self_supervision
        if dgm is not None:
            onset, apex = dgm.normalise(inputs[:, 0]), dgm.normalise(inputs[:, 1])
            inner = dgm.generate(onset, apex)
            if own.weight > 0.0:
                unlike = own.weight * self_supervised_loss(onset, apex, inner, own)
            seen = dgm.whole(inner)
        logits = self.net.classify(vary(seen, training))
        smoothing = training.label_smoothing
        return functional.cross_entropy(logits, labels, label_smoothing=smoothing), unlike

    def _displacement(self, inputs: Tensor) -> Tensor:
        if self.net.dgm is None:
            return inputs.float()
        return self.net.displacement(inputs[:, 0], inputs[:, 1])

    def _mirrored(self, inputs: Tensor) -> Tensor:
        """Each pair, or field, mirrored with the probability of the settings."""
        flip = torch.rand(len(inputs), device=inputs.device) < self.run.training.mirror
        if self.net.dgm is not None:
            return torch.where(flip[:, None, None, None, None], inputs.flip(-2), inputs)
        mirrored = inputs.flip(-1)
        if inputs.shape[1] == 2:
            mirrored = torch.cat([-mirrored[:, :1], mirrored[:, 1:]], dim=1)
        return torch.where(flip[:, None, None, None], mirrored, inputs)


def vary(displacement: Tensor, training: FrlDgtTraining) -> Tensor:
    """Displacements [N, C, S, S] of other strength, moved and disturbed, as the settings say."""
    seen = displacement.float()
    count, planes, size, _ = seen.shape
    if training.shift_px > 0:
        most, place = training.shift_px, torch.arange(size)
        moves = torch.randint(-most, most + 1, (2, count, 1))
        rows, columns = ((place[None] + move).clamp(0, size - 1) for move in moves)
        each, both = torch.arange(count)[:, None, None, None], torch.arange(planes)[:, None, None]
        seen = seen[each, both, rows[:, None, :, None], columns[:, None, None, :]]
    power = 2.0 * torch.rand(count, 1, 1, 1, device=seen.device) - 1.0
    seen = seen * training.gain**power
    if training.noise_px > 0.0:
        rough = torch.randn(count, planes, _NOISE, _NOISE, device=seen.device)
        smooth = functional.interpolate(rough, (size, size), mode="bilinear", align_corners=False)
        seen = seen + training.noise_px * smooth
    return seen


def start_file(start: str | None) -> Path | None:
    """The file meant by "bundled", a path, or None. Raises ModelError: it is not there."""
    return start_weights(start, BUNDLED, "mer-train frl-dgt")


def start_from(net: FrlDgtNet, start: str) -> None:
    """The displacement module gets the weights of a trained one.

    Raises:
        ModelError: no such file, or its module has another size.
    """
    file = start_file(start)
    assert file is not None and net.dgm is not None  # the callers looked
    held = load_frl_dgt(file)[0].dgm
    if held is None or held.config != net.dgm.config:
        raise ModelError(f"{file} holds no displacement module of this size: name another `start`")
    net.dgm.load_state_dict(held.state_dict())
