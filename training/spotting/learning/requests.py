"""The options of `mer-train spotter`, and which of its two works they ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from spotting.micro.learned import BUNDLED
from streamer.core.errors import UsageError
from streamer.core.ranges import FalsePerMinute, LearningRate, Seed, Workers, check_ranges
from training.spotting.learning.finetune import FinetuneRequest, run_finetune
from training.spotting.learning.finetune import text_of as text_of_finetune
from training.spotting.learning.run import (
    Folds,
    LearnConfig,
    Members,
    Windows,
    run_learning,
    text_of,
)
from training.spotting.learning.train import Steps, TrainConfig

# Going on from weights is gentle: a few people shall not undo what many portraits taught.
GENTLE_RATE = 5e-4
FINETUNE = LearnConfig(train=TrainConfig(steps=150, rate=GENTLE_RATE), windows=1500)


@dataclass(frozen=True, slots=True)
class SpotterRequest:
    """The options of the command; None where nothing was said."""

    roots: tuple[Path, ...]
    output: Path
    finetune: str = ""
    weights: Path | None = None
    folds: Folds | None = None
    false_per_minute: FalsePerMinute | None = None
    steps: Steps | None = None
    rate: LearningRate | None = None
    windows: Windows | None = None
    members: Members | None = None
    seed: Seed = 0
    jobs: Workers = 1
    threads: Workers = 1
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_ranges(self)


def run_spotter(request: SpotterRequest) -> str:
    """Trains or fine-tunes; a few lines for the terminal.

    Raises:
        UsageError: an option out of range, or without effect.
    """
    config = config_of(request)
    _refuse(request)
    if not request.finetune:
        return text_of(run_learning(request.roots, request.output, config), request.output)
    (root,) = request.roots
    asked = FinetuneRequest(request.finetune, root, request.output, request.weights or BUNDLED)
    return text_of_finetune(run_finetune(asked, config), request.output)


def config_of(request: SpotterRequest) -> LearnConfig:
    """The settings: the defaults of the work that is asked for, and what was said."""
    base = FINETUNE if request.finetune else LearnConfig()
    steps = base.train.steps if request.steps is None else request.steps
    usual = base.train.rate if request.weights is None else GENTLE_RATE
    rate = usual if request.rate is None else request.rate
    given = {
        name: value
        for name in ("folds", "false_per_minute", "windows", "members")
        if (value := getattr(request, name)) is not None
    }
    train = replace(base.train, steps=steps, rate=rate, seed=request.seed)
    start = None if request.finetune else request.weights
    return replace(
        base, train=train, start=start, jobs=request.jobs, threads=request.threads, **given
    )


def _refuse(request: SpotterRequest) -> None:
    if request.finetune:
        if len(request.roots) > 1:
            raise UsageError("--finetune takes one --root: the folder of the labelled set")
        if request.members is not None:
            raise UsageError("--members has no effect with --finetune: the weights say how many")
        if (request.output / "results.json").exists() and not request.overwrite:
            raise UsageError(
                f"{request.output} holds results already: choose another --output, or --overwrite"
            )
        return
    if request.output.suffix != ".npz":
        raise UsageError(f"--output {request.output}: the name must end in .npz")
    if request.output.exists() and not request.overwrite:
        raise UsageError(
            f"{request.output} is there already: choose another --output, or --overwrite"
        )
