"""Training and scoring of SCViT on motion that was measured once; for the scripts beside this one.

Every motion method gets the same pairs, the same small transformer and the same training, with the
symmetric contrastive loss (SCViT) or without (ViT).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from recognition.classifiers.scvit import region_embeddings
from recognition.classifiers.selfme import SelfmeNet
from recognition.classifiers.selfme_config import SelfmeConfig
from recognition.config import MotionName
from training.common.calibration import temperature_of
from training.common.metrics import score_recognition
from training.selfme.classification import SMALL, ClassifierTrainer
from training.selfme.pairs import LabelledPairs, motion_crops
from training.selfme.recognizer_run import save_weights
from training.selfme.start import start_network

Crops = tuple[Tensor, Tensor]  # motion [N, 2, c, c] in inter-ocular distances, labels [N]
TRANSFORMERS = {"SCViT": True, "ViT": False}


@dataclass(frozen=True, slots=True)
class Training:
    """How every classifier is trained here. Motion is not amplified: gamma 1."""

    epochs: int = 12
    seeds: int = 1
    gamma: float = 1.0


def config_of(motion: MotionName, symmetric: bool, training: Training) -> SelfmeConfig:
    """The network under these switches."""
    return SelfmeConfig(motion=motion, symmetric=symmetric, gamma=training.gamma)


def measure(
    motion: MotionName, start: str | None, parts: Mapping[str, LabelledPairs], training: Training
) -> dict[str, Crops]:
    """The motion of every part, once for all trainings."""
    net = start_network(config_of(motion, True, training), start).eval()
    return {
        name: (motion_crops(net, part.pairs, training.gamma), torch.from_numpy(part.labels))
        for name, part in parts.items()
    }


def train(
    config: SelfmeConfig, start: str | None, crops: Crops, training: Training, seed: int
) -> SelfmeNet:
    """A network whose transformer has learnt from these crops."""
    torch.manual_seed(seed)
    net = start_network(config, start)
    settings = replace(SMALL, epochs=training.epochs)
    contrast = (config.contrast, config.tau)
    trainer = ClassifierTrainer(net.classifier, *crops, settings, contrast, seed)
    for _ in range(trainer.total_steps):
        trainer.step()
    return net.eval()


def score(net: SelfmeNet, crops: Crops) -> dict[str, float]:
    """UF1, UAR and the left/right similarity of the regional embeddings.

    The similarity is the mean cosine of the pairs UL-UR and BL-BR (eq. 13).
    """
    logits, patches = answers(net, crops[0])
    found = score_recognition(crops[1].numpy(), logits.argmax(dim=1).numpy())
    regions = functional.normalize(region_embeddings(patches), dim=-1)
    upper = (regions[:, 0] * regions[:, 1]).sum(dim=-1).mean()
    lower = (regions[:, 2] * regions[:, 3]).sum(dim=-1).mean()
    return {
        "n": found.count,
        "uf1": round(found.uf1, 4),
        "uar": round(found.uar, 4),
        "similarity_upper": round(float(upper), 4),
        "similarity_lower": round(float(lower), 4),
    }


def answers(net: SelfmeNet, fields: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and patch embeddings."""
    with torch.no_grad():
        parts = [net.classifier.classify(part) for part in fields.split(128)]
    return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])


def save_calibrated(net: SelfmeNet, crops: Crops, path: Path) -> None:
    """The weights as mer-train recognizer writes them, calibrated on these crops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logits = answers(net, crops[0])[0]
    save_weights(net, path, temperature_of(logits.numpy(), crops[1].numpy()))
