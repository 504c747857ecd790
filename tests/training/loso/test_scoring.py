"""Pooled figures, worked out by hand; ensembles matched by clip id."""

from __future__ import annotations

import numpy as np
import pytest

from training.common.records import Prediction
from training.loso.run_folder import Outcome
from training.loso.scoring import (
    average_seeds,
    by_dataset,
    check_complete,
    score_parts,
    score_run,
    summarise,
)

CLASSES = ("negative", "positive", "surprise")


def told(clip: str, truth: str, *shares: float) -> Prediction:
    subject = clip.rpartition("/")[0]
    return Prediction(clip, subject, truth, np.array(shares, dtype=np.float32))


TABLE = [
    told("a/s1/1", "negative", 0.8, 0.1, 0.1),  # hit
    told("a/s1/2", "negative", 0.2, 0.7, 0.1),  # says positive
    told("a/s2/1", "positive", 0.1, 0.8, 0.1),  # hit
    told("b/s1/1", "negative", 0.9, 0.0, 0.1),  # hit
    told("b/s1/2", "surprise", 0.6, 0.0, 0.4),  # says negative
]


def test_pooled_by_hand() -> None:
    scores = score_parts(by_dataset(TABLE), CLASSES)
    # negative: TP 2, FP 1, FN 1: F1 4/6, recall 2/3. positive: TP 1, FP 1, FN 0: 2/3, 1.
    # surprise: TP 0: 0, 0. The mean always runs over three classes.
    assert scores.pooled.uf1 == pytest.approx((4 / 6 + 2 / 3 + 0) / 3)
    assert scores.pooled.uar == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert scores.pooled.accuracy == pytest.approx(3 / 5)
    # a: negative TP 1, FN 1: 2/3; positive TP 1, FP 1: 2/3; surprise absent: 0
    assert scores.parts["a"].uf1 == pytest.approx((2 / 3 + 2 / 3) / 3)
    # b: negative TP 1, FP 1: 2/3; the others 0
    assert scores.parts["b"].uf1 == pytest.approx((2 / 3) / 3)


def test_seeds_are_averaged_by_clip_and_not_by_position() -> None:
    turned = [told(p.clip_id, p.truth, *(p.probabilities[[2, 1, 0]])) for p in TABLE][::-1]
    mean = average_seeds([by_dataset(TABLE), by_dataset(turned)])
    first = next(p for p in mean["a"] if p.clip_id == "a/s1/1")
    assert first.probabilities == pytest.approx([0.45, 0.1, 0.45])


def test_a_missing_or_doubled_clip_is_an_error() -> None:
    truths = {p.clip_id: p.truth for p in TABLE}
    check_complete(TABLE, truths)
    with pytest.raises(ValueError, match="b/s1/2 lacks a prediction"):
        check_complete(TABLE[:-1], truths)
    with pytest.raises(ValueError, match="another truth"):
        check_complete(TABLE, {**truths, "a/s1/1": "surprise"})
    with pytest.raises(ValueError, match="a/s1/1 is predicted twice"):
        score_parts({"a": [TABLE[0], TABLE[0]]}, CLASSES)
    with pytest.raises(ValueError, match="not predicted under every seed"):
        average_seeds([{"a": TABLE[:2]}, {"a": TABLE[:1]}])


def test_results_carry_mean_spread_and_counts() -> None:
    wrong = [told(p.clip_id, p.truth, 0.0, 0.0, 1.0) for p in TABLE]
    outcomes = [
        Outcome("all", seed, 1, 9, 0.0, tuple(run), {}) for seed, run in ((0, TABLE), (1, wrong))
    ]
    truths = {p.clip_id: p.truth for p in TABLE}
    found = summarise(score_run(outcomes, (0, 1), truths, CLASSES, False), CLASSES)
    good, bad = (4 / 6 + 2 / 3) / 3, (2 / 6) / 3
    assert found["uf1"] == pytest.approx((good + bad) / 2)
    assert found["spread"]["uf1"] == pytest.approx((good - bad) / 2**0.5)  # type: ignore[index]
    assert (found["n"], found["subjects"]) == (5, 3)
    assert found["clips_per_class"] == {"negative": 3, "positive": 1, "surprise": 1}
    assert found["per_dataset"]["b"]["n"] == 2  # type: ignore[index]
