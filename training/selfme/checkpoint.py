"""Checkpoints of a training as safetensors: weights, optimiser, step, settings. No pickle.

A file is written beside the old one and renamed, so a kill at any moment leaves a whole one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from recognition.files.safetensors_file import read_safetensors
from streamer.core.errors import ModelError, OutputError
from streamer.core.files.atomic import write_file
from streamer.core.files.strict_json import Each, Whole, check_shape, parse_json

_MODEL, _OPTIMIZER = "model.", "optimizer."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a training needs to resume."""

    step: int
    settings: Mapping[str, Any]  # plain values: a training of other settings must not resume here
    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]  # what `Optimizer.load_state_dict` takes
    extra: Mapping[str, Any]  # plain values of the trainer's own


def save_checkpoint(
    path: Path,
    step: int,
    settings: Mapping[str, Any],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Writes everything, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    state = optimizer.state_dict()
    tensors = {_MODEL + name: value for name, value in model.state_dict().items()}
    numbers: dict[str, Any] = {}
    for index, own in state["state"].items():
        for name, value in own.items():
            if isinstance(value, Tensor):
                tensors[f"{_OPTIMIZER}{index}.{name}"] = value
            else:
                numbers[f"{index}.{name}"] = value
    facts = {
        "step": str(step),
        "settings": json.dumps(settings, sort_keys=True),
        "groups": json.dumps(state["param_groups"]),
        "numbers": json.dumps(numbers),
        "extra": json.dumps(dict(extra or {})),
    }
    whole = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    write_file(path, save(whole, metadata=facts))


def load_checkpoint(path: Path, settings: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint, or None where there is none.

    Raises:
        OutputError: it belongs to a training of other settings.
        ModelError: it is damaged.
    """
    if not path.is_file():
        return None
    try:
        tensors, facts = read_safetensors(path)
        held = check_shape(parse_json(facts["settings"]), dict)
        groups = check_shape(parse_json(facts["groups"]), [{"params": [Whole]}])
        numbers = check_shape(parse_json(facts["numbers"]), Each((bool, float, None)))
        extra = check_shape(parse_json(facts["extra"]), dict)
        step = check_shape(int(facts["step"]), Whole)
        model, state = _split(tensors, numbers)
    except (ModelError, KeyError, ValueError) as error:
        raise ModelError(f"{path} is damaged ({error}): delete it and start again") from error
    if held != json.loads(json.dumps(settings)):
        raise OutputError(
            f"{path} is of a training with other settings or data: choose another --output, or "
            "--overwrite"
        )
    return Checkpoint(step, held, model, {"state": state, "param_groups": groups}, extra)


def _split(
    tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]
) -> tuple[dict[str, Tensor], dict[int, dict[str, Any]]]:
    """Weights by name, and the optimiser's state by parameter. Raises ValueError."""
    state: dict[int, dict[str, Any]] = {}
    model: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if name.startswith(_OPTIMIZER):
            index, _, key = name.removeprefix(_OPTIMIZER).partition(".")
            state.setdefault(int(index), {})[key] = value
        elif name.startswith(_MODEL):
            model[name.removeprefix(_MODEL)] = value
    for name, number in numbers.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = number
    return model, state
