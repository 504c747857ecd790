"""The bundled model, trained on synthetic motion alone: scored as it is, nothing learnt here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.maps import MapClassifier
from recognition.config import RecognizerConfig
from recognition.files.model_file import BUNDLED
from recognition.loading import load_map_classifier
from streamer.core.errors import UsageError
from streamer.core.records import EMOTIONS
from training.common.files import sha256_of
from training.models.base import AsGiven, FitPlan, Fitted, Samples, Settings, Watch
from training.models.method import Method


@dataclass(frozen=True, slots=True)
class FittedZeroShot:
    """An ONNX session."""

    classifier: MapClassifier

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, 3], calibrated on synthetic motion."""
        return self.classifier.recognize_maps(maps)

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
        return {"sha256": dict(sha256_of([BUNDLED]))}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Opens the bundled model.

        Raises:
            UsageError: the protocol has other classes than the model.
        """
        if plan.classes != len(EMOTIONS):
            raise UsageError(
                f"zero-shot knows {', '.join(EMOTIONS)}, not {plan.classes} classes: choose "
                "--classes 3 or another model"
            )
        return FittedZeroShot(load_map_classifier(None, RecognizerConfig(device="cpu")))

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
