"""Speed and memory of SelfME in docs/selfme.md, made by one command on an otherwise idle machine.

    mer-train pairs PORTRAIT... --output held.npz --count 9 --seed 1000 --variants 1
    python -m benchmarks.speed_table held.npz

Runs the sections `latency`, `pair` and `training` of motion.py and writes
`demo/figures/selfme_speed.json` and the section "pair".
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import motion
from benchmarks.page_section import ROOT, made_on, write_section
from training.common.files import write_json
from training.common.markdown import table
from training.synthetic.pairs import read_pairs

DOCS, RESULTS = ROOT / "docs" / "selfme.md", ROOT / "demo" / "figures" / "selfme_speed.json"
SECTIONS = ("latency", "pair", "training")


def main() -> None:
    """Measures, writes, prints."""
    options = read_options()
    pairs = read_pairs(options.pairs)
    found = {name: motion.SECTIONS[name](pairs, options) for name in SECTIONS}
    facts = {"command": "python -m benchmarks.speed_table held.npz", **made_on(), **found}
    write_json(options.results, facts)
    write_section(options.docs, "pair", section(facts))
    print(json.dumps(facts, indent=2))


def section(facts: Mapping[str, Any]) -> str:
    """Three tables: one pair, the motion alone, a step of training."""
    rows = []
    for size, one in facts["pair"].items():
        for engine in ("onnx", "torch"):
            timed = one[engine].values()
            cells = [f"{t['median_ms']:.0f} ms, {t['peak_mb']} MB" for t in timed]
            rows.append([size, f"{one['face_px']} px", f"{one['parameters']:,}", engine, *cells])
        if "cuda, batch 64" in one:
            gpu = one["cuda, batch 64"]
            cells = [f"{gpu['pairs_per_s']} pairs a second", f"{gpu['peak_mb']} MB"]
            rows.append([size, f"{one['face_px']} px", "", "CUDA, 64 pairs", *cells])
    titles = {"dis": "DIS", "farneback": "Farneback", "tvl1": "TV-L1", "selfme": "learned, torch"}
    motions = [
        [titles[name], *(f"{t['median_ms']:.1f} ms" for t in one.values())]
        for name, one in facts["latency"].items()
    ]
    steps = [
        [name, f"{t['median_s']:.2f} s", f"{t['peak_mb']} MB"]
        for name, t in facts["training"].items()
    ]
    return "\n\n".join(
        [
            f"Made by `{facts['command']}` on {facts['date']} ({facts['machine']}), medians. One "
            "onset-apex pair, motion and SCViT together; small is the bundled model, full size the "
            "published one (ViT-S/16, full hourglasses) with random weights, as time does not "
            "depend on them. The generator is in neither.",
            table(["size", "faces", "parameters", "engine", "one thread", "two threads"], rows),
            "The motion of one pair alone, faces of 128 px:",
            table(["motion", "one thread", "two threads"], motions),
            "A step of the optimiser, all losses, one thread:",
            table(["motion learner", "time", "memory"], steps),
        ]
    )


def read_options() -> argparse.Namespace:
    """The command line; what motion.py's sections read is among it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pairs", type=Path, help="NPZ of mer-train pairs")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=DOCS)
    return parser.parse_args(namespace=argparse.Namespace(methods=motion.METHODS, weights=None))


if __name__ == "__main__":
    main()
