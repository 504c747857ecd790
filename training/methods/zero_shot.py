"""The bundled model, trained on synthetic motion alone: scored as it is, nothing learnt here.

Its temperature is left out: it may have been fitted on real maps, those held out here among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.files.model_file import BUNDLED
from streamer.core.errors import UsageError
from streamer.core.records import EMOTIONS
from training.common.files import sha256_of
from training.models.base import AsGiven, FitPlan, Fitted, Samples, Settings, Watch
from training.models.bundled import ask_bundled
from training.models.method import Method


@dataclass(frozen=True, slots=True)
class FittedZeroShot:
    """The bundled network, opened once."""

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, 3], without the temperature of the file."""
        return np.exp(ask_bundled(maps).logs)

    def features(self, maps: NDArray[np.uint8]) -> None:
        """The exported graph gives none."""
        return None


@dataclass(frozen=True, slots=True)
class ZeroShotModel(AsGiven):
    """No training: every fold gets the same answers."""

    name: str = "zero-shot"
    default_epochs: int = 0
    seeded: bool = False
    stacks: bool = True  # one session answers for every fold

    def settings(self) -> Settings:
        """Which file was asked."""
        return {"sha256": dict(sha256_of([BUNDLED])), "temperature": 1.0}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Nothing to fit.

        Raises:
            UsageError: the protocol has other classes than the model.
        """
        if plan.classes != len(EMOTIONS):
            raise UsageError(
                f"zero-shot knows {', '.join(EMOTIONS)}, not {plan.classes} classes: choose "
                "--classes 3 or another model"
            )
        return FittedZeroShot()

    def fit_folds(
        self,
        samples: Samples,
        rows: Sequence[NDArray[np.int64]],
        plan: FitPlan,
        watch: Watch | None = None,
    ) -> list[Fitted]:
        """The same session for every fold."""
        return [self.fit(samples.take(rows[0]), plan, watch)] * len(rows)


METHOD = Method(
    title="zero-shot",
    year=2026,
    reads="maps",
    source="the bundled model, trained on synthetic motion alone",
    status="ours",
    make=ZeroShotModel,
)
