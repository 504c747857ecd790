"""`mer-train spotter --finetune`: the learned spotter on labelled recordings, fold by fold.

Clean: subjects are dealt to folds; the weights of a fold go on from the given ones with the other
folds' subjects only, and so does its calibration (subjects of the other folds left out in turn by
halves: a network of one half is judged on the other). The recordings of the fold are then played
through the streaming detector with its own weights. Nothing of a subject is in what judges it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from spotting.config import SpotterConfig
from spotting.micro.learned import BUNDLED, OUTPUTS, SETTINGS
from spotting.micro.learned_inputs import INPUTS
from spotting.micro.learned_network import load_net, save_net
from spotting.micro.learned_ticks import RATE_HZ
from streamer.core.errors import SourceFormatError, UsageError
from streamer.core.records import Spot
from training.common.files import write_json
from training.spotting.analysis import set_facts
from training.spotting.learning.evaluate import look_at
from training.spotting.learning.examples import Example, read_examples
from training.spotting.learning.net import CausalTcn, export_nets, import_nets
from training.spotting.learning.replay import replay
from training.spotting.learning.run import LearnConfig, deal
from training.spotting.learning.scores import calibrate
from training.spotting.learning.train import train
from training.spotting.learning.windows import DELAY_S, Pool, draw_pool
from training.spotting.megc import score_set
from training.spotting.sets import SpotSet, load_set
from training.spotting.tables import SpotRow


@dataclass(frozen=True, slots=True)
class FinetuneRequest:
    """The options of the command."""

    dataset: str
    root: Path
    output: Path  # a folder
    weights: Path = BUNDLED


def run_finetune(request: FinetuneRequest, config: LearnConfig) -> dict[str, Any]:
    """Weights and spots of every fold, and the score of all spots together, micro only.

    Raises:
        UsageError: fewer than two subjects, or too little to calibrate a fold by.
        SourceNotFoundError, SourceFormatError: the set cannot be read.
        ModelError: the weights to begin with cannot be used.
    """
    torch.set_num_threads(config.threads)
    spot_set = load_set(request.dataset, request.root)
    examples = read_examples(spot_set, request.output / "signals", config.jobs)
    if not examples:
        raise SourceFormatError(f"{request.root} shows no face in any recording")
    start = import_nets(load_net(request.weights, INPUTS, OUTPUTS, SETTINGS))
    folds = deal(examples, config.folds)
    rows: list[SpotRow] = []
    for number, aside in enumerate(folds):
        weights = request.output / f"fold_{number}.npz"
        tune_fold(examples, aside, start, config, weights)
        for one in (e for e in examples if e.subject in aside):
            rows += _rows(one.video, replay(one.signals, weights, SpotterConfig()))
    results = {
        "dataset": spot_set.name,
        "folds": {f"fold_{n}.npz": aside for n, aside in enumerate(folds)},
        **_score(spot_set, rows, examples),
    }
    write_json(request.output / "results.json", results)
    return results


def tune_fold(
    examples: Sequence[Example],
    aside: Sequence[str],
    start: Sequence[CausalTcn],
    config: LearnConfig,
    weights: Path,
) -> None:
    """Writes the weights of a fold, from all subjects but those set aside.

    Raises:
        UsageError: the others are fewer than two, or too little to calibrate by.
    """
    others = [e for e in examples if e.subject not in aside]
    check_clean(others, aside)
    pool = draw_pool(others, config.train.seed, config.windows, config.variety)
    seen = []
    for half in deal(others, 2):
        nets = _tuned(pool, half, start, config)
        seen += look_at(nets, [e for e in others if e.subject in half])
    calibration = calibrate(seen, config.false_per_minute)
    settings = {"delay_s": DELAY_S, "rate_hz": RATE_HZ, **calibration.settings()}
    save_net(export_nets(_tuned(pool, (), start, config), settings), weights)


def check_clean(others: Sequence[Example], aside: Sequence[str]) -> None:
    """Raise UsageError if a recording of a subject set aside is among those to learn from."""
    leaked = [e.video for e in others if e.subject in aside]
    if leaked:
        raise UsageError(f"{', '.join(leaked)}: of subjects that are set aside")


def _tuned(
    pool: Pool, aside: Sequence[str], start: Sequence[CausalTcn], config: LearnConfig
) -> list[CausalTcn]:
    return [
        train(pool, config.train.with_seed(config.train.seed + n), aside, net)
        for n, net in enumerate(start)
    ]


def _rows(video: str, spots: Sequence[Spot]) -> Iterator[SpotRow]:
    for spot in spots:
        frames = (spot.onset_frame, spot.offset_frame, spot.apex_frame)
        yield SpotRow(video, *frames, "micro", apex_s=spot.apex_s)


def _score(
    spot_set: SpotSet, rows: Sequence[SpotRow], examples: Sequence[Example]
) -> dict[str, Any]:
    """Movements of recordings in which no face is seen count as missed."""
    truth = [row for row in spot_set.truth if row.kind == "micro"]
    return {
        "recordings": len(spot_set.recordings),
        "with_a_face": len(examples),
        "subjects": len({e.subject for e in examples}),
        **set_facts(score_set(truth, rows), spot_set.fps),
    }


def text_of(results: dict[str, Any], output: Path) -> str:
    """A few lines for the terminal."""
    micro = results["micro"]
    return (
        f"{output}: {results['dataset']}, {len(results['folds'])} folds of "
        f"{results['subjects']} subjects, left out in turn\n"
        f"micro: F1 {micro['f1']:.3f} (TP {micro['tp']}, FP {micro['fp']}, FN {micro['fn']})"
    )
