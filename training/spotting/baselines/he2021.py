"""Spotting without learning (He 2021, revised by Zhao et al. 2022), from its description.

At about 30 frames a second: windows of 200 frames, the first of each is the reference. The crop
reaches from the inner eye corners 4 d to the sides, 3 d up and 5 d down (d half their distance) and
is 256 pixels wide. Farneback flow leads from the reference to every frame; the mean of the top 70 %
of the vectors on the nose is the head's motion: the crop is shifted by it until it is at most one
pixel, four times at most, and the rest is subtracted. The motion of a region (20 x 20 pixels on
brows, mouth, lips, chin and nose wings) is the mean of the top 25 % of its vectors by length. Low
pass 5 Hz; a peak of 1.4 px over the baseline with a rise within a second of 1.8 px (brows),
1.85 (mouth), 2.1 (nose), extended to 0.33 of its height; intervals of all regions are merged; 12 to
200 frames are kept; micro up to half a second. `relaxed` keeps shorter ones too, from 3 frames on.

Windows start anew where the aligner renews its transform.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, find_peaks, sosfiltfilt

from streamer.core.records import AlignedFace, Kind
from training.spotting.baselines.offline import Flow, Span

_FPS = 30.0
_WINDOW = 200
_SIDE_PX = 256
_INNER_CORNERS = (133, 362)
_UNITS = (4.0, 4.0, 3.0, 5.0)  # left, right, up, down
_NOSE = (4, 5, 195)
_REACH_PX = 10
_BROW, _MOUTH, _NOSE_WING = (1.8, 1.85, 2.1)  # least rise, px
_ROIS: tuple[tuple[int, float], ...] = (
    (70, _BROW), (105, _BROW), (107, _BROW), (336, _BROW), (334, _BROW), (300, _BROW),
    (61, _MOUTH), (291, _MOUTH), (0, _MOUTH), (17, _MOUTH), (199, _MOUTH),
    (129, _NOSE_WING), (358, _NOSE_WING),
)  # fmt: skip
_PEAK_PX, _EXTEND = 1.4, 0.33
_LEAST, _LONGEST, _RELAXED_LEAST = 12, 200, 3  # frames
_MICRO = 15  # frames: half a second


class HeWatcher:
    """Region motion of one face at about 30 fps."""

    def __init__(self, fps: float, relaxed: bool = False) -> None:
        self._fps, self._relaxed = fps, relaxed
        self._step = step_of(fps)
        self._frames = 0
        self._reference: _Window | None = None
        self._windows: list[_Window] = []

    def push(self, face: AlignedFace) -> None:
        """Every frame of the thinned sequence is compared with its window's first one."""
        number, self._frames = self._frames, self._frames + 1
        if number % self._step:
            return
        window = self._reference
        if window is None or window.anchor != face.anchor or len(window.motion) >= _WINDOW:
            window = self._reference = _Window(face, number)
            self._windows.append(window)
        window.add(face)

    def finish(self) -> list[Span]:
        """Intervals over all windows; those that meet at a border are joined."""
        rate = self._fps / self._step
        found = [
            (window.start + a * self._step, window.start + p * self._step,
             window.start + b * self._step, height)
            for window in self._windows
            for a, p, b, height in spans_of(np.array(window.motion), rate)
        ]  # fmt: skip
        spans = []
        for onset, apex, offset, height in _merge(found):
            frames = (offset - onset) // self._step + 1
            enough = long_enough(frames) or (self._relaxed and frames >= _RELAXED_LEAST)
            if enough and frames <= _LONGEST:
                kind: Kind = "micro" if frames <= _MICRO else "macro"
                spans.append(Span(kind, onset, apex, offset, height / _PEAK_PX))
        return spans


def step_of(fps: float) -> int:
    """Every how many-th frame is looked at, so that about 30 a second are left."""
    return max(1, round(fps / _FPS))


def long_enough(frames: int) -> bool:
    """Whether an interval has the least length that was published, in frames at about 30 fps."""
    return frames >= _LEAST


class _Window:
    """Up to 200 frames against their first one."""

    def __init__(self, face: AlignedFace, start: int) -> None:
        self.anchor, self.start = face.anchor, start
        mesh = face.landmarks_px[:, :2].astype(np.float64)
        left, right = mesh[_INNER_CORNERS[0]], mesh[_INNER_CORNERS[1]]
        half, middle = float(np.hypot(*(right - left))) / 2, (left + right) / 2
        self._scale = _SIDE_PX / ((_UNITS[0] + _UNITS[1]) * half)
        self._corner = middle - np.array([_UNITS[0], _UNITS[2]]) * half
        points = (mesh - self._corner) * self._scale
        self._rois = [_square(points[index]) for index, _ in _ROIS]
        self._nose = _square(points[list(_NOSE)].mean(axis=0))
        self._shift = np.zeros(2)  # of the crop, 256-px pixels
        self._picture = self._cut(face)
        self.motion: list[NDArray[np.float64]] = []  # [regions, 2]

    def add(self, face: AlignedFace) -> None:
        for _ in range(4):
            flow = _farneback(self._picture, self._cut(face))
            head = top_mean(_inside(flow, self._nose), 0.7)
            if np.hypot(*head) <= 1.0:
                break
            self._shift = self._shift + head
        self.motion.append(
            np.array([top_mean(_inside(flow, roi) - head, 0.25) for roi in self._rois])
        )

    def _cut(self, face: AlignedFace) -> NDArray[np.uint8]:
        corner = self._corner + self._shift / self._scale
        matrix = np.array([[self._scale, 0, 0], [0, self._scale, 0]])
        matrix[:, 2] = -corner * self._scale
        grey = cv2.cvtColor(face.image, cv2.COLOR_RGB2GRAY)
        cut = cv2.warpAffine(
            grey, matrix, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return np.asarray(cut)


def spans_of(motion: NDArray[np.float64], fps: float) -> list[tuple[int, int, int, float]]:
    """Onset, apex, offset and height (px) in the motion [T, regions, 2] of one window."""
    if len(motion) < 12:
        return []
    low = butter(2, min(5.0, 0.4 * fps), fs=fps, output="sos")
    length = np.hypot(motion[..., 0], motion[..., 1])
    smooth = sosfiltfilt(low, length, axis=0, padlen=min(9, len(length) - 1))
    reach = round(fps)
    found = []
    for region, (_, rise_px) in enumerate(_ROIS):
        curve = smooth[:, region]
        base = float(np.median(curve))
        for peak in find_peaks(curve)[0]:
            around = curve[max(0, peak - reach) : peak + reach + 1]
            rise = float(curve[peak] - around.min())
            if curve[peak] - min(base, around.min()) >= _PEAK_PX and rise >= rise_px:
                level = around.min() + _EXTEND * rise
                found.append((_walk(curve, peak, -1, level), int(peak),
                              _walk(curve, peak, 1, level), rise))  # fmt: skip
    return found


def top_mean(vectors: NDArray[np.floating], share: float) -> NDArray[np.float64]:
    """Mean [2] of the share of the vectors [N, 2] that are longest."""
    length = np.hypot(vectors[:, 0], vectors[:, 1])
    count = max(1, round(share * len(length)))
    chosen = np.argpartition(length, len(length) - count)[-count:]
    return np.asarray(vectors[chosen].mean(axis=0), dtype=np.float64)


def _merge(found: list[tuple[int, int, int, float]]) -> list[tuple[int, int, int, float]]:
    """Overlapping intervals as one, with the apex of the highest."""
    merged: list[tuple[int, int, int, float]] = []
    for span in sorted(found):
        if merged and span[0] <= merged[-1][2]:
            before = merged[-1]
            best = max(before, span, key=lambda s: s[3])
            merged[-1] = (before[0], best[1], max(before[2], span[2]), best[3])
        else:
            merged.append(span)
    return merged


def _walk(curve: NDArray, peak: int, step: int, level: float) -> int:
    """From a peak outwards to where the curve falls to the level."""
    at = int(peak)
    while 0 <= at + step < len(curve) and curve[at] > level:
        at += step
    return at


def _square(point: NDArray) -> tuple[slice, slice]:
    x, y = (round(float(v)) for v in np.clip(point, _REACH_PX, _SIDE_PX - 1 - _REACH_PX))
    return slice(y - _REACH_PX, y + _REACH_PX), slice(x - _REACH_PX, x + _REACH_PX)


def _inside(flow: Flow, square: tuple[slice, slice]) -> NDArray[np.float32]:
    return flow[square].reshape(-1, 2)


def _farneback(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Flow:
    return np.asarray(
        cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0),
        dtype=np.float32,
    )
