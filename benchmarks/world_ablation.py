"""What each change of the synthetic world brings: the table of docs/action-units.md.

    python -m benchmarks.world_ablation --portraits DIR --work DIR --write

From the world of the emotions to that of the units, one change after the other. Each trains one
network from the same seed, with both heads, on fewer maps than the bundled ones; all answer the
same pairs of the portraits that are not held out (people no network has seen: they are trained on
displacement fields alone). The bundled networks and the held-out portraits have no part in it.
Finished worlds are kept in the work folder. Writes the section "worlds".
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.held_out import HELD_OUT
from benchmarks.page_section import ROOT, made_on, write_section
from benchmarks.unit_table import moving
from recognition.classifiers.ensemble import ViewEnsemble
from recognition.config import RecognizerConfig
from recognition.loading import load_recognizer
from training.common.files import write_json
from training.common.markdown import pair, short, table
from training.pretrain.export import export_ensemble
from training.pretrain.run import NAME, calibrate_units
from training.pretrain.train import TrainConfig, draw_chunks, train_member
from training.synthetic.maps import EMOTIONS_TRAINING, TRAINING, VALIDATION, Domain
from training.synthetic.pairs_run import make_faces
from training.synthetic.video import find_portraits

DOCS, RESULTS = ROOT / "docs" / "action-units.md", ROOT / "demo" / "figures" / "worlds.json"


def worlds() -> dict[str, Domain]:
    """Name -> domain, each with the changes of those above it."""
    found = {"of the networks that tell emotions": EMOTIONS_TRAINING}
    steps: dict[str, dict[str, Any]] = {
        "mixtures of units as annotated": {"recipes": TRAINING.recipes},
        "mixtures differ from group to group": {"style_spread": TRAINING.style_spread},
        "one-sided as often as annotated": {"activation": TRAINING.activation},
        "`other`, and speech in every class": {
            "priors": TRAINING.priors, "nuisance": TRAINING.nuisance,
        },
        "wider crops: the world of the units": {"crop": TRAINING.crop},
    }  # fmt: skip
    for name, change in steps.items():
        found[name] = replace(list(found.values())[-1], **change)
    return found


def main() -> None:
    """Trains, scores, writes, prints."""
    options = read_options()
    torch.set_num_threads(1)
    paths = [p for p in find_portraits(options.portraits) if p.stem not in HELD_OUT]
    faces = make_faces(tuple(paths), 1, 0)
    rows: dict[str, Any] = {}
    for number, (name, domain) in enumerate(worlds().items()):
        kept = options.work / f"{number}.json"
        if not kept.is_file():
            model = train(domain, options.work / str(number), options.maps, options.epochs)
            recognizer = load_recognizer(model, RecognizerConfig(device="cpu"))
            write_json(kept, moving(recognizer, faces, options.pairs))
        rows[name] = json.loads(kept.read_text())
        print(name, rows[name]["emotions"], rows[name]["unit_f1"], flush=True)
    facts = {
        "command": f"python -m benchmarks.world_ablation --portraits DIR --work DIR --maps "
        f"{options.maps} --epochs {options.epochs}",
        **made_on(),
        "people": len(faces),
        "maps": options.maps,
        "pairs": options.pairs,
        "rows": rows,
    }
    if options.write:
        write_json(RESULTS, facts)
        write_section(DOCS, "worlds", section(facts))
    print(section(facts))


def train(domain: Domain, folder: Path, maps: int, epochs: int) -> Path:
    """One network of a world, its units calibrated on the validation domain."""
    config = TrainConfig(maps=maps, epochs=epochs, domain=domain)
    net = train_member(config, 0)
    model = ViewEnsemble([net], [deepcopy(net)]).eval()
    calibrate_units(model, draw_chunks(1024, 256, VALIDATION, np.random.default_rng(1)))
    return export_ensemble(model, folder, NAME, 1.0)


def section(facts: Mapping[str, Any]) -> str:
    """The table and how it was made."""
    rows = []
    for name, row in facts["rows"].items():
        sides = sum(np.array(unit["sides"]) for unit in row["units"].values())
        one_sided = int(sides[1, 1] + sides[2, 2]) / max(int(sides[1:3].sum()), 1)
        emotions = pair(row["emotions"]["uf1"], row["emotions"]["uar"])
        rows.append([name, emotions, short(row["unit_f1"]), short(one_sided)])
    head = ["world", "UF1/UAR", "F1 of units", "one-sided ones told with their side"]
    return (
        f"Made by `{facts['command']}` on {facts['date']} ({facts['machine']}): one network each, "
        f"{facts['maps']} maps, {facts['pairs']} pairs of {facts['people']} people. Each row has "
        f"the changes of those above it.\n\n{table(head, rows)}"
    )


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="networks and scores are kept")
    parser.add_argument("--maps", type=int, default=16384)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--pairs", type=int, default=450)
    parser.add_argument("--write", action="store_true", help="results and page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
