"""`mer-train spotter`: trains the learned spotter on recordings of known truth.

Every recording of the sets goes through the streaming pipeline once; its motion is kept beside the
weights, so a second training starts at once. Subjects (persons, portraits) are left out in turn,
a fold of them at a time: what the networks of the other folds find in theirs is the report, and the
false peaks in the controls among them make the calibration. The weights that are written have
learned from all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import torch

from spotting.micro.learned import OUTPUTS, SETTINGS
from spotting.micro.learned_inputs import INPUTS
from spotting.micro.learned_network import load_net, save_net
from spotting.micro.learned_ticks import RATE_HZ
from streamer.core.errors import UsageError
from streamer.core.ranges import FalsePerMinute, Range, Workers, check_ranges
from training.common.files import write_json
from training.spotting.learning.evaluate import Seen, look_at
from training.spotting.learning.examples import Example, read_examples
from training.spotting.learning.net import CausalTcn, export_nets, import_nets
from training.spotting.learning.scores import calibrate, minutes_of, seen_facts
from training.spotting.learning.train import TrainConfig, train
from training.spotting.learning.windows import DELAY_S, Pool, Variety, draw_pool
from training.spotting.sets import load_set

ABOUT = (
    "Network of the learned spotter, trained by `mer-train spotter` on the motion signals (no "
    "pictures) of filmed people and portraits into which micro-expressions of known truth were "
    "put. Limits: no spontaneous micro-expression was seen; a dozen people are few."
)


Windows = Annotated[int, Range(1, 1_000_000)]  # drawn once, learned from many times
Members = Annotated[int, Range(1, 16)]  # networks whose mean is taken
Folds = Annotated[int, Range(2, 1000)]


@dataclass(frozen=True, slots=True)
class LearnConfig:
    """How much, how long, and how it is judged."""

    train: TrainConfig = field(default_factory=TrainConfig)
    variety: Variety = field(default_factory=Variety)
    windows: Windows = 1800
    members: Members = 1
    start: Path | None = None  # weights to go on from
    folds: Folds = 3
    false_per_minute: FalsePerMinute = 1.0  # allowed where nothing else is
    threads: Workers = 1
    jobs: Workers = 1  # recordings measured at the same time

    def __post_init__(self) -> None:
        check_ranges(self)


def run_learning(roots: Sequence[Path], output: Path, config: LearnConfig) -> dict[str, Any]:
    """Trains on the sets in `roots` and writes the weights to `output`, a report beside them.

    Raises:
        UsageError: too few subjects to leave some out, or too few false peaks to calibrate by.
        SourceNotFoundError, SourceFormatError: a set cannot be read.
    """
    torch.set_num_threads(config.threads)
    examples = gather(roots, output.parent / "signals", config.jobs)
    folds = deal(examples, config.folds)
    pool = draw_pool(examples, config.train.seed, config.windows, config.variety)
    seen = [one for aside in folds for one in left_out(pool, examples, aside, config)]
    calibration = calibrate(seen, config.false_per_minute)
    nets = train_members(pool, config)
    settings = {"delay_s": DELAY_S, "rate_hz": RATE_HZ, **calibration.settings()}
    save_net(export_nets(nets, settings), output)
    facts = asdict(config) | {"start": None if config.start is None else config.start.name}
    report = {"about": ABOUT, "config": facts, **settings, **_trained_on(examples)}
    report["folds"] = folds
    report["left_out_in_turn"] = seen_facts(seen, calibration)
    write_json(output.with_suffix(".json"), report)
    return report


def gather(roots: Sequence[Path], cache: Path, jobs: int) -> list[Example]:
    """The examples of all sets, their signals kept in `cache` by the set's folder."""
    names = [root.resolve().name for root in roots]
    if len(set(names)) < len(names):
        raise UsageError(f"sets with one name, {', '.join(names)}: name the folders apart")
    return [
        example
        for root, name in zip(roots, names, strict=True)
        for example in read_examples(load_set("synthetic", root), cache / name, jobs)
    ]


def deal(examples: Sequence[Example], folds: int) -> list[list[str]]:
    """Subjects in turn to so many folds, persons and portraits each; nobody is in two of them.

    Raises:
        UsageError: fewer than two subjects.
    """
    hands: list[list[str]] = [[] for _ in range(folds)]
    number = 0
    for real in (True, False):
        for subject in sorted({e.subject for e in examples if e.real == real}):
            hands[number % folds].append(subject)
            number += 1
    dealt = [hand for hand in hands if hand]
    if len(dealt) < 2:
        raise UsageError(
            f"{number} subject(s) to learn from: at least two are needed, one to leave out"
        )
    return dealt


def left_out(
    pool: Pool, examples: Sequence[Example], aside: Sequence[str], config: LearnConfig
) -> list[Seen]:
    """What networks that have not seen some subjects find in their recordings."""
    nets = train_members(pool, config, aside)
    return look_at(nets, [e for e in examples if e.subject in aside])


def train_members(pool: Pool, config: LearnConfig, aside: Sequence[str] = ()) -> list[CausalTcn]:
    """Networks that differ by their seed, each gone on from the weights there are."""
    start: list[CausalTcn | None] = [None]
    if config.start is not None:
        start = [*import_nets(load_net(config.start, INPUTS, OUTPUTS, SETTINGS))]
    return [
        train(pool, config.train.with_seed(config.train.seed + n), aside, start[n % len(start)])
        for n in range(config.members)
    ]


def _trained_on(examples: Sequence[Example]) -> dict[str, Any]:
    """The list that a model card owes: who, and how long."""
    return {
        "trained_on": {
            "recordings": len(examples),
            "minutes": round(minutes_of(examples), 2),
            "micro_expressions": int(sum((~e.hidden).sum() for e in examples)),
            "people": sorted({e.subject for e in examples if e.real}),
            "portraits": sorted({e.subject for e in examples if not e.real}),
            "bases": sorted({e.base for e in examples if e.real}),
            "videos": sorted(e.video for e in examples),
        }
    }


def text_of(report: Mapping[str, Any], output: Path) -> str:
    """A few lines for the terminal."""
    trained, lines = report["trained_on"], []
    lines.append(
        f"{output}: trained on {trained['recordings']} recordings "
        f"({len(trained['people'])} people, {len(trained['portraits'])} portraits)"
    )
    for group, facts in report["left_out_in_turn"].items():
        rate = facts["false_per_minute_controls"]
        lines.append(
            f"left out in turn, {group}: F1 {facts['f1']:.3f} (n = {facts['n']}), "
            + ("no controls" if rate is None else f"{rate:.2f} false a minute in controls")
        )
    return "\n".join(lines)
