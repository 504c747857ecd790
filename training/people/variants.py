"""How a recording is shown: its frame rate, frames that a webcam loses, and its compression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import UsageError

Variant = Literal["native", "15fps", "25fps", "30fps", "60fps", "dropped", "low-bitrate", "mjpeg"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
_RATES: dict[str, float] = {"15fps": 15.0, "25fps": 25.0, "30fps": 30.0, "60fps": 60.0}
_RATE_TOLERANCE = 0.02  # 29.97 is 30; 25 is not
_LOST_SHARE = 0.08  # of the frames, one by one
_BURST_EVERY_S, _BURST_FRAMES = 4.0, 3  # and now and then several in a row
_JITTER_S = 0.006  # standard deviation of the time stamps
_LEAST_STEP_S = 0.004
_JPEG_QUALITY = 50


@dataclass(frozen=True, slots=True)
class Coding:
    """How H.264 is asked to compress."""

    crf: int
    tune: str


@dataclass(frozen=True, slots=True)
class Showing:
    """Which frames of a base are shown, and when."""

    frames: NDArray[np.int64]  # [N] numbers in the base
    true_s: NDArray[np.float64]  # [N] when they were taken, from the first one
    stamp_s: NDArray[np.float64]  # [N] what the file says
    fps: float


def parse_variants(text: str) -> tuple[Variant, ...]:
    """Variants from "native,dropped".

    Raises:
        UsageError: an unknown one, or none.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [word for word in words if word not in VARIANTS]
    if unknown or not words:
        raise UsageError(f"--variants {text!r}: choose among {', '.join(VARIANTS)}")
    return tuple(variant for variant in VARIANTS if variant in words)


def show(
    variant: Variant, time_s: NDArray[np.float64], fps: float, seed: list[int]
) -> Showing | None:
    """The frames of a variant; None where the base's rate does not allow it.

    A lower rate takes every second frame and so on; nothing is interpolated, no picture repeated.
    """
    step = 1
    if variant in _RATES:
        step = round(fps / _RATES[variant])
        if step < 1 or abs(fps / step / _RATES[variant] - 1.0) > _RATE_TOLERANCE:
            return None
    frames = np.arange(0, len(time_s), step)
    rng = np.random.default_rng(seed)
    if variant == "dropped":
        frames = frames[_kept(rng, time_s - time_s[0])]
    true_s = time_s[frames] - time_s[frames[0]]
    stamp_s = _jittered(rng, true_s) if variant == "dropped" else true_s
    return Showing(frames, true_s, stamp_s, fps / step)


def coding_of(variant: Variant) -> Coding:
    """A good recording, or one that is as small as webcams and calls make them."""
    return Coding(30, "zerolatency") if variant == "low-bitrate" else Coding(14, "grain")


def through_camera(image: NDArray[np.uint8], variant: Variant) -> NDArray[np.uint8]:
    """The picture [H, W, 3] RGB as the camera hands it over."""
    if variant != "mjpeg":
        return image
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return np.asarray(cv2.cvtColor(cv2.imdecode(coded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def _kept(rng: np.random.Generator, time_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    kept = rng.random(len(time_s)) >= _LOST_SHARE
    for start_s in np.cumsum(rng.exponential(_BURST_EVERY_S, 1 + int(time_s[-1]))):
        first = int(np.searchsorted(time_s, start_s))
        kept[first : first + _BURST_FRAMES] = False
    kept[[0, -1]] = True
    return kept


def _jittered(rng: np.random.Generator, true_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Late or early stamps that still grow."""
    stamps = true_s + rng.normal(0.0, _JITTER_S, len(true_s))
    stamps[0] = 0.0
    for n in range(1, len(stamps)):
        stamps[n] = max(stamps[n], stamps[n - 1] + _LEAST_STEP_S)
    return stamps
