"""UF1 and UAR against counts worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.common.metrics import confusion_matrix, score_recognition

TRUTH = [0, 0, 0, 0, 1, 1, 2, 2]
FOUND = [0, 0, 1, 2, 1, 0, 2, 2]


def test_by_hand() -> None:
    # class 0: TP 2, FP 1, FN 2 -> F1 4/7, recall 2/4
    # class 1: TP 1, FP 1, FN 1 -> F1 2/4, recall 1/2
    # class 2: TP 2, FP 1, FN 0 -> F1 4/5, recall 2/2
    score = score_recognition(TRUTH, FOUND)
    assert score.f1 == pytest.approx((4 / 7, 1 / 2, 4 / 5))
    assert score.uf1 == pytest.approx((4 / 7 + 1 / 2 + 4 / 5) / 3)
    assert score.uar == pytest.approx((0.5 + 0.5 + 1.0) / 3)
    assert score.accuracy == pytest.approx(5 / 8)
    assert score.confusion == ((2, 1, 1), (1, 1, 0), (0, 0, 2))
    assert score.count == 8


def test_an_absent_class_counts_as_zero() -> None:
    score = score_recognition([0, 0, 1], [0, 0, 1])
    assert score.uf1 == pytest.approx(2 / 3) and score.uar == pytest.approx(2 / 3)


def test_nothing_at_all_scores_zero() -> None:
    assert score_recognition([], []).uf1 == 0.0


def test_it_agrees_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth, found = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    score = score_recognition(truth, found)
    assert score.uf1 == pytest.approx(metrics.f1_score(truth, found, average="macro"))
    assert score.uar == pytest.approx(metrics.recall_score(truth, found, average="macro"))


def test_a_stray_label_is_named() -> None:
    with pytest.raises(ValueError, match=r"label 3 is outside 0\.\.2"):
        confusion_matrix([0, 3], [0, 1], 3)
    with pytest.raises(ValueError, match="2 labels but 1 predictions"):
        confusion_matrix([0, 1], [0], 3)
