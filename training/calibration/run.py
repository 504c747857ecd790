"""`mer-train calibrate`: how far confidence is from being right on real maps, and what mends it.

Every figure of "after" is cross-fitted: a subject's clips are calibrated by what was fitted on all
other subjects. The temperature that a model should carry is then fitted on all of them. A fitted
leave-one-subject-out run is judged the same way; its answers are of held-out subjects already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.config import RecognizerConfig
from recognition.files.model_file import BUNDLED, find_model
from recognition.loading import load_map_classifier
from streamer.core.records import EMOTIONS
from training.calibration.plot import draw_reliability
from training.calibration.write import read_temperature, write_temperature
from training.common.calibration import (
    FITS,
    Reliability,
    cross_fit,
    fit_temperature,
    measure_reliability,
)
from training.common.files import write_json
from training.common.markdown import grid
from training.loso.run_folder import read_outcomes
from training.loso.scoring import average_seeds, by_dataset, pool
from training.loso.selection import load_selection

RESULTS, PLOT = "calibration.json", "reliability.png"
RAW, AFTER = "as it is", "temperature"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a model says of clips of known class. Row i of every field is one clip."""

    title: str
    probabilities: NDArray[np.float32]  # [N, C]
    labels: NDArray[np.int64]  # [N]
    groups: tuple[str, ...]  # data set and subject

    @property
    def datasets(self) -> tuple[str, ...]:
        """Of every clip."""
        return tuple(group.partition("/")[0] for group in self.groups)


@dataclass(frozen=True, slots=True)
class CalibrateConfig:
    """`run`: the folder of a finished `mer-train loso`, judged beside the model."""

    root: Path
    output: Path
    dataset: str = "megc2019-flow"
    model: Path | None = None
    run: Path | None = None
    write: bool = False


def calibrate(config: CalibrateConfig) -> str:
    """Measures, draws, writes; returns the lines to print.

    Raises:
        UsageError, SourceNotFoundError, SourceFormatError: see the data sets and the run folder.
        ModelError: the model cannot be opened, or takes no maps.
        OutputError: the results cannot be written.
    """
    model = BUNDLED if config.model is None else find_model(config.model)
    every = [ask_model(config, model)]
    if config.run is not None:
        every.append(read_run(config.run))
    facts = {one.title: judge(one) for one in every}
    shown = {name: {k: own[k] for k in (RAW, AFTER)} for name, own in facts.items()}
    config.output.mkdir(parents=True, exist_ok=True)
    draw_reliability(shown, config.output / PLOT)
    ratio = fit_temperature(every[0].probabilities, every[0].labels).temperature
    before = read_temperature(model)
    temperature = before * ratio
    write_json(config.output / RESULTS, _results(every, facts, before, temperature))
    lines = [table(facts), _advice(before, temperature, every[0])]
    if config.write:
        origin = origin_of(temperature, every[0], facts[every[0].title])
        written = write_temperature(model, config.output, temperature, origin)
        lines.append(f"written: {', '.join(str(path) for path in written)}")
    return "\n".join([*lines, f"results: {config.output}"])


def ask_model(config: CalibrateConfig, model: Path) -> Answers:
    """A model, as it is, on the maps; the classes of the benchmark alone, to sum one."""
    samples = load_selection(config.dataset, config.root, 3).samples
    classifier = load_map_classifier(model, RecognizerConfig(device="cpu"))
    shares = classifier.recognize_maps(samples.maps)[:, : len(EMOTIONS)]
    shares = shares / shares.sum(axis=1, keepdims=True)
    return Answers(f"{model.stem}, zero-shot", shares, samples.labels, samples.groups)


def read_run(folder: Path) -> Answers:
    """The answers of a benchmark run about its held-out clips, averaged over its seeds."""
    outcomes, classes = read_outcomes(folder)
    seeds = sorted({outcome.seed for outcome in outcomes})
    runs = [
        by_dataset([p for outcome in outcomes if outcome.seed == seed for p in outcome.predictions])
        for seed in seeds
    ]
    found = pool(average_seeds(runs))
    return Answers(
        f"{folder.name}, leave one subject out",
        np.stack([p.probabilities for p in found]),
        np.array([classes.index(p.truth) for p in found], dtype=np.int64),
        tuple(p.subject for p in found),
    )


def judge(answers: Answers) -> dict[str, Reliability]:
    """By kind of calibration over all clips, then by data set, and across data sets."""
    shares, labels, groups = answers.probabilities, answers.labels, answers.groups
    calibrated = {name: cross_fit(fit, shares, labels, groups)[0] for name, fit in FITS.items()}
    found = {name: measure_reliability(own, labels) for name, own in calibrated.items()}
    sets = np.array(answers.datasets)
    for name in sorted(set(sets)):
        for kind in (RAW, AFTER):
            own = sets == name
            found[f"{name}, {kind}"] = measure_reliability(calibrated[kind][own], labels[own])
    if len(set(sets)) > 1:
        across = cross_fit(FITS[AFTER], shares, labels, answers.datasets)[0]
        found[f"{AFTER} of the other data sets"] = measure_reliability(across, labels)
    return found


def table(facts: Mapping[str, Mapping[str, Reliability]]) -> str:
    """Expected calibration error, loss, Brier score, clips."""
    head = ["answers", "calibration", "error", "loss", "Brier", "clips"]
    rows = [
        [title, kind, f"{r.error:.3f}", f"{r.loss:.3f}", f"{r.brier:.3f}", str(sum(r.counts))]
        for title, own in facts.items()
        for kind, r in own.items()
    ]
    return "\n".join(grid(head, rows))


def origin_of(temperature: float, answers: Answers, found: Mapping[str, Reliability]) -> str:
    """What the cards say of a temperature from real maps."""
    sets = ", ".join(sorted(set(answers.datasets)))
    unseen, trained = found[AFTER].error, found[RAW].error
    return (
        f"The temperature {temperature:.3f} is one number fitted on {len(answers.labels)} real "
        f"motion maps of {len(set(answers.groups))} subjects ({sets}); the weights are of "
        "synthetic motion alone. On subjects that it was not fitted on, the expected calibration "
        f"error is {unseen:.3f} (as trained: {trained:.3f}). Streaming makes the same kind of map, "
        "so one temperature serves both; that it was measured on cut clips of these sets, not on "
        "live events, is its limit."
    )


def _advice(before: float, temperature: float, answers: Answers) -> str:
    return (
        f"temperature: {temperature:.4f} over all {len(answers.labels)} maps (the model carries "
        f"{before:.4f})"
    )


def _results(
    every: Sequence[Answers],
    facts: Mapping[str, Mapping[str, Reliability]],
    before: float,
    temperature: float,
) -> dict[str, object]:
    groups = {one.title: len(set(one.groups)) for one in every}
    return {
        "temperature": temperature,
        "temperature_before": before,
        "subjects": groups,
        "answers": {t: {k: asdict(r) for k, r in own.items()} for t, own in facts.items()},
    }
