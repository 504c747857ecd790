"""What is to be reproduced, and under which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from recognition.classifiers.selfme_config import SelfmeConfig
from streamer.core.errors import SourceNotFoundError, UsageError
from streamer.core.ranges import Epochs, Range, Workers, check_ranges
from training.common.options import change_settings
from training.datasets.folder import TABLE
from training.selfme.classification import ClassifierTraining
from training.selfme.motion_config import MotionTraining
from training.selfme.settings import SelfmeRun
from training.selfme.start import FineTuning

BUNDLED = "bundled"
VARIANTS = 8  # faces of each portrait that pairs are drawn of
LEARNER_SIZE_PX = 128  # of the bundled motion learner, and of the faces in a stream
# Fine-tuning at the paper's rate and schedule; it does not say how many epochs there are.
_PAPER_TUNING = FineTuning(epochs=40, learning_rate=2e-6, perceptual="vgg19")
_RUNS: Mapping[str, SelfmeRun] = {
    "small": SelfmeRun(),
    "paper": SelfmeRun(SelfmeConfig.full(), ClassifierTraining(), None, _PAPER_TUNING),
}
_MOTIONS = {"small": MotionTraining.small, "paper": MotionTraining}


@dataclass(frozen=True, slots=True)
class Request:
    """The options of the command."""

    sources: Mapping[str, Path]  # data set -> its folder
    output: Path
    preset: str = "small"
    pretrain: str = BUNDLED  # or an .npz of pairs, a folder of portraits, a folder of clips
    pairs: Annotated[int, Range(1, 10_000_000)] = 3600  # drawn from portraits
    only: tuple[str, ...] = ()  # steps; empty: all
    config: Path | None = None  # of SelfmeRun
    motion_config: Path | None = None  # of MotionTraining
    settings: tuple[str, ...] = ()  # key=value of SelfmeRun
    epochs: Epochs | None = None  # of every classifier; None: as published
    seeds: Annotated[int, Range(1, 1000)] = 1
    device: str = "auto"
    jobs: Workers = 1

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of every row, and of the motion learner where it is trained."""

    run: SelfmeRun
    source: str  # bundled, pairs, portraits or clips: what the learner learns from
    motion: MotionTraining = field(default_factory=MotionTraining.small)

    @property
    def pretrains(self) -> bool:
        """Whether a motion learner is trained before the folds."""
        return self.source != BUNDLED

    @property
    def size_px(self) -> int:
        """Side of the faces that SelfME sees."""
        return self.run.selfme.size_px


def make_recipe(request: Request, learner: Path) -> Recipe:
    """The settings of a request; `learner` is the file that pre-training writes.

    Raises:
        UsageError: an unknown preset, key or value; a published size without pre-training;
            pre-training on people who are held out later.
        SourceNotFoundError: what the learner shall learn from is not there.
    """
    if request.preset not in _RUNS:
        raise UsageError(f"--preset {request.preset!r}: choose {' or '.join(_RUNS)}")
    source = source_of(request.pretrain)
    _check_elsewhere(request)
    run = change_settings(
        _RUNS[request.preset], request.config, request.settings, "training.batch=16"
    )
    if request.epochs is not None:
        run = replace(
            run,
            training=replace(run.training, epochs=request.epochs),
            tcae=replace(run.tcae, epochs=min(run.tcae.epochs, request.epochs)),
        )
    if source == BUNDLED:
        return Recipe(_on_bundled(run), source)
    motion = change_settings(
        _MOTIONS[request.preset](), request.motion_config, (), "training.batch=16"
    )
    selfme = replace(run.selfme, learner=motion.network)
    return Recipe(replace(run, selfme=selfme, start=str(learner)), source, motion)


def source_of(pretrain: str) -> str:
    """What --pretrain names: bundled, pairs, portraits or clips.

    Raises:
        SourceNotFoundError: nothing is there.
    """
    if pretrain == BUNDLED:
        return BUNDLED
    path = Path(pretrain)
    if not path.exists():
        raise SourceNotFoundError(
            f"--pretrain {pretrain} is not there: give {BUNDLED}, an .npz of mer-train pairs, a "
            f"folder of frontal portraits, or a folder of clips with {TABLE} (such as VoxCeleb)"
        )
    if path.suffix == ".npz":
        return "pairs"
    return "clips" if (path / TABLE).is_file() else "portraits"


def _check_elsewhere(request: Request) -> None:
    """What the learner learns from is none of the data sets: their people are held out later.

    Raises:
        UsageError: it is.
    """
    own = Path(request.pretrain).resolve()
    for name, root in request.sources.items():
        if own == root.resolve() or own in root.resolve().parents or root.resolve() in own.parents:
            raise UsageError(
                f"--pretrain {request.pretrain} and --{name} {root} lie in one another, and people "
                "of the latter are held out: let the motion learner learn from others"
            )


def _on_bundled(run: SelfmeRun) -> SelfmeRun:
    """The run as it stands on the learner that comes with the package.

    Raises:
        UsageError: its faces have another size.
    """
    if run.selfme.motion == "selfme" and run.selfme.size_px != LEARNER_SIZE_PX:
        raise UsageError(
            f"the bundled motion learner takes faces of {LEARNER_SIZE_PX} pixels, these settings "
            f"{run.selfme.size_px}: give --pretrain a folder of clips (VoxCeleb, with {TABLE}), a "
            "folder of portraits or an .npz of mer-train pairs to learn from; or take --preset "
            "small"
        )
    return run if run.start is not None else replace(run, start=BUNDLED)


def facts_of(request: Request, recipe: Recipe) -> dict[str, Any]:
    """What the figures depend on, the data apart."""
    return {
        "preset": request.preset,
        "pretrain": recipe.source if recipe.pretrains else BUNDLED,
        "pairs": request.pairs if recipe.source == "portraits" else None,
        "epochs": request.epochs,
        "seeds": request.seeds,
    }
