"""The methods by name: every file of `training.methods`, imported when it is asked for.

A method with settings of its own takes them from a YAML file: `selfme@my.yaml`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from streamer.core.errors import UsageError
from training import methods
from training.models.base import Model
from training.models.method import Method, Reads

MODELS = tuple(
    sorted(
        module.name.replace("_", "-")
        for module in iter_modules(methods.__path__)
        if not module.name.startswith("_")
    )
)


def check_models(text: str) -> list[str]:
    """The names in a list with commas.

    Raises:
        UsageError: none, or an unknown one.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if _split(name)[0] not in MODELS]
    if unknown or not names:
        wrong = unknown[0] if unknown else text
        raise UsageError(f"model {wrong!r} is unknown: choose among {', '.join(MODELS)}")
    fixed = [name for name in names if _split(name)[1] and not find_method(name).configurable]
    if fixed:
        raise UsageError(f"model {fixed[0]!r} takes no settings: leave @ and what follows out")
    return names


@cache
def find_method(name: str) -> Method:
    """What a method says of itself. `name` may carry a settings file.

    Raises:
        UsageError: there is none of that name.
    """
    kind = _split(name)[0]
    if kind not in MODELS:
        raise UsageError(f"model {kind!r} is unknown: choose among {', '.join(MODELS)}")
    found: Method = import_module(f"training.methods.{kind.replace('-', '_')}").METHOD
    return found


def reads_of(name: str) -> Reads:
    """What the method looks at."""
    return find_method(name).reads


def make_model(name: str) -> Model:
    """The model of that name.

    Raises:
        UsageError: there is none, or its settings file is missing or wrong.
    """
    kind, file = _split(check_models(name)[0])
    method = find_method(kind)
    return method.make(Path(file)) if file else method.make()


def _split(name: str) -> tuple[str, str]:
    """Method and settings file ("" where there is none)."""
    kind, _, file = name.partition("@")
    return kind, file
