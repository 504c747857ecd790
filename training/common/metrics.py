"""Recognition metrics over fixed classes: UF1 and UAR (MEGC 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class RecognitionScore:
    """Pooled scores of one set of predictions."""

    count: int
    uf1: float  # unweighted mean of the per-class F1
    uar: float  # unweighted mean of the per-class recall
    accuracy: float
    f1: tuple[float, ...]  # per class
    confusion: tuple[tuple[int, ...], ...]  # [truth][prediction]


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Counts [classes, classes]: rows are the truth, columns the prediction.

    Raises:
        ValueError: the two differ in length, or a label is outside 0..classes-1.
    """
    rows, columns = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if rows.shape != columns.shape:
        raise ValueError(f"{rows.size} labels but {columns.size} predictions: pair them by clip id")
    for name, values in (("label", rows), ("prediction", columns)):
        if values.size and not (values.min() >= 0 and values.max() < classes):
            wrong = values[(values < 0) | (values >= classes)][0]
            raise ValueError(f"{name} {wrong} is outside 0..{classes - 1}")
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (rows, columns), 1)
    return matrix


def score_recognition(truth: ArrayLike, predicted: ArrayLike, classes: int = 3) -> RecognitionScore:
    """UF1 and UAR of pooled predictions.

    The mean runs over the fixed list of classes: F1_j = 2 TP / (2 TP + FP + FN), recall_j = TP /
    (TP + FN); a class that never occurs counts as 0 and does not disappear.
    """
    matrix = confusion_matrix(truth, predicted, classes)
    hits = matrix.diagonal()
    true_count, predicted_count = matrix.sum(axis=1), matrix.sum(axis=0)
    f1 = 2 * hits / np.maximum(true_count + predicted_count, 1)
    recall = hits / np.maximum(true_count, 1)
    return RecognitionScore(
        count=int(matrix.sum()),
        uf1=float(f1.mean()),
        uar=float(recall.mean()),
        accuracy=float(hits.sum() / max(int(matrix.sum()), 1)),
        f1=tuple(float(value) for value in f1),
        confusion=tuple(tuple(int(cell) for cell in row) for row in matrix),
    )
