"""The one list of models. Modules are imported when a model is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from streamer.errors import UsageError
from training.models.base import Model

_MAKERS: Mapping[str, tuple[str, str]] = {
    "scvit": ("scvit", "ScvitModel"),
    "ststnet": ("ststnet", "make_ststnet"),
    "off-apexnet": ("off_apexnet", "make_off_apexnet"),
    "svm": ("svm", "SvmModel"),
    "zero-shot": ("zero_shot", "ZeroShotModel"),
}
MODELS = tuple(_MAKERS)


def check_models(text: str) -> list[str]:
    """The names in a list with commas.

    Raises:
        UsageError: none, or an unknown one.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if name not in _MAKERS]
    if unknown or not names:
        wrong = unknown[0] if unknown else text
        raise UsageError(f"model {wrong!r} is unknown: choose among {', '.join(MODELS)}")
    return names


def make_model(name: str) -> Model:
    """The model of that name.

    Raises:
        UsageError: there is none.
    """
    module, maker = _MAKERS[check_models(name)[0]]
    model: Model = getattr(import_module(f"training.models.{module}"), maker)()
    return model
