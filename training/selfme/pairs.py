"""Onset-apex pairs to train a recogniser on, and face crops of the motion between the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognition.classifiers.selfme import SelfmeNet
from recognition.config import face_of
from recognition.motion.methods import motion_method
from streamer.core.errors import UsageError
from streamer.core.records import EMOTIONS
from training.datasets.arrays import load_jittered, load_pairs
from training.datasets.prepared import is_prepared, load_prepared, read_settings
from training.synthetic.pairs import read_pairs


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPairs:
    """Pairs with their class and the person who shows them."""

    pairs: NDArray[np.uint8]  # [N, 2, S, S, 3]: onset and apex face, RGB
    labels: NDArray[np.int64]  # [N], positions in EMOTIONS
    people: tuple[str, ...]
    jittered: NDArray[np.uint8] | None = None  # [N, D, 2, S, S, 3]: the same, some frames off

    def __len__(self) -> int:
        return len(self.people)

    def take(self, rows: NDArray[np.int64]) -> LabelledPairs:
        """Only these rows."""
        return LabelledPairs(
            self.pairs[rows],
            self.labels[rows],
            tuple(self.people[i] for i in rows),
            None if self.jittered is None else self.jittered[rows],
        )


def read_source(path: Path) -> LabelledPairs:
    """Pairs of a file of mer-train pairs, or of a cache of mer-train prepare.

    Raises:
        UsageError: neither. SourceNotFoundError, SourceFormatError: see the readers.
    """
    if path.suffix == ".npz":
        drawn = read_pairs(path)
        pairs = np.stack([drawn.onset, drawn.apex], axis=1)
        return LabelledPairs(pairs, drawn.emotion, tuple(str(name) for name in drawn.person))
    if not is_prepared(path):
        raise UsageError(
            f"{path} holds no pairs: give an .npz of mer-train pairs, or a cache of mer-train "
            "prepare"
        )
    settings = read_settings(path)
    clips = load_prepared(path, settings.dataset.split(","), 3).clips
    labels = np.array([EMOTIONS.index(clip.emotion) for clip in clips], dtype=np.int64)
    wrong = load_jittered(clips) if settings.jitter else None
    return LabelledPairs(load_pairs(clips), labels, tuple(clip.group for clip in clips), wrong)


def hold_out_people(
    source: LabelledPairs, share: float, seed: int
) -> tuple[LabelledPairs, LabelledPairs]:
    """Training and validation pairs of different people.

    Raises:
        UsageError: there is only one person.
    """
    people = sorted(set(source.people))
    if len(people) < 2:
        raise UsageError(
            f"all pairs are of {people[0] if people else 'nobody'}: validation needs another "
            "person; give --validation, or pairs of more people"
        )
    count = min(len(people) - 1, max(1, round(share * len(people))))
    left = set(np.random.default_rng([seed, 7]).permutation(people)[:count].tolist())
    out = np.array([person in left for person in source.people])
    return source.take(np.flatnonzero(~out)), source.take(np.flatnonzero(out))


def read_both(
    data: Path, validation: Path | None, seed: int
) -> tuple[LabelledPairs, LabelledPairs]:
    """Training and validation pairs of different people; without `validation`, some of the data's.

    Raises:
        UsageError: somebody is in both, or there is only one person. More: see `read_source`.
    """
    train = read_source(data)
    if validation is None:
        return hold_out_people(train, 0.2, seed)
    held_out = read_source(validation)
    if both := set(train.people) & set(held_out.people):
        raise UsageError(
            f"{sorted(both)[0]} is in --data and in --validation: validation needs other people"
        )
    return train, held_out


_BATCH = 32
# Pairs uint8 [n, 2, S, S, 3] -> whole motion onset -> apex [n, 2, S, S] in pixels.
Measure = Callable[[NDArray[np.uint8]], Tensor]


def motion_crops(
    net: SelfmeNet,
    pairs: NDArray[np.uint8],
    gamma: float,
    progress: Callable[[int], object] | None = None,
    measure: Measure | None = None,
) -> Tensor:
    """Crops [N, 2, c, c] in inter-ocular distances of pairs uint8 [N, 2, S, S, 3], amplified.

    measure: what measures the motion in place of the network's own or of a classical flow.

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
            motion = gamma * measure(part) if measure else _motion(net, part, gamma, device)
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
    measure: Measure | None = None,
) -> Tensor:
    """As `motion_crops`; with wrong pairs [N, D, 2, S, S, 3]: [N, 1 + D, 2, c, c], right first."""
    right = motion_crops(net, pairs, gamma, measure=measure)
    if jittered is None:
        return right
    wrong = [
        motion_crops(net, jittered[:, d], gamma, measure=measure) for d in range(jittered.shape[1])
    ]
    return torch.stack([right, *wrong], dim=1)


def _motion(net: SelfmeNet, pairs: NDArray[np.uint8], gamma: float, device: torch.device) -> Tensor:
    """Motion [n, 2, S, S] in pixels, amplified."""
    if net.learner is not None:
        onset, apex = (torch.from_numpy(pairs[:, i].copy()).to(device) for i in (0, 1))
        return net.learner.motion(onset, apex, gamma)
    flow = motion_method(net.config.motion, face_of(net.config.size_px))
    flows = np.stack([flow(onset, apex) for onset, apex in pairs])
    return gamma * torch.from_numpy(flows.transpose(0, 3, 1, 2).copy()).to(device)
