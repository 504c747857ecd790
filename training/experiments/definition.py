"""What an experiment is: a YAML file of rows, each a change of one method's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamer.core.errors import UsageError
from streamer.core.settings import fill, load_yaml, set_key, to_mapping
from training.loso.registry import find_method

FOLDER = Path(__file__).parent / "definitions"


@dataclass(frozen=True, slots=True)
class Figures:
    """UF1 and UAR as the paper prints them; some print no UAR."""

    uf1: float
    uar: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One setting, or a method of the benchmark by itself.

    With neither it is not run here and stands in the table as printed.
    """

    name: str
    set: Mapping[str, Any] | None = None  # changes of the experiment's model
    published: Figures | None = None
    model: str | None = None  # as for mer-train loso --model, under its defaults


@dataclass(frozen=True, slots=True)
class Experiment:
    """One table or figure of a paper. With `x`, the rows are numbers along an axis: a sweep.

    `model` is a method of the benchmark that takes settings.
    """

    title: str
    rows: tuple[Row, ...]
    model: str = "selfme"
    published_on: str = ""
    x: str | None = None
    published_best: float | None = None
    note: str = ""
    base: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [row.name for row in self.rows]
        if not names or len(set(names)) != len(names):
            raise ValueError("rows must be there, each with a name of its own")
        both = [row.name for row in self.rows if row.set is not None and row.model is not None]
        if both:
            raise ValueError(f"row {both[0]!r} has set and model: give one of the two")
        if self.x is not None:
            for name in names:
                float(name)  # a ValueError names the text


def load_experiment(name: str) -> Experiment:
    """One of the package's experiments by name, or a YAML file.

    Raises:
        UsageError: there is none, a key or value in it is wrong, or its model takes no settings.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise UsageError(
            f"experiment {name!r}: give one of {', '.join(names())}, or a .yaml file of your own"
        )
    found = fill(Experiment, load_yaml(path), where=str(path))
    settings_class(found)
    return found


def names() -> tuple[str, ...]:
    """The experiments of the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def settings_class(experiment: Experiment) -> type[Any]:
    """What a row's settings are an instance of.

    Raises:
        UsageError: the model is unknown, or its settings cannot be changed key by key.
    """
    found = find_method(experiment.model).settings
    if found is None:
        raise UsageError(
            f"model {experiment.model!r} has no settings that rows could change: name another"
        )
    return found


def run_of(
    experiment: Experiment, row: Row, start: Mapping[str, Any], changes: Mapping[str, Any]
) -> Any:
    """The model's settings in one row: a file's, the experiment's, the caller's, the row's own.

    Raises:
        UsageError: a key or value is wrong.
    """
    kind = settings_class(experiment)
    mapping = to_mapping(fill(kind, start, where="settings"))
    for key, value in {**experiment.base, **changes, **(row.set or {})}.items():
        set_key(mapping, key, value)
    return fill(kind, mapping, where=f"row {row.name}")
