"""Onset-apex pairs to train a recogniser on: drawn synthetic pairs, or a prepared data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import UsageError
from streamer.core.records import EMOTIONS
from training.datasets.pair_files import load_jittered, load_pairs
from training.prepare.cache import is_prepared, read_settings
from training.prepare.load import load_prepared
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
