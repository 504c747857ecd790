"""`mer-train models`: what each method is, what it reads, how large it is, what it scored here."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from streamer.core.files.inside import read_json
from training.common.markdown import pair
from training.loso.folds import GROUPS
from training.loso.registry import MODELS, find_method, make_model
from training.loso.table import TITLES
from training.models.base import Model
from training.models.method import Method
from training.models.network import NetworkModel

MEASURED = Path(__file__).parent / "measured.json"
CLASSES = 3


def list_models() -> str:
    """A line for each method."""
    head = ("name", "reads", "parameters", "status", "UF1/UAR here", "title, year")
    rows = [head, *(_line(name, find_method(name)) for name in MODELS)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    found = measured()
    if found:
        lines += ["", f"UF1/UAR here: {found['what']}, {found['date']} ({found['machine']})."]
    return "\n".join([*lines, "One of them in detail: mer-train models NAME"])


def describe_model(name: str) -> str:
    """Everything about one method.

    Raises:
        UsageError: there is none of that name.
    """
    method = find_method(name)
    count = parameters_of(make_model(name), CLASSES)
    printed = f" (printed: {method.printed_parameters})" if method.printed_parameters else ""
    facts = {
        "title": f"{method.title}, {method.year}",
        "source": method.source,
        "status": method.status,
        "reads": method.reads,
        "parameters": f"{_count(count) or 'no network'}{printed}",
        "settings": f"{name}@my.yaml" if method.configurable else "none",
        "left open": method.open or "nothing",
        "scored here": _scored(name) or "not yet",
    }
    return "\n".join(
        textwrap.fill(f"{key + ':':<13}{value}", 100, subsequent_indent=" " * 13)
        for key, value in facts.items()
    )


def parameters_of(model: Model, classes: int) -> int | None:
    """Numbers that are trained, for so many classes; None where the model is no network."""
    build: Callable[[int], Any] | None = getattr(model, "build", None)
    if build is None:
        return None
    # large networks are only described, not filled with numbers; others read weights
    with torch.device("meta" if isinstance(model, NetworkModel) else "cpu"):
        return sum(p.numel() for p in build(classes).parameters() if p.requires_grad)


@cache
def measured() -> Mapping[str, Any]:
    """What `python -m benchmarks.loso_table` wrote; empty: nothing yet."""
    if not MEASURED.is_file():
        return {}
    return read_json(MEASURED, {"what": str, "date": str, "machine": str, "models": dict})


def _line(name: str, method: Method) -> tuple[str, ...]:
    count = _count(parameters_of(make_model(name), CLASSES))
    run = measured().get("models", {}).get(name)
    pooled = pair(run["uf1"], run["uar"]) if run else "-"
    pooled += " (groups)" if run and run["kind"] == "grouped" else ""
    title = f"{method.title}, {method.year}"
    return (name, method.reads, count or "-", method.status, pooled, title)


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _scored(name: str) -> str:
    run = measured().get("models", {}).get(name)
    if run is None:
        return ""
    cells = [("all", run), *((TITLES.get(k, k), v) for k, v in run["per_dataset"].items())]
    figures = ", ".join(f"{what} {pair(c['uf1'], c['uar'])}" for what, c in cells)
    left_out = f"{GROUPS} groups of subjects" if run["kind"] == "grouped" else "each subject"
    return (
        f"UF1/UAR {figures}; leaving out {left_out}, epochs {run['epochs']}, "
        f"{len(run['seeds'])} seed(s)"
    )
