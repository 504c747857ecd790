"""Options that several commands of `mer-train` take, checked. Light: no torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from streamer.cli.common import parse_pairs
from streamer.core.errors import InstallError, UsageError
from streamer.core.settings import fill, load_yaml, set_key, to_mapping

_Settings = TypeVar("_Settings")
_Value = TypeVar("_Value", str, int)


def require_training() -> None:
    """Says what to install when the training extra is missing.

    Raises:
        InstallError: torch, onnx or safetensors is not installed.
    """
    missing = [
        name for name in ("torch", "onnx", "safetensors") if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise InstallError(f'training needs {", ".join(missing)}: pip install "mer-stream[train]"')


def pick_device(name: str) -> str:
    """ "cpu" or "cuda" for auto, cpu, cuda.

    Raises:
        UsageError: an unknown name, or no CUDA device where one is asked for.
    """
    import torch

    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {name!r}: choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: no CUDA device is there; choose cpu or auto")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def one_of(option: str, value: _Value, known: Sequence[_Value]) -> Any:
    """The value, if it is one of those known.

    Raises:
        UsageError: it is not.
    """
    if value not in known:
        raise UsageError(f"{option} {value!r}: choose {', '.join(map(str, known))}")
    return value


def parse_words(text: str) -> tuple[str, ...]:
    """The words of "a,b", empty ones left out."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_numbers(option: str, text: str) -> tuple[float, ...]:
    """The numbers of "30,200".

    Raises:
        UsageError: a word is no number.
    """
    try:
        return tuple(float(word) for word in parse_words(text))
    except ValueError:
        raise UsageError(f"{option} {text!r}: give numbers with commas between them") from None


def change_settings(
    start: _Settings, config: Path | None, pairs: Sequence[str], example: str
) -> _Settings:
    """Settings, changed by a YAML file and then by single keys, as in `example`.

    Raises:
        UsageError: an unknown key or a wrong value.
    """
    mapping = to_mapping(start)
    if config is not None:
        _merge(mapping, load_yaml(config))
    for key, value in parse_pairs(pairs, example):
        set_key(mapping, key, value)
    return fill(type(start), mapping, where="settings" if config is None else str(config))


def _merge(mapping: dict[str, Any], more: dict[str, Any]) -> None:
    """Sections are merged, values replaced."""
    for key, value in more.items():
        held = mapping.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            _merge(held, value)
        else:
            mapping[key] = value
