"""Figures of a run: pooled over all held-out subjects, per part, per seed, and their ensemble.

Pooled UF1 and UAR over the fixed list of classes; never a mean of per-fold scores. Clips are
matched by id: each clip that was held out has one prediction per seed, or it is an error. A
part is a data set; across data sets it is a pair "train->test".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.common.metrics import RecognitionScore, score_recognition
from training.common.records import Prediction
from training.loso.run_folder import Outcome

ORACLE = "oracle epoch: flattered"
_NAMES = ("uf1", "uar", "accuracy")

Parts = Mapping[str, Sequence[Prediction]]


@dataclass(frozen=True, slots=True)
class Scores:
    """One score over the pool and one per part."""

    pooled: RecognitionScore
    parts: Mapping[str, RecognitionScore]


def by_dataset(predictions: Sequence[Prediction]) -> Parts:
    """Predictions of each data set, by the first word of their ids."""
    parts: dict[str, list[Prediction]] = {}
    for prediction in predictions:
        parts.setdefault(prediction.clip_id.partition("/")[0], []).append(prediction)
    return {name: parts[name] for name in sorted(parts)}


def score_parts(parts: Parts, classes: Sequence[str]) -> Scores:
    """Scores of one prediction per clip and part.

    Raises:
        ValueError: a clip is predicted twice, or a truth is none of the classes.
    """
    for predictions in parts.values():
        ids = [prediction.clip_id for prediction in predictions]
        if len(set(ids)) != len(ids):
            double = next(clip for clip in ids if ids.count(clip) > 1)
            raise ValueError(f"clip {double} is predicted twice: a clip is held out once per seed")
    return Scores(
        _score(pool(parts), classes),
        {name: _score(own, classes) for name, own in parts.items()},
    )


def average_seeds(runs: Sequence[Parts]) -> Parts:
    """The ensemble of seeds: mean probabilities per clip, matched by part and clip id.

    Raises:
        ValueError: the runs did not predict the same clips, or disagree about a truth.
    """
    return {name: _average([run.get(name, ()) for run in runs]) for name in runs[0]}


def check_complete(predictions: Sequence[Prediction], expected: Mapping[str, str]) -> None:
    """Every clip (id -> truth) has its prediction, with its own truth.

    Raises:
        ValueError: one is missing, is not of the selection, or carries another truth.
    """
    given = {prediction.clip_id: prediction.truth for prediction in predictions}
    odd = sorted(set(given.items()) ^ set(expected.items()))
    if odd:
        raise ValueError(
            f"clip {odd[0][0]} lacks a prediction or has another truth: run its fold again"
        )


def pool(parts: Parts) -> list[Prediction]:
    """All predictions."""
    return [prediction for own in parts.values() for prediction in own]


def subject_hits(
    predictions: Sequence[Prediction], classes: Sequence[str]
) -> Mapping[str, tuple[int, int]]:
    """Subject -> (clips recognised, clips)."""
    counts: dict[str, tuple[int, int]] = {}
    for prediction in predictions:
        hits, clips = counts.get(prediction.subject, (0, 0))
        right = classes[int(prediction.probabilities.argmax())] == prediction.truth
        counts[prediction.subject] = (hits + right, clips + 1)
    return counts


def _score(predictions: Sequence[Prediction], classes: Sequence[str]) -> RecognitionScore:
    place = {name: k for k, name in enumerate(classes)}
    unknown = [p for p in predictions if p.truth not in place]
    if unknown:
        raise ValueError(f"truth {unknown[0].truth!r} of {unknown[0].clip_id} is no class here")
    truth = [place[p.truth] for p in predictions]
    guess = [int(p.probabilities.argmax()) for p in predictions]
    return score_recognition(truth, guess, len(classes))


def _average(runs: Sequence[Sequence[Prediction]]) -> tuple[Prediction, ...]:
    tables = [{p.clip_id: p for p in run} for run in runs]
    first = tables[0]
    for table in tables[1:]:
        if table.keys() != first.keys():
            odd = sorted(table.keys() ^ first.keys())[0]
            raise ValueError(f"clip {odd} is not predicted under every seed: run the missing folds")
        wrong = [clip for clip in first if table[clip].truth != first[clip].truth]
        if wrong:
            raise ValueError(f"clip {wrong[0]} has two truths: run its folds again")
    return tuple(
        Prediction(clip, one.subject, one.truth, _mean([table[clip] for table in tables]))
        for clip, one in first.items()
    )


def _mean(predictions: Sequence[Prediction]) -> np.ndarray:
    probabilities = [p.probabilities for p in predictions]
    return np.asarray(np.mean(probabilities, axis=0, dtype=np.float64), dtype=np.float32)


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
