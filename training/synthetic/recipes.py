"""Which action units make which class, and how often: the labels of the synthetic domains.

After the FACS reading of spontaneous micro-expressions: negative is dominated by the brow lowerer
(4, 4+7), then the mouth units of repression and disgust (14, 15, 17, 9, 10, 20); positive is the
lip corner puller with and without the cheek raiser; surprise is raised brows with and without lids
and jaw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from streamer.core.records import EMOTIONS
from training.synthetic.action_units import Activation

# Units joined by "+", and their weight within the class. The first unit leads.
RECIPES: Mapping[str, Mapping[str, float]] = {
    "negative": {
        "4": 22, "4+7": 22, "7": 3, "7+4": 4, "4+9": 5, "9": 4, "9+10": 2, "10": 5, "10+4": 3,
        "14": 8, "15": 7, "17": 5, "15+17": 5, "14+17": 3, "14+15": 2, "4+15": 3, "4+17": 2,
        "4+14": 2, "20": 3, "4+20": 2, "24": 3, "17+24": 2, "4+24": 2, "1+4": 2, "4+1": 2, "4+5": 1,
    },
    "positive": {
        "12": 42, "12+6": 34, "6+12": 8, "6": 3, "12+25": 5, "12+6+25": 5, "12+10": 2, "12+6+7": 4,
    },
    "surprise": {
        "1+2": 38, "2+1": 14, "1+2+5": 18, "5": 4, "1": 7, "2": 7, "1+2+25": 6, "1+2+26": 7,
        "1+2+5+26": 5, "5+1+2": 4, "26+1+2": 3, "25": 1, "26": 1,
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ActivationRange:
    """How strong and how lopsided the units of one recipe are, relative to the leading unit."""

    follower: tuple[float, float] = (0.3, 1.1)
    asymmetry: float = 0.3  # left and right differ by up to this share
    one_sided: float = 0.12  # share of samples in which one side hardly moves


def draw_activations(
    emotion: str, rng: np.random.Generator, ranges: ActivationRange
) -> list[Activation]:
    """The units of one random sample of a class; the leading unit has strength about 1.

    Raises:
        ValueError: the class has no recipes.
    """
    if emotion not in RECIPES:
        raise ValueError(f"no recipe for {emotion!r}: use one of {', '.join(EMOTIONS)}")
    names = list(RECIPES[emotion])
    weights = np.array(list(RECIPES[emotion].values()), dtype=np.float64)
    units = names[rng.choice(len(names), p=weights / weights.sum())].split("+")
    lean = rng.uniform(-ranges.asymmetry, ranges.asymmetry)
    weak = rng.uniform(0.0, 0.4) if rng.random() < ranges.one_sided else 1.0
    weak_left = rng.random() < 0.5
    drawn = []
    for position, unit in enumerate(units):
        strength = 1.0 if position == 0 else rng.uniform(*ranges.follower)
        own = lean + rng.uniform(-0.1, 0.1)
        left = strength * (1 + own) * (weak if weak_left else 1.0)
        right = strength * (1 - own) * (1.0 if weak_left else weak)
        drawn.append(Activation(unit, left, right))
    return drawn
