"""The options of `mer-train loso`, checked, and the lines it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from training.common.options import one_of
from training.loso.config import Classes, Engine, Kind, LosoConfig, Protocol, parse_epochs
from training.loso.registry import check_models
from training.loso.run import run_models

_CHOICES = {"protocol": Protocol, "kind": Kind, "classes": Classes, "engine": Engine}


def run_command(*, model: str, epochs: str | None, output: Path, **options: Any) -> str:
    """Runs the models one after the other; returns a line per model and data set.

    The other options are the fields of `LosoConfig`.

    Raises:
        UsageError: an option has no such value.
    """
    for name, choices in _CHOICES.items():
        one_of(f"--{name}", options[name], get_args(choices))
    config = LosoConfig(model="", epochs=parse_epochs(epochs), output=output, **options)
    names = check_models(model)
    return "\n".join(_lines(run_models(config, names), output))


def _lines(runs: Sequence[Mapping[str, Any]], output: Path) -> list[str]:
    lines = []
    for run in runs:
        label = f" ({run['label']})" if run["label"] else ""
        lines.append(f"{run['model']}, {run['protocol']}{label}, {len(run['seeds'])} seed(s):")
        parts = [("all", run), *run["per_dataset"].items()]
        lines += [f"  {name}: {_figures(part)}" for name, part in parts]
        lines += [f"  note: {warning}" for warning in run["warnings"]]
        if run["rejected"]:
            lines.append(f"  {len(run['rejected'])} rows left out: see results.json")
    return [*lines, f"results: {output}"]


def _figures(part: Mapping[str, Any]) -> str:
    text = (
        f"UF1 {part['uf1']:.3f} ± {part['spread']['uf1']:.3f}, "
        f"UAR {part['uar']:.3f} ± {part['spread']['uar']:.3f}, "
        f"accuracy {part['accuracy']:.3f}; {part['n']} clips, {part['subjects']} subjects"
    )
    return f"{text}; ensemble {part['ensemble']['uf1']:.3f}/{part['ensemble']['uar']:.3f}"
