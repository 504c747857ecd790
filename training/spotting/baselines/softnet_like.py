"""A threshold as SOFTNet (Liong et al. 2021) sets it, on a score that no network has learned.

The score of a frame is the strength of the flow to the frame k later, in three regions (brows and
mouth) with the nose's motion taken off: mean length plus mean optical strain, each over its own
mean in the recording. The score is averaged over 2 k frames; peaks above mean + p (max - mean),
p = 0.55, at least k apart, become intervals of 2 k frames. The flow is strong from onset to apex
and again from apex to offset, so the middle of the interval lies k / 2 after the peak. k is half
the mean length of an expression: 6 frames at 30 fps for micro (37 at 200 fps), 18 for macro (174).

The network between flow and score is what the original adds; it is not here, hence the name.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from streamer.core.records import AlignedFace, Kind
from training.spotting.baselines.offline import Flow, FlowMeter, Span

_P = 0.55
_K_S: dict[Kind, tuple[float, float]] = {  # at 30 and at 200 fps
    "micro": (6 / 30, 37 / 200),
    "macro": (18 / 30, 174 / 200),
}
_BROWS = ((70, 107), (336, 300))
_MOUTH = (61, 291, 0, 17)
_NOSE = (4, 5, 195, 197)
_MARGIN = 0.12  # IOD about brows and mouth


class SoftnetLikeWatcher:
    """Flow strength over k frames, for both kinds."""

    def __init__(self, fps: float) -> None:
        pick = 0 if fps < 100 else 1
        self._k = {kind: max(2, round(s[pick] * fps)) for kind, s in _K_S.items()}
        self._recent: deque[AlignedFace] = deque(maxlen=self._k["macro"] + 1)
        self._parts: dict[Kind, list[tuple[float, float]]] = {"micro": [], "macro": []}
        self._meter = FlowMeter()
        self._anchor: int | None = None

    def push(self, face: AlignedFace) -> None:
        """The score of the frame k ago becomes known."""
        if face.anchor != self._anchor:
            self._anchor, self._areas = face.anchor, _areas(face)
        self._recent.append(face)
        for kind, k in self._k.items():
            if len(self._recent) > k:
                flow = self._meter.between(self._recent[-1 - k], face)
                self._parts[kind].append(strength(flow, *self._areas))

    def finish(self) -> list[Span]:
        """Intervals around the peaks of both kinds."""
        spans = []
        for kind, k in self._k.items():
            parts = np.array(self._parts[kind])
            if len(parts) > 2 * k:
                score = (parts / np.maximum(parts.mean(axis=0), 1e-9)).sum(axis=1)
                spans += [
                    Span(kind, peak - k + k // 2, peak + k // 2, peak + k + k // 2, height)
                    for peak, height in threshold_peaks(score, k)
                ]
        return spans


def threshold_peaks(score: NDArray[np.float64], k: int) -> list[tuple[int, float]]:
    """Peaks of the smoothed score and how far they exceed the threshold (a ratio)."""
    kernel = np.ones(2 * k) / (2 * k)
    smooth = np.convolve(np.pad(score, k, mode="edge"), kernel, mode="same")[k:-k]
    threshold = smooth.mean() + _P * (smooth.max() - smooth.mean())
    peaks = find_peaks(smooth, height=threshold, distance=k)[0]
    return [(int(peak), float(smooth[peak] / max(threshold, 1e-9))) for peak in peaks]


def strength(
    flow: Flow, regions: tuple[tuple[slice, slice], ...], nose: tuple[slice, slice]
) -> tuple[float, float]:
    """Mean length (px) and mean strain of the flow in the regions, the nose's motion taken off."""
    still = flow - flow[nose].reshape(-1, 2).mean(axis=0)
    length = np.hypot(still[..., 0], still[..., 1])
    dudy, dudx = np.gradient(still[..., 0])
    dvdy, dvdx = np.gradient(still[..., 1])
    strain = np.sqrt(dudx**2 + dvdy**2 + 0.5 * (dudy + dvdx) ** 2)
    return (
        float(np.mean([length[region].mean() for region in regions])),
        float(np.mean([strain[region].mean() for region in regions])),
    )


def _areas(
    face: AlignedFace,
) -> tuple[tuple[tuple[slice, slice], ...], tuple[slice, slice]]:
    mesh, side = face.landmarks_px[:, :2], face.image.shape[0]
    margin = _MARGIN * float(np.hypot(*(mesh[263] - mesh[33]))) / 1.45
    regions = tuple(_box(mesh[list(points)], margin, side) for points in (*_BROWS, _MOUTH))
    return regions, _box(mesh[list(_NOSE)], 0.3 * margin, side)


def _box(points: NDArray[np.float32], margin: float, side: int) -> tuple[slice, slice]:
    low = np.clip(points.min(axis=0) - margin, 0, side - 4).astype(int)
    high = np.clip(points.max(axis=0) + margin, low + 3, side).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
