"""The options of `mer-train loso`, checked, and the lines it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from streamer.core.errors import UsageError
from training.loso.config import Classes, Engine, Kind, LosoConfig, Protocol, parse_epochs
from training.loso.run import run_models
from training.models.registry import check_models

_Value = TypeVar("_Value", str, int)


def run_command(
    *,
    dataset: str,
    root: Path,
    output: Path,
    model: str,
    protocol: str,
    kind: str,
    classes: int,
    seeds: int,
    epochs: str | None,
    device: str,
    engine: str,
    address: str | None,
    jobs: int,
    stacked: bool,
    overwrite: bool,
) -> str:
    """Runs the models one after the other; returns a line per model and data set.

    Raises:
        UsageError: an option has no such value.
    """
    config = LosoConfig(
        dataset=dataset,
        root=root,
        model="",
        output=output,
        protocol=_one_of("--protocol", protocol, get_args(Protocol)),
        kind=_one_of("--kind", kind, get_args(Kind)),
        classes=_one_of("--classes", classes, get_args(Classes)),
        seeds=seeds,
        epochs=parse_epochs(epochs),
        device=device,
        engine=_one_of("--engine", engine, get_args(Engine)),
        address=address,
        jobs=jobs,
        stacked=stacked,
        overwrite=overwrite,
    )
    names = check_models(model)
    return "\n".join(_lines(run_models(config, names), output))


def _one_of(option: str, value: _Value, known: Sequence[_Value]) -> Any:
    if value not in known:
        raise UsageError(f"{option} {value!r}: choose {', '.join(map(str, known))}")
    return value


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
