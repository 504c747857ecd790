"""The table of motion methods in docs/selfme.md, made by one command.

    mer-train pairs PORTRAIT... --output train.npz --count 3600 --seed 1 --variants 8
    mer-train pairs PORTRAIT... --output held.npz --count 360 --seed 1000 --variants 1
    python -m benchmarks.motion_table --train train.npz --test held.npz \
        --self-supervised RUN/learner.safetensors --runs runs/motion

The pairs of --test show people that nothing was trained on. Every method sees the same pairs: its
end-point error is measured, then a ViT and a SCViT are trained on its motion and scored. Writes
`demo/figures/motion.json`, the section "motion" and, beside the text, a figure of how
alike left and right become; what is finished in --runs stays.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
import torch

matplotlib.use("Agg")
from matplotlib.figure import Figure

from benchmarks.field_training import (
    TRANSFORMERS,
    Training,
    config_of,
    measure,
    score,
    train,
)
from benchmarks.motion_errors import report_errors
from benchmarks.page_section import ROOT, made_on, write_section
from recognition.config import MotionName
from training.common.files import write_json
from training.common.markdown import short, table
from training.selfme.pairs import LabelledPairs, read_source
from training.synthetic.pairs import read_pairs

DOCS, RESULTS = ROOT / "docs" / "selfme.md", ROOT / "demo" / "figures" / "motion.json"
# Row -> motion method and what its learner is: bundled, or the file of --self-supervised.
ROWS: Mapping[str, tuple[MotionName, str | None]] = {
    "TV-L1": ("tvl1", None),
    "Farneback": ("farneback", None),
    "DIS": ("dis", None),
    "learned (self-supervised)": ("selfme", "--self-supervised"),
    "learned (known motion)": ("selfme", "bundled"),
}


def main() -> None:
    """Measures, writes, prints."""
    options = read_options()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    facts = measure_all(options)
    write_json(options.results, facts)
    write_section(options.docs, "motion", section(facts))
    draw_similarity(facts, options.docs.with_name("selfme-similarity.png"))
    print(json.dumps(facts, indent=2))


def measure_all(options: argparse.Namespace) -> dict[str, Any]:
    """All rows."""
    wanted = [name.strip() for name in options.rows.split(",")] if options.rows else list(ROWS)
    rows: dict[str, Any] = {}
    for name in wanted:
        path = options.runs / f"{slug(name)}.json"
        if not path.is_file():
            write_json(path, measure_row(name, options))
        rows[name] = json.loads(path.read_text(encoding="utf-8"))
    first = next(iter(rows.values()))
    return {
        "command": f"python -m benchmarks.motion_table --train train.npz --test held.npz "
        f"--self-supervised learner.safetensors --pairs {options.pairs} --count {options.count} "
        f"--epochs {options.epochs} --seeds {options.seeds}",
        **made_on(),
        "pairs": {"train": first["train_pairs"], "test": first["test_pairs"]},
        "people": {"train": first["train_people"], "test": first["test_people"]},
        "epochs": options.epochs,
        "seeds": options.seeds,
        "rows": rows,
    }


def measure_row(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """End-point error, and UF1 with both transformers, of one method."""
    motion, start = ROWS[name]
    if start == "--self-supervised":
        if options.self_supervised is None:
            raise SystemExit(f"row {name!r} needs --self-supervised FILE")
        start = str(options.self_supervised)
    weights = Path(start) if start not in (None, "bundled") else None
    drawn = read_pairs(options.test)
    drawn = drawn.part(np.arange(min(options.count, len(drawn))))
    parts = {"train": head(options.train, options.pairs), "test": head(options.test, options.count)}
    if both := set(parts["train"].people) & set(parts["test"].people):
        raise SystemExit(f"{sorted(both)[0]} is in --train and in --test: give other people")
    errors = report_errors(drawn, [motion], weights)
    training = Training(options.epochs, options.seeds)
    crops = measure(motion, start, parts, training)
    found: dict[str, Any] = {
        "train_pairs": len(parts["train"]),
        "test_pairs": len(parts["test"]),
        "train_people": len(set(parts["train"].people)),
        "test_people": len(set(parts["test"].people)),
        "errors": errors[motion],
        "nothing": errors["nothing"],
    }
    for transformer, symmetric in TRANSFORMERS.items():
        config = config_of(motion, symmetric, training)
        scores = [
            score(train(config, start, crops["train"], training, seed), crops["test"])
            for seed in range(options.seeds)
        ]
        found[transformer] = {
            key: round(float(np.mean([one[key] for one in scores])), 4) for key in scores[0]
        }
        found[transformer]["uf1_of_seeds"] = [one["uf1"] for one in scores]
    return found


def section(facts: Mapping[str, Any]) -> str:
    """The table and how it was made."""
    rows = []
    for name, row in facts["rows"].items():
        figures = [short(row["errors"][key]) for key in ("whole_px", "expression_px")]
        for transformer in ("ViT", "SCViT"):
            figures.append(f"{short(row[transformer]['uf1'])}/{short(row[transformer]['uar'])}")
        for transformer in ("ViT", "SCViT"):
            one = row[transformer]
            figures.append(f"{one['similarity_upper']:.2f}/{one['similarity_lower']:.2f}")
        rows.append([name, *figures])
    nothing = next(iter(facts["rows"].values()))["nothing"]
    rest = [short(nothing[key]) for key in ("whole_px", "expression_px")]
    rows.insert(0, ["no motion at all", *rest, "", "", "", ""])
    titles = ["motion", "end-point error, whole, px", "of the expression, px", "ViT, UF1/UAR"]
    titles += ["SCViT, UF1/UAR", "left/right cosine upper/lower, ViT", "SCViT"]
    pairs, people = facts["pairs"], facts["people"]
    return (
        f"Made by `{facts['command']}` on {facts['date']} ({facts['machine']}): {pairs['train']} "
        f"training pairs of {people['train']} people, {pairs['test']} test pairs of "
        f"{people['test']} others, {facts['epochs']} epochs, mean of {facts['seeds']} seed(s), "
        f"gamma 1.\n\n{table(titles, rows)}"
    )


def draw_similarity(facts: Mapping[str, Any], path: Path) -> None:
    """Bars: cosine of the embeddings of left and right, with and without the SC loss."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    places = np.arange(len(facts["rows"]))
    for part, side in zip(("upper", "lower"), axes, strict=True):
        for shift, transformer in ((-0.2, "ViT"), (0.2, "SCViT")):
            values = [row[transformer][f"similarity_{part}"] for row in facts["rows"].values()]
            side.bar(places + shift, values, 0.4, label=transformer)
        side.set_title(f"cosine of left and right, {part} face", fontsize=9)
        side.set_xticks(places, [_broken(name) for name in facts["rows"]], fontsize=7)
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=8, loc="outside right upper")
    figure.savefig(path, dpi=110)


def _broken(name: str) -> str:
    """A row's name on short lines, as a label."""
    return name.replace(" (", "\n").replace(")", "").replace("-s", "-\ns").replace("n m", "n\nm")


def slug(name: str) -> str:
    """A row's name as a file."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def head(path: Path, count: int) -> LabelledPairs:
    """The first pairs of a file."""
    source = read_source(path)
    return source.take(np.arange(min(count, len(source))))


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--train", type=Path, required=True, help="NPZ of mer-train pairs")
    parser.add_argument("--test", type=Path, required=True, help="the same, of other people")
    parser.add_argument("--self-supervised", type=Path, help="learner of mer-train motion")
    parser.add_argument("--runs", type=Path, default=Path("runs/motion-table"))
    parser.add_argument("--rows", default="", help=f"of {', '.join(ROWS)}; default: all")
    parser.add_argument("--pairs", type=int, default=1200, help="of --train")
    parser.add_argument("--count", type=int, default=360, help="of --test")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=DOCS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
