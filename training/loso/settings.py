"""What determines the figures of a run, and the digest by which finished folds are known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from training.loso.config import INNER, LosoConfig
from training.loso.selection import Selection
from training.models.base import Model

Protocol = Literal["clean", "published"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How each fold is trained."""

    protocol: Protocol
    inner: bool  # epochs by inner subject splits
    epochs: int  # the most epochs that a fold may take
    classes: tuple[str, ...]
    device: str
    stacked: bool


def make_recipe(config: LosoConfig, model: Model, classes: tuple[str, ...], device: str) -> Recipe:
    """The recipe of a run; epochs as published where none are given."""
    number = config.epochs if isinstance(config.epochs, int) else model.default_epochs
    return Recipe(
        protocol=config.protocol,
        inner=config.epochs == INNER and model.default_epochs > 0,
        epochs=number if model.default_epochs else 0,
        classes=classes,
        device=device,
        stacked=config.stacked and model.stacks,
    )


def settings_of(
    config: LosoConfig, model: Model, recipe: Recipe, selection: Selection
) -> Mapping[str, object]:
    """Everything that changes a figure; where and how fast it is computed does not count."""
    facts = asdict(recipe)
    del facts["device"], facts["stacked"]
    return {
        **facts,
        "classes": list(recipe.classes),
        "kind": config.kind,
        "model": model.name,
        "model_settings": dict(model.settings()),
        "data": selection.digest,
    }


def digest_settings(settings: Mapping[str, object]) -> str:
    """Sixteen hexadecimal digits."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
