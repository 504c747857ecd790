"""A hand-made descriptor and a linear support vector machine as a model of the benchmark.

Its settings file, all keys may be left out:

    steps: [{evm: {alpha: 10}}, {tim: {length: 10}}]
    feature: {radius: 2}
    costs: [0.1, 1, 10]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as setting
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from streamer.core.errors import UsageError
from streamer.core.ranges import check_ranges
from streamer.core.settings import fill, load_yaml, to_mapping
from training.clips.steps import Step, apply_steps
from training.models.base import FitPlan, Fitted, Samples, Settings, Watch, represent_each
from training.models.shallow import Costs, ShallowModel
from training.models.svm import choose_and_fit, fit_centring

COSTS: Costs = (0.01, 0.1, 1.0, 10.0, 100.0)


@dataclass(frozen=True, slots=True)
class HandmadeRun:
    """What a YAML file fills.

    steps: what is done to a clip before; None: the method's own. feature: the descriptor's.
    """

    steps: tuple[Step, ...] | None = None
    feature: Mapping[str, Any] = setting(default_factory=dict)
    costs: Costs = COSTS  # tried inside the fold

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class HandmadeModel(ShallowModel):
    """`feature` of every clip or pair, the clip after `steps`; each cell keeps its own weight."""

    feature: Callable[[NDArray], NDArray] | None = None
    steps: tuple[Step, ...] = ()

    def settings(self) -> Settings:
        """The descriptor, the steps before it, and what is searched."""
        return {
            "feature": to_mapping(self.feature),
            "steps": [_given(step) for step in self.steps],
            "costs": list(self.costs),
            "inner": self.splits,
            "class_weight": "balanced",
            "scale": "one for all cells",
        }

    def represent(self, samples: Samples) -> Samples:
        """The descriptor of each clip by itself.

        Raises:
            SourceFormatError: a clip is too short or damaged for it; names the clip.
        """
        return represent_each(samples, self.name, self.describe)

    def describe(self, given: NDArray) -> NDArray:
        """The descriptor [D] of a clip, or of a pair. Raises ValueError."""
        assert self.feature is not None  # make_handmade gives one
        return self.feature(apply_steps(given, self.steps) if self.steps else given)

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Choose C by nested cross-validation, then fit on all training clips."""
        return choose_and_fit(train, self.costs, self.splits, plan.classes, fit_centring)


def make_handmade(
    name: str, kind: type[Any], file: Path | None, steps: tuple[Step, ...] | None = ()
) -> HandmadeModel:
    """The model under the settings of a YAML file, or the defaults.

    Args:
        kind: the descriptor's settings class.
        steps: before it, where the file says nothing; None: it takes pairs, so there are none.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    where = str(file or name)
    run = fill(HandmadeRun, load_yaml(file), where) if file else HandmadeRun()
    if run.steps and steps is None:
        raise UsageError(f"{where}: {name} sees onset and apex only: leave steps out")
    feature = fill(kind, run.feature, f"{where}: feature")
    chosen = run.steps if run.steps is not None else steps
    return HandmadeModel(costs=run.costs, name=name, feature=feature, steps=chosen or ())


def _given(step: Step) -> dict[str, Any]:
    """A step as the file says it, its defaults written out."""
    return {name: value for name, value in to_mapping(step).items() if value is not None}
