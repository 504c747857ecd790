"""Main directional maximal difference (MDMD; Wang et al. 2017), as the MEGC 2020 baseline ran it.

For frame i, flows lead from the frame k before to frame i and to the frame k after it. In every
block of a 6 x 6 grid the main direction is the fullest of eight bins of the first flow; of its
vectors the third with the largest difference of length between the two flows is averaged, and of
the blocks the third with the largest means. That value less the mean of the values k - 1 frames
before and after is compared with mean + p (max - mean) over the recording, p = 0.01. k spans 0.4 s
for micro- and 1.3 s for macro-expressions (12 and 39 frames at 30 fps, 80 and 260 at 200 fps).

Written from the description. Frames over the threshold make an interval; those of 7 to 16 frames
(at 30 fps) are micro, longer ones macro. `relaxed` looks for micro only and takes shorter ones too,
from 0.1 s on.
The flow is dense inverse search, not RLOF.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from streamer.core.records import AlignedFace, Kind
from training.spotting.baselines.offline import Flow, FlowMeter, Span, runs_over

_P = 0.01
_K_S: dict[Kind, float] = {"micro": 12 / 30, "macro": 39 / 30}
_BLOCKS, _BINS = 6, 8
_MICRO_S = (7 / 30, 16 / 30)
_RELAXED_LEAST_S = 0.1
_LONGEST_S = 4.0


class MdmdWatcher:
    """The feature of every frame, for both spans."""

    def __init__(self, fps: float, relaxed: bool = False) -> None:
        self._fps, self._relaxed = fps, relaxed
        self._k = {
            kind: max(2, round(seconds * fps))
            for kind, seconds in _K_S.items()
            if kind == "micro" or not relaxed
        }
        self._recent: deque[AlignedFace] = deque(maxlen=2 * max(self._k.values()) + 1)
        self._features: dict[Kind, list[float]] = {kind: [] for kind in self._k}
        self._meter = FlowMeter()

    def push(self, face: AlignedFace) -> None:
        """Features become known k frames late."""
        self._recent.append(face)
        for kind, k in self._k.items():
            if len(self._recent) > 2 * k:
                head, now, tail = (self._recent[-1 - n] for n in (2 * k, k, 0))
                first, second = self._meter.between(head, now), self._meter.between(head, tail)
                self._features[kind].append(maximal_difference(first, second))

    def finish(self) -> list[Span]:
        """Intervals of both kinds."""
        return [span for kind in self._k for span in self._spans(kind)]

    def _spans(self, kind: Kind) -> list[Span]:
        k, feature = self._k[kind], np.array(self._features[kind])
        if len(feature) < 2 * k:
            return []
        relative = relative_difference(feature, k)
        peak, mean = float(relative.max()), float(relative.mean())
        threshold = mean + _P * (peak - mean)
        spans = []
        for first, last in runs_over(relative, threshold):
            if self._keeps(kind, (last - first + 1) / self._fps):
                apex = first + int(relative[first : last + 1].argmax())
                score = float(relative[apex]) / max(threshold, 1e-9)
                spans.append(Span(kind, first + k, apex + k, last + k, score))
        return spans

    def _keeps(self, kind: Kind, length_s: float) -> bool:
        if kind == "macro":
            return _MICRO_S[1] < length_s <= _LONGEST_S
        return length_s <= _MICRO_S[1] and (
            long_enough(length_s) or (self._relaxed and length_s >= _RELAXED_LEAST_S)
        )


def long_enough(length_s: float) -> bool:
    """Whether a micro interval has the least length that was published."""
    return length_s >= _MICRO_S[0] - 1e-9


def maximal_difference(first: Flow, second: Flow) -> float:
    """d of one frame from the flows head -> frame and head -> tail (pixels)."""
    here, there = _blocks(first), _blocks(second)
    angle = np.arctan2(here[..., 1], here[..., 0])
    bins = np.floor((angle + np.pi) / (2 * np.pi) * _BINS).astype(int) % _BINS
    counts = (bins[:, None, :] == np.arange(_BINS)[:, None]).sum(axis=2)
    main = bins == counts.argmax(axis=1)[:, None]
    difference = np.hypot(here[..., 0], here[..., 1]) - np.hypot(there[..., 0], there[..., 1])
    ordered = -np.sort(np.where(main, -difference, np.inf), axis=1)
    third = np.maximum(main.sum(axis=1) // 3, 1)
    sums = np.cumsum(np.where(np.isfinite(ordered), ordered, 0.0), axis=1)
    blocks = np.sort(sums[np.arange(len(third)), third - 1] / third)[::-1]
    return float(blocks[: len(blocks) // 3].mean())


def relative_difference(feature: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Feature less the mean of its neighbours k - 1 frames away, negatives set to 0."""
    padded = np.pad(feature, k - 1, mode="edge")
    around = 0.5 * (padded[: len(feature)] + padded[2 * (k - 1) :])
    return np.asarray(np.maximum(feature - around, 0.0))


def _blocks(flow: Flow) -> NDArray[np.float32]:
    """[36, N, 2] vectors by block."""
    side = flow.shape[0] // _BLOCKS
    cut = flow[: side * _BLOCKS, : side * _BLOCKS]
    grid = cut.reshape(_BLOCKS, side, _BLOCKS, side, 2).swapaxes(1, 2)
    return np.asarray(grid.reshape(_BLOCKS * _BLOCKS, side * side, 2))
