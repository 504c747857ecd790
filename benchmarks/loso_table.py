"""The leave-one-subject-out table of docs/benchmarks.md, made by one command.

    python -m benchmarks.loso_table --root DIR [--models a,b] [--seeds 3] [--few a=5:1,b=3:1]
    python -m benchmarks.loso_table --root DIR --kind grouped --section grouped ...

Runs every method of the benchmark that reads maps on the public flow maps (protocol clean,
composite of what is in DIR, three classes), then writes the section "loso" of docs/benchmarks.md,
`training/bench/measured.json` (for `mer-train models`) and, of the methods on the page,
`demo/figures/loso.json`. `--few` gives methods fewer epochs and seeds than the rest (epochs:seeds);
the table says so. Run folders lie under `--runs`: folds that are finished there are not trained
again, so a stopped run goes on, and a second one takes a minute. The result files hold figures, no
data and no weights.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.page_section import BENCHMARKS_PAGE, ROOT, made_on, write_section
from training.bench.catalogue import MEASURED
from training.common.files import write_json
from training.common.markdown import grid, pair, short
from training.loso.config import LosoConfig
from training.loso.registry import MODELS as EVERY
from training.loso.registry import check_models, find_method, make_model, reads_of
from training.loso.report import combine
from training.loso.run import run_loso
from training.loso.table import ROWS
from training.loso.table import TITLES as PART_TITLES

RESULTS = ROOT / "demo" / "figures" / "loso.json"
MODELS = ",".join(name for name in EVERY if reads_of(name) == "maps")
TITLES = {
    "zero-shot": "bundled model as it is, nothing learnt here",
    "svm": "linear SVM on the maps",
    "scvit": "SCViT, from the bundled weights",
    "linear": "logistic regression on levelled maps",
    "kernel-blend": "kernel ridge blended with the bundled model",
    "committee": "committee: the first, logistic regression and STSTNet",
}
ON_THE_PAGE = (
    *("zero-shot", "svm", "linear", "kernel-blend"),
    *("committee", "ststnet", "off-apexnet", "scvit"),
)
PARTS = {name: PART_TITLES[name] for name in ("casme2", "smic", "samm")}
_FIGURES = ("uf1", "uar", "accuracy", "spread", "ensemble", "n", "subjects")
_FACTS = (
    *_FIGURES,
    "seeds",
    "epochs",
    "protocol",
    "kind",
    "folds",
    "device",
    "wall_s",
    "training_s",
)


def main() -> None:
    """Runs, writes, prints."""
    options = _options()
    facts = measure(options)
    keep_measured(options.measured, facts)
    shown = {name: run for name, run in facts["models"].items() if name in ON_THE_PAGE}
    if shown and options.kind == "composite":
        write_json(options.results, {**facts, "models": shown})
    write_section(options.docs, options.section, section(facts))
    print(section(facts))


def keep_measured(path: Path, facts: Mapping[str, Any]) -> None:
    """A method's figures by leaving each subject out go before those by groups of subjects."""
    held = json.loads(path.read_text(encoding="utf-8"))["models"] if path.is_file() else {}
    models = {**held}
    for name, run in facts["models"].items():
        if run["kind"] == "composite" or held.get(name, run)["kind"] == "grouped":
            models[name] = run
    write_json(path, {**facts, "models": {name: models[name] for name in sorted(models)}})


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Figures of every model, and what they were made with."""
    config = LosoConfig(
        dataset=options.dataset,
        root=options.root,
        model="",
        output=options.runs,
        kind=options.kind,
        seeds=options.seeds,
        epochs=options.epochs,
        device=options.device,
        jobs=options.jobs,
    )
    few = parse_few(options.few)
    runs = []
    for name in check_models(options.models):
        own = replace(config, model=name, output=options.runs / name)
        if name in few:
            own = replace(own, epochs=few[name][0], seeds=few[name][1])
        runs.append(run_loso(own))
    combine(options.runs, runs)
    parts = [PARTS[name] for name in PARTS if name in runs[0]["per_dataset"]]
    return {
        "what": f"flow maps of {', '.join(parts)}, {runs[0]['n']} clips",
        "command": f"python -m benchmarks.loso_table {_shown(options)}",
        **made_on(),
        "versions": _versions(),
        "models": {run["model"]: _compact(run) for run in runs},
    }


def parse_few(text: str) -> dict[str, tuple[int, int]]:
    """Method -> epochs and seeds, of "vgg16=3:1,alexnet=5:1".

    Raises:
        ValueError: it is not of that form.
    """
    found = {}
    for part in filter(None, text.split(",")):
        name, _, effort = part.partition("=")
        epochs, _, seeds = effort.partition(":")
        found[name] = (int(epochs), int(seeds or 1))
    return found


def section(facts: Mapping[str, Any]) -> str:
    """The Markdown between the markers."""
    models = facts["models"]
    first = next(iter(models.values()))
    parts = [name for name in PARTS if name in first["per_dataset"]]
    head = [
        *("method", "epochs", "published", "seeds", "s a fold", "pooled UF1/UAR"),
        *(PARTS[name] for name in parts),
        "full, as printed",
    ]
    rows = [row for name, run in models.items() for row in _rows(name, run, parts)]
    lines = grid(head, rows)
    there = ", ".join(PARTS[name] for name in parts)
    return "\n".join(
        [
            f"Made by `{facts['command']}` on {facts['date']} ({facts['machine']}; run times are "
            f"in `training/bench/measured.json`): {there}, {first['n']} clips, {first['subjects']} "
            "subjects, three classes, "
            f"protocol {first['protocol']}. Mean ± standard deviation over seeds; an ensemble is "
            "the mean of the probabilities over the seeds. Epochs are fixed; `published` are those "
            "of the paper, or ours where it names none. As printed: UF1/UAR on all three parts.",
            "",
            *lines,
        ]
    )


def _rows(name: str, run: Mapping[str, Any], parts: Sequence[str]) -> list[list[str]]:
    cells = [run, *(run["per_dataset"][part] for part in parts)]
    title, count = TITLES.get(name) or find_method(name).title, len(run["seeds"])
    printed = next((row.full for row in ROWS if row.name == name), "")
    published = str(make_model(name).default_epochs or "none")
    each_s = f"{run['training_s'] / max(run['folds'] * count, 1):.2g}"
    effort = [run["epochs"].removeprefix("fixed, "), published]
    if count == 1:
        return [[title, *effort, "1", each_s, *(_pair(cell) for cell in cells), printed]]
    own, together = [_mean(cell) for cell in cells], [_pair(cell["ensemble"]) for cell in cells]
    return [
        [title, *effort, str(count), each_s, *own, printed],
        [f"{title}: ensemble", *effort, str(count), "", *together, ""],
    ]


def _mean(cell: Mapping[str, Any]) -> str:
    return "/".join(f"{short(cell[k])} ± {short(cell['spread'][k])}" for k in ("uf1", "uar"))


def _pair(cell: Mapping[str, Any]) -> str:
    return pair(cell["uf1"], cell["uar"])


def _compact(run: Mapping[str, Any]) -> dict[str, Any]:
    parts = {
        name: {key: part[key] for key in _FIGURES} for name, part in run["per_dataset"].items()
    }
    return {**{key: run[key] for key in _FACTS}, "per_dataset": parts}


def _shown(options: argparse.Namespace) -> str:
    """The options that change a figure; the folder is the user's own business."""
    shown = ["--root DIR"]
    for name in ("dataset", "models", "kind", "section", "seeds", "epochs", "few"):
        value = getattr(options, name)
        if value != _parser().get_default(name):
            shown.append(f"--{name} {shlex.quote(str(value))}")
    return " ".join(shown)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("mer-stream", "torch", "numpy", "scikit-learn"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _options() -> argparse.Namespace:
    return _parser().parse_args()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, required=True, help="folder of the flow maps")
    parser.add_argument("--dataset", default="megc2019-flow")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--kind", default="composite", choices=("composite", "grouped"))
    parser.add_argument("--section", default="loso", help="of the page")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="for all models; default: each its own")
    parser.add_argument("--few", default="", help="fewer for some: vgg16=3:1 (epochs:seeds)")
    parser.add_argument("--measured", type=Path, default=MEASURED)
    parser.add_argument("--runs", type=Path, default=Path("runs/loso-table"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=BENCHMARKS_PAGE)
    return parser


if __name__ == "__main__":
    main()
