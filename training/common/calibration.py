"""Calibration of probabilities: how far confidence is from being right, and what mends it.

Every calibration here is an affine map of the log-probabilities x, then softmax:

    temperature  x / T                 one number (Guo et al., ICML 2017)
    vector       w * x + b             two per class (Guo et al.)
    dirichlet    W x + b               all pairs of classes (Kull et al., NeurIPS 2019), with their
                                       penalty on what lies off the diagonal and on b (ODIR)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

BINS = 10
_ODIR = 1e-2  # weight of Dirichlet's penalty, the middle of the range that its paper searches
_COLD_HOT = (0.05, 20.0)  # bounds of a temperature
_LEAST = 1e-30  # a probability below it is taken for it

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence against being right, in bins of equal width over 0..1.

    Attributes:
        counts, confidence, right: per bin: clips, mean confidence, share right (0 where empty).
        error: expected calibration error, the mean gap weighted by the counts.
        loss: mean negative log-likelihood of the true class. brier: mean squared error, summed
            over the classes.
    """

    counts: tuple[int, ...]
    confidence: tuple[float, ...]
    right: tuple[float, ...]
    error: float
    loss: float
    brier: float


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """softmax(W x + b) of log-probabilities x."""

    weight: Floats  # [C, C]
    bias: Floats  # [C]

    def __call__(self, probabilities: NDArray) -> Floats:
        """[N, C] -> [N, C]."""
        return np.asarray(softmax(logs(probabilities) @ self.weight.T + self.bias, axis=1))

    @property
    def temperature(self) -> float:
        """Of a calibration by temperature."""
        return 1.0 / float(self.weight[0, 0])


Fit = Callable[[NDArray, NDArray], Affine]  # probabilities [N, C] and labels [N]


def measure_reliability(probabilities: NDArray, labels: NDArray, bins: int = BINS) -> Reliability:
    """Of the most probable class, over all clips.

    Raises:
        ValueError: no clips, or not as many labels as rows.
    """
    if not len(labels) or len(labels) != len(probabilities):
        raise ValueError(f"{len(labels)} labels for {len(probabilities)} clips: need one each")
    confidence, best = probabilities.max(axis=1), probabilities.argmax(axis=1)
    counts, mean, right = in_bins(confidence, best == labels, bins)
    own = probabilities[np.arange(len(labels)), labels]
    wanted = np.eye(probabilities.shape[1])[labels]
    return Reliability(
        tuple(int(n) for n in counts),
        tuple(float(value) for value in mean),
        tuple(float(value) for value in right),
        mean_gap(counts, mean, right),
        float(-np.log(np.maximum(own, _LEAST)).mean()),
        float(((probabilities - wanted) ** 2).sum(axis=1).mean()),
    )


def in_bins(
    confidence: NDArray, right: NDArray, bins: int = BINS
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Counts, mean confidence and share right (0 where empty) of bins of equal width over 0..1."""
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    some = np.maximum(counts, 1)
    mean, share = (np.bincount(place, own, bins) / some for own in (confidence, right))
    return counts, mean, share


def mean_gap(counts: NDArray[np.int64], confidence: Floats, right: Floats) -> float:
    """Expected calibration error of bins: the mean gap, weighted by the counts."""
    return float((np.abs(confidence - right) * counts).sum() / max(int(counts.sum()), 1))


def fit_none(probabilities: NDArray, labels: NDArray) -> Affine:
    """As it is."""
    classes = probabilities.shape[1]
    return Affine(np.eye(classes), np.zeros(classes))


def fit_temperature(probabilities: NDArray, labels: NDArray) -> Affine:
    """The temperature of least cross entropy, between 0.05 and 20."""
    x, classes = logs(probabilities), probabilities.shape[1]
    low, high = np.log(_COLD_HOT)

    def loss(log_t: Floats) -> float:
        return _cross_entropy(x / np.exp(log_t[0]), labels)

    found = minimize(loss, np.zeros(1), bounds=[(low, high)])
    return Affine(np.eye(classes) / float(np.exp(found.x[0])), np.zeros(classes))


def temperature_of(logits: NDArray, labels: NDArray) -> float:
    """The temperature T that makes softmax(logits / T) best calibrated (least cross entropy)."""
    return fit_temperature(softmax(logits.astype(np.float64), axis=1), labels).temperature


def fit_vector(probabilities: NDArray, labels: NDArray) -> Affine:
    """A weight and a shift per class."""
    x, classes = logs(probabilities), probabilities.shape[1]

    def loss(w: Floats) -> float:
        return _cross_entropy(x * w[:classes] + w[classes:], labels)

    found = minimize(loss, np.concatenate([np.ones(classes), np.zeros(classes)])).x
    return Affine(np.diag(found[:classes]), found[classes:])


def fit_dirichlet(probabilities: NDArray, labels: NDArray) -> Affine:
    """A full matrix, with ODIR."""
    x, classes = logs(probabilities), probabilities.shape[1]
    off = ~np.eye(classes, dtype=bool)

    def loss(w: Floats) -> float:
        weight, bias = w[classes:].reshape(classes, classes), w[:classes]
        penalty = (weight[off] ** 2).mean() + (bias**2).mean()
        return _cross_entropy(x @ weight.T + bias, labels) + _ODIR * float(penalty)

    start = np.concatenate([np.zeros(classes), np.eye(classes).ravel()])
    found = minimize(loss, start).x
    return Affine(found[classes:].reshape(classes, classes), found[:classes])


FITS: Mapping[str, Fit] = {
    "as it is": fit_none,
    "temperature": fit_temperature,
    "vector": fit_vector,
    "dirichlet": fit_dirichlet,
}


def cross_fit(
    fit: Fit, probabilities: NDArray, labels: NDArray, groups: Sequence[str]
) -> tuple[Floats, tuple[Affine, ...]]:
    """Calibrated [N, C], each group by what was fitted on all others; and those fits, by group.

    Raises:
        ValueError: there is one group only.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        raise ValueError(f"there is only {', '.join(names)}: nothing is left to fit on")
    own = np.asarray(groups)
    calibrated = np.empty(probabilities.shape, dtype=np.float64)
    fits = tuple(fit(probabilities[own != name], labels[own != name]) for name in names)
    for name, one in zip(names, fits, strict=True):
        calibrated[own == name] = one(probabilities[own == name])
    return calibrated, fits


def logs(probabilities: NDArray) -> Floats:
    """Their logarithms, none below that of 1e-30."""
    return np.log(np.maximum(probabilities.astype(np.float64), _LEAST))


def _cross_entropy(logits: Floats, labels: NDArray) -> float:
    return -float(log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())
