"""Tables 1, 3, 4 and figure 4 of SelfME on learned motion, into docs/selfme.md.

    mer-train synthetic-set --portraits DIR --names a,b,... --clips 9 --output SET
    mer-train prepare --dataset folder --root SET --output CACHE
    python -m benchmarks.paper_tables --root CACHE --runs runs/tables

Runs what `mer-train ablate` and `sweep` run (each can be run by itself, with the command that the
section names); rows that are finished in --runs are not run again. Writes
`demo/figures/selfme_tables.json`, the section "tables" and the curves beside the text.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks.page_section import ROOT, made_on, write_section
from training.common.files import write_json
from training.experiments.definition import load_experiment
from training.experiments.run import FIGURES, PLOT, run_experiment
from training.loso.config import LosoConfig

DOCS, RESULTS = ROOT / "docs" / "selfme.md", ROOT / "demo" / "figures" / "selfme_tables.json"
EXPERIMENTS = ("table1", "table3", "table4", "figure4a", "figure4b")
# Small, so that two cores finish; the motion learner stays as it comes with the package.
SETTINGS: Mapping[str, Any] = {
    "training.epochs": 20,
    "training.batch": 16,
    "fine_tuning.epochs": 0,
}
_FIGURES = ("uf1", "uar", "n", "subjects")


def main() -> None:
    """Runs, writes, prints."""
    options = read_options()
    torch.set_num_threads(1)
    names = options.experiments.split(",")
    texts = {name: run(name, options) for name in names}
    facts = {**made_on(), "commands": {n: command(n, options) for n in names}}
    facts["experiments"] = {name: figures(options.runs / name) for name in names}
    write_json(options.results, facts)
    write_section(options.docs, "tables", section(texts, facts, options))
    print(json.dumps(facts, indent=2))


def run(name: str, options: argparse.Namespace) -> str:
    """The table of one experiment."""
    config = LosoConfig(
        dataset=options.dataset,
        root=options.root,
        model="selfme",
        output=options.runs / name,
        seeds=options.seeds,
        device="cpu",
    )
    return run_experiment(load_experiment(name), config, {}, settings_of(options))


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """The settings of all rows."""
    return {**SETTINGS, "training.epochs": options.epochs}


def command(name: str, options: argparse.Namespace) -> str:
    """As a user types it."""
    verb = "ablate" if load_experiment(name).x is None else "sweep"
    changes = " ".join(f"--set {key}={value}" for key, value in settings_of(options).items())
    return (
        f"mer-train {verb} {name} --dataset {options.dataset} --root CACHE --output runs/{name} "
        f"--seeds {options.seeds} {changes}"
    )


def figures(folder: Path) -> dict[str, Any]:
    """The figures of every row, without what belongs to the machine."""
    rows = json.loads((folder / FIGURES).read_text(encoding="utf-8"))["rows"]
    return {name: {key: row[key] for key in _FIGURES} for name, row in rows.items()}


def section(texts: Mapping[str, str], facts: Mapping[str, Any], options: argparse.Namespace) -> str:
    """All tables, each with its command, and the curves."""
    parts = [f"All on {facts['date']} ({facts['machine']})."]
    for name, text in texts.items():
        parts += [f"### {text.removeprefix('# ').strip()}", f"`{facts['commands'][name]}`"]
        plot = options.runs / name / PLOT
        if plot.is_file():
            picture = options.docs.with_name(f"selfme-{name}.png")
            shutil.copyfile(plot, picture)
            parts.append(f"![{name}]({picture.name})")
    return "\n\n".join(parts)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, required=True, help="cache of mer-train prepare")
    parser.add_argument("--dataset", default="folder")
    parser.add_argument("--runs", type=Path, default=Path("runs/selfme-tables"))
    parser.add_argument("--experiments", default=",".join(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=SETTINGS["training.epochs"])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=DOCS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
