"""What filmed people, portraits and put-in movements each bring to the learned spotter.

    python -m benchmarks.spotter_ablation --root SET [--root SET ...] --cache DIR

Trains on parts of the sets that `mer-train spotter` learned from (DIR: where it keeps signals) and
looks at people of the train split who were left out in turn; no test person is seen. Writes
`demo/figures/spotter_ablation.json` and the section "spotter-ablation" of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.page_section import BENCHMARKS_PAGE, ROOT, made_on, write_section
from training.common.markdown import grid, short
from training.spotting.learning.examples import Example
from training.spotting.learning.requests import GENTLE_RATE
from training.spotting.learning.run import LearnConfig, deal, gather, left_out
from training.spotting.learning.scores import calibrate, seen_facts
from training.spotting.learning.train import TrainConfig
from training.spotting.learning.windows import Variety, draw_pool

RESULTS = ROOT / "demo" / "figures" / "spotter_ablation.json"
ALL = Variety()
PORTRAITS = ROOT / "spotting" / "weights" / "portraits.npz"
# What is learned from: name -> kinds of recordings, and how they are varied. All go on from the
# network of portraits, which has seen no filmed person.
PARTS: Mapping[str, tuple[tuple[bool, ...], Variety]] = {
    "nothing: the network of portraits as it is": ((), ALL),
    "portraits and people, movements put in": ((True, False), ALL),
    "portraits and people, rendered movements only": (
        (True, False),
        replace(ALL, put_every_s=0.0, long_share=0.0),
    ),
    "portraits only, movements put in": ((False,), ALL),
    "people only, movements put in": ((True,), ALL),
}


def main() -> None:
    """Trains, prints, writes."""
    args = _options()
    torch.set_num_threads(1)
    gently = TrainConfig(rate=GENTLE_RATE)
    config = LearnConfig(gently, windows=args.windows, start=PORTRAITS)
    facts = {**made_on(), "rows": measure(gather(args.root, args.cache, 1), config)}
    RESULTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    text = section(facts)
    print(text)
    write_section(BENCHMARKS_PAGE, "spotter-ablation", text)


def measure(examples: Sequence[Example], config: LearnConfig) -> dict[str, Any]:
    """Figures of the left-out people (and portraits) by what was learned from."""
    folds = deal(examples, config.folds)
    found = {}
    for name, (kinds, variety) in PARTS.items():
        used = [e for e in examples if e.real in kinds] or examples
        steps = config.train.steps if kinds else 0
        now = replace(config, train=replace(config.train, steps=steps))
        pool = draw_pool(used, now.train.seed, now.windows if kinds else 1, variety)
        seen = [one for aside in folds for one in left_out(pool, examples, aside, now)]
        found[name] = seen_facts(seen, calibrate(seen, config.false_per_minute))
    return found


def section(facts: Mapping[str, Any]) -> str:
    """The Markdown between the markers."""
    head = ["learned from", "people: F1", "upper face at 0.05 IOD: recall", "portraits: F1"]
    rows = [
        [
            name,
            short(one["people"]["f1"], 2),
            short(one["people"]["recall_upper_strong"], 2),
            short(one["portraits"]["f1"], 2),
        ]
        for name, one in facts["rows"].items()
    ]
    n = next(iter(facts["rows"].values()))
    intro = (
        "Made by `python -m benchmarks.spotter_ablation --root SET ... --cache DIR` on "
        f"{facts['date']} ({facts['machine']}): subjects of the train split left out in turn, one "
        f"network, {n['people']['n']} visible movements of people and {n['portraits']['n']} of "
        "portraits; the threshold is that of one false event a minute in the people's untouched "
        "recordings."
    )
    return "\n".join([intro, "", *grid(head, rows)])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, action="append", required=True, help="a spot-set")
    parser.add_argument("--cache", type=Path, required=True, help="`signals` of mer-train spotter")
    parser.add_argument("--windows", type=int, default=LearnConfig().windows)
    return parser.parse_args()


if __name__ == "__main__":
    main()
