"""`mer-train spotter`: trains the learned spotter on recordings of known truth.

Every recording of the sets goes through the streaming pipeline once; its region motion is kept
beside the weights, so a second training starts at once. Whole portraits are set aside; on them the
threshold is chosen, and the figures in the report are theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from tqdm import tqdm

from spotting.micro.learned_network import CausalNet, NetState, save_net
from spotting.micro.learned_ticks import RATE_HZ
from streamer.core.errors import UsageError
from streamer.core.ranges import LearningRate, Range, Seed, Workers, check_ranges
from streamer.run.config import StreamConfig
from training.common.files import plain_name, write_json
from training.spotting.matching import SpotScore, score_intervals
from training.spotting.net import CausalTcn, export_net
from training.spotting.sets import Recording, SpotSet, load_set
from training.spotting.signals import Signals, measure
from training.spotting.windows import DELAY_S, Array, Ticks, draw_batch, ticks_of

_WINDOW = 400  # ticks: 8 s
_BATCH = 24
_POSITIVE_WEIGHT = 6.0
_INTERVAL_WEIGHT = 2.0
_FALSE_PER_MINUTE = 0.5
_PEAK_RADIUS = round(0.15 * RATE_HZ)


@dataclass(frozen=True, slots=True)
class LearnConfig:
    """How long and from where."""

    steps: Annotated[int, Range(1, 10_000_000)] = 1500
    rate: LearningRate = 4e-3  # the highest of one cycle
    seed: Seed = 0
    validate: tuple[str, ...] = ()  # portraits set aside; none given: every fifth
    threads: Workers = 1

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class Example:
    """A recording as the network sees it, with its truth."""

    video: str
    ticks: Ticks
    signals: Signals

    @property
    def portrait(self) -> str:
        """The part of the name before the frame rate; of a person, whatever the recording."""
        return re.split(r"(?:-[0-9]+)?_[0-9.]+fps_", self.video)[0]


def run_learning(roots: Sequence[Path], output: Path, config: LearnConfig) -> dict[str, Any]:
    """Trains on the sets in `roots` and writes the weights to `output`, a report beside them.

    Raises:
        UsageError: nothing is left to train or to validate on.
        SourceNotFoundError, SourceFormatError: a set cannot be read.
    """
    torch.set_num_threads(config.threads)
    examples = [e for root in roots for e in read_examples(load_set("synthetic", root), output)]
    aside = config.validate or _every_fifth(examples)
    held = [e for e in examples if e.portrait in aside]
    used = [e for e in examples if e.portrait not in aside]
    if not held or not any(len(e.ticks.time_s) > 1.3 * _WINDOW for e in used):
        raise UsageError(
            f"{len(used)} recordings to train on and {len(held)} to validate: give sets of "
            "recordings of at least 11 s, of more than one portrait"
        )
    net = train([e.ticks for e in used], config)
    curves = [(e, _curve(export_net(net, {}), e.ticks.inputs)) for e in held]
    scores = {t: score(curves, t) for t in np.round(np.arange(0.2, 0.9, 0.05), 2)}
    threshold = choose_threshold(scores, _minutes(held))
    settings = {"threshold": float(threshold), "delay_s": DELAY_S, "rate_hz": RATE_HZ}
    save_net(export_net(net, settings), output)
    report = {
        "config": asdict(config),
        "trained_on": len(used),
        "validated_on": [e.video for e in held],
        **settings,
        "validation": _facts(scores[threshold], held),
        "by_threshold": {f"{t:g}": _facts(s, held) for t, s in scores.items()},
    }
    write_json(output.with_suffix(".json"), report)
    return report


def read_examples(spot_set: SpotSet, output: Path) -> list[Example]:
    """Signals of every recording of a set, measured once."""
    folder = output.parent / "signals"
    examples = []
    # What moves by itself in an `own` recording is unknown: it is no example of quiet.
    known = [
        recording
        for recording in spot_set.recordings
        if recording.name not in spot_set.people or spot_set.people[recording.name].content != "own"
    ]
    for recording in tqdm(known, desc="motion", unit="video", disable=None):
        path = folder / f"{plain_name(recording.name)}.npz"
        if not path.is_file():
            _measure(recording, spot_set).save(path)
        signals = Signals.load(path)
        examples.append(Example(recording.name, ticks_of(signals), signals))
    return examples


def _measure(recording: Recording, spot_set: SpotSet) -> Signals:
    rows = [row for row in spot_set.truth if row.video == recording.name and row.kind == "micro"]
    truth = [
        (
            row.onset / recording.fps,
            row.apex_s if row.apex_s is not None else (row.apex or row.onset) / recording.fps,
            row.offset / recording.fps,
        )
        for row in rows
    ]
    strengths = [np.nan if row.strength_iod is None else row.strength_iod for row in rows]
    return measure(
        recording.source(),
        StreamConfig(recognise=False),
        np.array(truth, dtype=np.float64).reshape(-1, 3),
        np.array(strengths, dtype=np.float64),
    )


def train(recordings: list[Ticks], config: LearnConfig) -> CausalTcn:
    """One cycle of AdamW on varied windows; the same seed gives the same network."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    net = CausalTcn()
    optimiser = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=1e-3)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, config.steps)
    usable = [r for r in recordings if len(r.time_s) > 1.3 * _WINDOW]
    net.train()
    for _ in tqdm(range(config.steps), desc="train", unit="step", disable=None):
        parts = draw_batch(usable, rng, _BATCH, _WINDOW)
        loss = _loss(net, *(torch.from_numpy(np.ascontiguousarray(part)) for part in parts))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        plan.step()
    return net.eval()


def _loss(
    net: CausalTcn, inputs: torch.Tensor, targets: torch.Tensor, known: torch.Tensor
) -> torch.Tensor:
    output = net(inputs)
    weight = torch.where(targets[:, 0] > 0.5, _POSITIVE_WEIGHT, 1.0)
    apex = functional.binary_cross_entropy_with_logits(output[:, 0], targets[:, 0], weight)
    away = (output[:, 1:] - targets[:, 1:]).abs().sum(dim=1) * known
    return apex + _INTERVAL_WEIGHT * away.sum() / known.sum().clamp(min=1.0)


def _curve(net: CausalNet, inputs: Array) -> Array:
    """The output of the streaming network at every tick, [T, 3]."""
    state = NetState(net)
    return np.stack([state.step(net, row) for row in inputs])


def score(curves: Sequence[tuple[Example, Array]], threshold: float) -> SpotScore:
    """Counts over recordings at one threshold, intervals as the network gives them."""
    total = SpotScore(0, 0, 0)
    for example, curve in curves:
        spots = intervals_of(example.ticks.time_s, curve, threshold)
        truth = [(float(a), float(b)) for a, _, b in example.signals.truth_s]
        total += score_intervals(truth, spots)
    return total


def intervals_of(
    times: NDArray[np.float64], curve: Array, threshold: float
) -> list[tuple[float, float]]:
    """Onset and offset (s) of every peak of the apex curve over the threshold."""
    least = np.log(threshold / (1.0 - threshold))
    found = []
    for n in np.flatnonzero(curve[:, 0] > least):
        near = curve[max(0, n - _PEAK_RADIUS) : n + _PEAK_RADIUS + 1, 0]
        if curve[n, 0] >= near.max():
            apex_s = float(times[n]) - DELAY_S
            rise_s, fall_s = np.maximum(curve[n, 1:], 1.0 / RATE_HZ)
            found.append((apex_s - float(rise_s), apex_s + float(fall_s)))
    return found


def choose_threshold(scores: Mapping[float, SpotScore], minutes: float) -> float:
    """The best F1 among thresholds with few false events a minute, else among all."""
    few = [t for t, found in scores.items() if found.fp <= _FALSE_PER_MINUTE * minutes]
    return max(few or scores, key=lambda t: (scores[t].f1, t))


def _minutes(examples: Sequence[Example]) -> float:
    return sum(float(e.ticks.time_s[-1]) for e in examples) / 60


def _facts(found: SpotScore, held: Sequence[Example]) -> dict[str, Any]:
    minutes = _minutes(held)
    return {
        "tp": found.tp,
        "fp": found.fp,
        "fn": found.fn,
        "f1": round(found.f1, 4),
        "false_per_minute": round(found.fp / minutes, 3),
    }


def _every_fifth(examples: Sequence[Example]) -> tuple[str, ...]:
    """Portraits to set aside."""
    portraits = sorted({e.portrait for e in examples})
    return tuple(portraits[::5]) if len(portraits) > 1 else ()


def text_of(report: dict[str, Any], output: Path) -> str:
    """A few lines for the terminal."""
    facts = json.dumps(report["validation"])
    return (
        f"{output}: trained on {report['trained_on']} recordings, threshold "
        f"{report['threshold']:g} chosen on {len(report['validated_on'])} others: {facts}"
    )
