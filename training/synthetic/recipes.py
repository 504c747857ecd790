"""Which action units make which class, and how often: the labels of the synthetic domains.

Weights follow the published annotations of real micro-expressions, above all DFME (2,629 clips,
Zhao et al. 2023), CASME II (Yan et al. 2014) and CAS(ME)3 (Li et al. 2022). Data sets differ: the
upper lid (5) is in half of DFME's surprises and in none of CASME II's, smiles are held back (14,
15, 17, 24) in some and not in others. So every group of samples has a `Style` of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from recognition.readings import class_of
from streamer.core.records import EMOTIONS, OTHER, ActionUnit
from training.synthetic.action_units import AUS, Activation
from training.synthetic.unit_truth import told_name

Recipes = Mapping[str, Mapping[str, float]]

# Another mixture, drawn up before these annotations were known. Networks that learn from it are
# better at the emotions of the real maps of MEGC 2019 (docs/action-units.md).
COMPOSITE: Recipes = {
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

# Units joined by "+", and their weight within the class. The first unit leads; "/" behind a recipe:
# on one side alone (contempt).
RECIPES: Recipes = {
    "negative": {
        "4": 25, "4+7": 16, "7": 6, "7+4": 3, "24": 6, "12/": 5, "14": 3, "14/": 3, "14+24": 2,
        "4+5": 3, "4+6+7": 2, "5+7": 1, "9": 3, "4+9": 4, "9+10": 1, "10": 3, "10+4": 2, "15": 4,
        "15+17": 3, "4+15": 2, "4+17": 2, "17": 3, "14+17": 2, "4+14": 2, "20": 2, "4+20": 1,
        "4+24": 3, "7+24": 1, "17+24": 2, "1+4": 2, "4+1": 1, "4+10": 2,
    },
    "positive": {
        "12+6": 32, "6+12": 6, "12": 25, "6": 2, "12+25": 4, "12+6+25": 4, "12+6+7": 4, "12+10": 3,
        "12+24": 4, "12+14": 4, "12+15": 3, "12+17": 2, "12+6+14": 2, "12+6+15": 1, "12+6+24": 2,
    },
    "surprise": {
        "1+2": 24, "2+1": 10, "1+2+5": 24, "5+1+2": 6, "5": 5, "1": 4, "2": 5, "1+2+25": 5,
        "1+2+26": 5, "1+2+5+26": 5, "26+1+2": 2, "1+2+7": 2, "25": 1, "26": 1,
    },
}  # fmt: skip
_MIDLINE = frozenset({"17", "24", "25", "26"})  # muscles that do not move on one side alone
_LIDS = frozenset({"1+2", "2+1", "1+2+5", "5+1+2", "5", "1+2+5+26"})
_HELD_BACK = frozenset({"14", "15", "17", "24"})
_RARE = 0.75
_TOLD = tuple(au for au in AUS if told_name(au))


@dataclass(frozen=True, slots=True)
class ActivationRange:
    """How strong and how lopsided the units of one recipe are, relative to the leading unit."""

    follower: tuple[float, float] = (0.3, 1.1)
    asymmetry: float = 0.3  # left and right differ by up to this share
    one_sided: float = 0.176  # share of samples in which one side hardly moves (DFME)
    weak_side: float = 0.25  # it moves up to so much


@dataclass(frozen=True, slots=True)
class Style:
    """Weights of the recipes in one group of samples, as in one data set."""

    weights: Recipes

    @classmethod
    def plain(cls) -> Style:
        """The weights as they stand."""
        return cls(RECIPES)

    @classmethod
    def draw(
        cls, rng: np.random.Generator, spread: float = 0.5, recipes: Recipes | None = None
    ) -> Style:
        """Every weight times a log-normal factor, and all with 5, and all held back, together.

        With a spread, rare recipes are a little less rare: a network learns them from few samples.
        """
        lids, held = rng.uniform(0.0, 2.0, 2) if spread > 0.0 else (1.0, 1.0)
        power = _RARE if spread > 0.0 else 1.0
        drawn: dict[str, dict[str, float]] = {}
        for emotion, own in (recipes or RECIPES).items():
            drawn[emotion] = {}
            for recipe, weight in own.items():
                factor = float(np.exp(spread * rng.normal()))
                if recipe in _LIDS:
                    factor *= lids if "5" in recipe.split("+") else 2.0 - lids
                if emotion == "positive" and not _HELD_BACK.isdisjoint(recipe.split("+")):
                    factor *= held
                drawn[emotion][recipe] = weight**power * factor
        return cls(drawn)


def draw_activations(
    emotion: str, rng: np.random.Generator, ranges: ActivationRange, style: Style | None = None
) -> list[Activation]:
    """The units of one random sample of a class; the leading unit has strength about 1.

    Raises:
        ValueError: the class has no recipes.
    """
    recipes = (style or Style.plain()).weights
    if emotion == OTHER:
        any_units = rng.random() < 0.5
        return _any(rng, ranges) if any_units else _clash(rng, ranges, style or Style.plain())
    if emotion not in recipes:
        raise ValueError(f"no recipe for {emotion!r}: use one of {', '.join(EMOTIONS)}")
    weights = np.array(list(recipes[emotion].values()), dtype=np.float64)
    recipe = list(recipes[emotion])[rng.choice(len(weights), p=weights / weights.sum())]
    return _activate(recipe, rng, ranges)


def names_of(recipe: str) -> list[str]:
    """The units of a recipe, the leading one first."""
    return recipe.rstrip("/").split("+")


def _activate(recipe: str, rng: np.random.Generator, ranges: ActivationRange) -> list[Activation]:
    units = names_of(recipe)
    lean = rng.uniform(-ranges.asymmetry, ranges.asymmetry)
    one_sided = recipe.endswith("/") or rng.random() < ranges.one_sided
    weak = rng.uniform(0.0, ranges.weak_side) if one_sided else 1.0
    weak_left = rng.random() < 0.5
    drawn = []
    for position, unit in enumerate(units):
        strength = 1.0 if position == 0 else rng.uniform(*ranges.follower)
        own = lean + rng.uniform(-0.1, 0.1)
        less = 1.0 if unit in _MIDLINE else weak
        left = strength * (1 + own) * (less if weak_left else 1.0)
        right = strength * (1 - own) * (1.0 if weak_left else less)
        drawn.append(Activation(unit, left, right))
    return drawn


def _clash(rng: np.random.Generator, ranges: ActivationRange, style: Style) -> list[Activation]:
    """Units of two classes at once that are read as neither."""
    while True:
        one, two = rng.choice(len(EMOTIONS), 2, replace=False)
        first, second = (
            draw_activations(EMOTIONS[index], rng, ranges, style) for index in (one, two)
        )
        names = {unit.au for unit in first}
        units = [*first, *(unit for unit in second if unit.au not in names)]
        if _fits_none(unit.au for unit in units):
            return units


def _any(rng: np.random.Generator, ranges: ActivationRange) -> list[Activation]:
    """Two or three units that never occur together in a class, all as likely."""
    while True:
        units = [str(au) for au in rng.choice(_TOLD, rng.integers(2, 4), replace=False)]
        if _fits_none(units):
            return _activate("+".join(units), rng, ranges)


def _fits_none(names: Iterable[str]) -> bool:
    told = sorted({told_name(name) or name for name in names})
    return class_of([ActionUnit(name, "both", 1.0, 1.0) for name in told]) is None
