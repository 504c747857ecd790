"""The one list of models. Modules are imported when a model is asked for.

A model with settings of its own takes them from a YAML file: `selfme@my.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from streamer.core.errors import UsageError
from training.models.base import Model

_MAKERS: Mapping[str, tuple[str, str]] = {
    "scvit": ("scvit", "ScvitModel"),
    "ststnet": ("ststnet_stack", "make_ststnet"),
    "off-apexnet": ("off_apexnet", "make_off_apexnet"),
    "svm": ("svm", "SvmModel"),
    "linear": ("linear", "LinearModel"),
    "committee": ("voting_ensemble", "VotingEnsemble"),
    "zero-shot": ("zero_shot", "ZeroShotModel"),
    "selfme": ("selfme", "make_selfme"),
}
_READ_PAIRS = frozenset({"selfme"})
_CONFIGURABLE = frozenset({"selfme"})
MODELS = tuple(_MAKERS)


def check_models(text: str) -> list[str]:
    """The names in a list with commas.

    Raises:
        UsageError: none, or an unknown one.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if _split(name)[0] not in _MAKERS]
    if unknown or not names:
        wrong = unknown[0] if unknown else text
        raise UsageError(f"model {wrong!r} is unknown: choose among {', '.join(MODELS)}")
    fixed = [name for name in names if _split(name)[1] and _split(name)[0] not in _CONFIGURABLE]
    if fixed:
        raise UsageError(f"model {fixed[0]!r}: only {', '.join(_CONFIGURABLE)} take settings")
    return names


def reads_pairs(name: str) -> bool:
    """Whether the model looks at the faces themselves rather than at their motion maps."""
    return _split(name)[0] in _READ_PAIRS


def make_model(name: str) -> Model:
    """The model of that name.

    Raises:
        UsageError: there is none.
    """
    kind, file = _split(check_models(name)[0])
    module, maker = _MAKERS[kind]
    make = getattr(import_module(f"training.models.{module}"), maker)
    model: Model = make(Path(file)) if file else make()
    return model


def _split(name: str) -> tuple[str, str]:
    """Model and settings file ("" where there is none)."""
    kind, _, file = name.partition("@")
    return kind, file
