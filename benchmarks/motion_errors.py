"""End-point errors of every motion method on synthetic pairs, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from recognition.config import MapConfig
from recognition.motion.methods import LEARNED, Method, motion_method
from recognition.motion.selfme.config import LATTICE
from recognition.motion.selfme.generator import resize_motion
from recognition.motion.selfme.layers import warp
from recognition.motion.selfme.weights import load_motion
from training.selfme.motion_score import face_window, headless, mean_error
from training.synthetic.pairs import Pairs

STRENGTHS_IOD = ((0.0, 0.02), (0.02, 0.04), (0.04, 1.0))
YAWS_DEG = ((0.0, 10.0), (10.0, 20.0), (20.0, 90.0))
_BATCH = 16
_REST = "nothing"  # the error of whoever reports no motion: what there is to gain


def report_errors(
    pairs: Pairs, names: Sequence[str], weights: Path | None = None
) -> Mapping[str, object]:
    """For each method: the mean error of the whole motion and of what is left without the head.

    `whole_px` compares with the true motion, head included; `expression_px` after the same rigid
    fit took the head out of both, as the recogniser does. Means over pairs, in the face window.
    """
    return {name: _errors(pairs, _method(name, weights)) for name in (_REST, *names)}


def report_grey(pairs: Pairs, names: Sequence[str], weights: Path | None) -> Mapping[str, object]:
    """Mean distance in pixels of the motion of the pair in grey from that of the pair in colour."""
    shades = pairs.part(np.arange(len(pairs)))
    grey = [np.stack([_grey(image) for image in images]) for images in (shades.onset, shades.apex)]
    known = np.ones(pairs.known.shape[1:], dtype=np.bool_)
    report = {}
    for name in names:
        measure = _method(name, weights)
        misses = [
            mean_error(measure(first, second), measure(onset, apex), known)
            for first, second, onset, apex in zip(*grey, pairs.onset, pairs.apex, strict=True)
        ]
        report[name] = _rounded(float(np.mean(misses)))
    return report


@torch.no_grad()
def report_reconstruction(pairs: Pairs, weights: Path | None) -> Mapping[str, float]:
    """Mean absolute difference to the apex, grey levels of 255, in the face window.

    Of the onset as it is, of the onset warped by the motion, and of the generator's picture.
    """
    learner, window = load_motion(weights), face_window(MapConfig())
    sums: dict[str, list[float]] = {"onset": [], "warped": [], "painted": []}
    for i in range(0, len(pairs), _BATCH):
        part = slice(i, i + _BATCH)
        onset, apex = (
            learner.normalise(torch.from_numpy(x[part])) for x in (pairs.onset, pairs.apex)
        )
        out = learner.describe(onset, apex, gamma=1.0, paint=True)
        assert out.reconstruction is not None  # it was asked for
        backward = resize_motion(out.lattice / LATTICE, onset.shape[-1])
        seen = {"onset": onset, "warped": warp(onset, backward), "painted": out.reconstruction}
        for name, image in seen.items():
            miss = (image - apex).abs()[:, :, window[0], window[1]].mean(dim=(1, 2, 3))
            sums[name] += (255.0 * miss).tolist()
    return {name: _rounded(float(np.mean(values))) for name, values in sums.items()}


def _errors(pairs: Pairs, measure: Method) -> Mapping[str, object]:
    whole, expression = np.empty(len(pairs)), np.empty(len(pairs))
    for i in range(len(pairs)):
        truth, known = pairs.motion[i].astype(np.float32), pairs.known[i]
        found = measure(pairs.onset[i], pairs.apex[i])
        whole[i] = mean_error(found, truth, known)
        expression[i] = mean_error(headless(found), headless(truth), known)
    iod_px = MapConfig(aligned_size_px=pairs.onset.shape[1]).iod_px
    people = sorted(set(pairs.person.tolist()))
    return {
        "whole_px": _rounded(whole.mean()),
        "expression_px": _rounded(expression.mean()),
        "expression_iod": round(float(expression.mean()) / iod_px, 5),
        "expression_px_by_strength_iod": _by(expression, pairs.strength_iod, STRENGTHS_IOD),
        "expression_px_by_yaw_deg": _by(expression, np.abs(pairs.yaw_deg), YAWS_DEG),
        "whole_px_by_yaw_deg": _by(whole, np.abs(pairs.yaw_deg), YAWS_DEG),
        "whole_px_by_person": {p: _rounded(whole[pairs.person == p].mean()) for p in people},
    }


def _by(
    values: NDArray[np.float64], key: NDArray, ranges: Sequence[tuple[float, float]]
) -> Mapping[str, float]:
    parts = {f"{low:g}-{high:g}": (key >= low) & (key < high) for low, high in ranges}
    return {name: _rounded(values[which].mean()) for name, which in parts.items() if which.any()}


def _method(name: str, weights: Path | None) -> Method:
    if name == _REST:
        return lambda onset, apex: np.zeros((*onset.shape[:2], 2), dtype=np.float32)
    return motion_method(name, weights=weights if name in LEARNED else None)


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(
        cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8
    )


def _rounded(value: float) -> float:
    return round(float(value), 4)
