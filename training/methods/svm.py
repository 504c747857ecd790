"""A linear support vector machine on the flow map, standardised by the fold's own statistics.

The honest baseline of the field: .678/.689 UF1/UAR on the composite. Its cost C is chosen inside
the fold, by nested cross-validation over groups of the training subjects.
"""

from __future__ import annotations

from dataclasses import dataclass

from training.models.base import FitPlan, Fitted, Samples, Settings, Watch
from training.models.method import Method
from training.models.shallow import Costs, ShallowModel
from training.models.svm import choose_and_fit


@dataclass(frozen=True, slots=True)
class SvmModel(ShallowModel):
    """The cost is one of eight, from 0.01 to 30."""

    costs: Costs = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    name: str = "svm"

    def settings(self) -> Settings:
        """What is searched and how."""
        return {"costs": list(self.costs), "inner": self.splits, "class_weight": "balanced"}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Choose C by nested cross-validation, then fit on all training clips."""
        return choose_and_fit(train, self.costs, self.splits, plan.classes)


METHOD = Method(
    title="linear SVM",
    year=2026,
    reads="maps",
    source="scikit-learn",
    status="ours",
    make=SvmModel,
)
