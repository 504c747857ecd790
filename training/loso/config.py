"""Settings of a benchmark run, how each fold is trained, and the digest of finished folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from streamer.core.errors import UsageError
from streamer.core.ranges import Epochs, Range, Workers, check_ranges, range_of, show
from training.loso.selection import Selection
from training.models.base import Model

Protocol = Literal["clean", "published"]
Kind = Literal["composite", "single", "cross", "grouped"]
Engine = Literal["local", "ray"]
Classes = Literal[3, 5]
INNER = "inner"


@dataclass(frozen=True, slots=True)
class LosoConfig:
    """One model under one protocol. `epochs` None: as published; "inner": by subject splits.

    Frames that nobody has prepared yet are prepared into `prepared`, or into the run folder.
    """

    dataset: str
    root: Path
    model: str
    output: Path
    protocol: Protocol = "clean"
    kind: Kind = "composite"
    classes: Classes = 3
    seeds: Annotated[int, Range(1, 1000)] = 3
    epochs: Epochs | Literal["inner"] | None = None
    device: str = "auto"
    engine: Engine = "local"
    address: str | None = None
    jobs: Workers = 1
    stacked: bool = True
    overwrite: bool = False
    prepared: Path | None = None

    def __post_init__(self) -> None:
        check_ranges(self)


def parse_epochs(text: str | None) -> int | Literal["inner"] | None:
    """A number of epochs, "inner", or None.

    Raises:
        UsageError: something else.
    """
    if text is None:
        return None
    if text == INNER:
        return "inner"
    span = range_of(Epochs)
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    if not span.holds(number):
        raise UsageError(f"--epochs {show(text)}: give a whole number of {span}, or {INNER}")
    return number


@dataclass(frozen=True, slots=True)
class Recipe:
    """How each fold is trained."""

    protocol: Protocol
    nested: bool  # epochs by nested cross-validation, subjects of the training part left out
    epochs: int  # the most epochs that a fold may take
    classes: tuple[str, ...]
    device: str
    stacked: bool


def make_recipe(config: LosoConfig, model: Model, classes: tuple[str, ...], device: str) -> Recipe:
    """The recipe of a run; epochs as published where none are given."""
    number = config.epochs if isinstance(config.epochs, int) else model.default_epochs
    return Recipe(
        protocol=config.protocol,
        nested=config.epochs == INNER and model.default_epochs > 0,
        epochs=number if model.default_epochs else 0,
        classes=classes,
        device=device,
        stacked=config.stacked and model.stacks,
    )


def settings_of(
    config: LosoConfig, model: Model, recipe: Recipe, selection: Selection
) -> Mapping[str, object]:
    """Everything that changes a figure; where and how fast it is computed does not count."""
    return {
        "protocol": recipe.protocol,
        "inner": recipe.nested,
        "epochs": recipe.epochs,
        "classes": list(recipe.classes),
        "kind": config.kind,
        "model": model.name,
        "model_settings": dict(model.settings()),
        "data": selection.digest,
    }
