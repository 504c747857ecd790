"""`results.json`: the figures of a run as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.loso.outcome import Outcome
from training.loso.scoring import (
    Parts,
    Scores,
    average_seeds,
    by_dataset,
    check_complete,
    pool,
    score_parts,
)
from training.metrics import RecognitionScore
from training.records import Prediction

ORACLE = "oracle epoch: flattered"
_NAMES = ("uf1", "uar", "accuracy")


@dataclass(frozen=True, slots=True)
class RunScores:
    """Scores under each seed, and of the mean probabilities over seeds."""

    seeds: tuple[int, ...]
    each: tuple[Scores, ...]
    ensemble: Scores
    parts: Parts  # predictions of the ensemble


def score_run(
    outcomes: Sequence[Outcome],
    seeds: Sequence[int],
    truths: Mapping[str, str],
    classes: Sequence[str],
    cross: bool,
) -> RunScores:
    """Scores of all folds of a run; `truths` are the clips that had to be predicted.

    Raises:
        ValueError: a clip is missing, predicted twice, or has another truth.
    """
    runs = []
    for seed in seeds:
        own = sorted((o for o in outcomes if o.seed == seed), key=lambda o: o.fold)
        everything = [p for outcome in own for p in outcome.predictions]
        check_complete(everything, truths)
        runs.append({o.fold: o.predictions for o in own} if cross else by_dataset(everything))
    together = average_seeds(runs)
    return RunScores(
        tuple(seeds),
        tuple(score_parts(run, classes) for run in runs),
        score_parts(together, classes),
        together,
    )


def summarise(scores: RunScores, classes: Sequence[str]) -> dict[str, object]:
    """Means over seeds at the top; spread (standard deviation), seeds and ensemble below."""
    parts = {
        name: {
            **_figures([one.parts[name] for one in scores.each], scores.ensemble.parts[name]),
            **_size(own),
        }
        for name, own in scores.parts.items()
    }
    pooled = [one.pooled for one in scores.each]
    together = scores.ensemble.pooled
    return {
        **_figures(pooled, together),
        **_size(pool(scores.parts)),
        "classes": list(classes),
        "seeds": list(scores.seeds),
        "per_seed": [_plain(one) for one in pooled],
        "f1_per_class": dict(zip(classes, together.f1, strict=True)),
        "confusion": [list(row) for row in together.confusion],
        "per_dataset": parts,
    }


def _figures(scores: Sequence[RecognitionScore], together: RecognitionScore) -> dict[str, object]:
    ddof = 1 if len(scores) > 1 else 0  # sample deviation; 0 for one seed
    columns = {name: [getattr(score, name) for score in scores] for name in _NAMES}
    return {
        **{name: float(np.mean(column)) for name, column in columns.items()},
        "spread": {name: float(np.std(column, ddof=ddof)) for name, column in columns.items()},
        "ensemble": _plain(together),
    }


def _plain(score: RecognitionScore) -> dict[str, float]:
    return {name: float(getattr(score, name)) for name in _NAMES}


def _size(predictions: Sequence[Prediction]) -> dict[str, object]:
    return {
        "n": len(predictions),
        "subjects": len({p.subject for p in predictions}),
        "clips_per_class": dict(sorted(Counter(p.truth for p in predictions).items())),
    }
