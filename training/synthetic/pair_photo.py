"""How the two photographs of a drawn pair are taken: when, with what error, and in what light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, Share, check_ranges
from training.synthetic.scene import Injection


@dataclass(frozen=True, slots=True)
class Timing:
    """Onset and apex of a pair as frames of an expression that takes its time."""

    fps: Annotated[float, Range(1.0, 10_000.0)] = 60.0
    # onset to offset
    length_s: tuple[Annotated[float, Range(0.01, 10.0)], Annotated[float, Range(0.01, 10.0)]] = (
        0.16,
        0.5,
    )
    rise: tuple[Share, Share] = (0.35, 0.6)  # share of the length until the apex
    # onset and apex are off by up to so many frames, each by itself
    error_frames: Annotated[int, Range(0, 1000)] = 0
    exact: bool = False  # by just so many, before or after: to measure what an error costs

    def __post_init__(self) -> None:
        check_ranges(self)


def draw_levels(timing: Timing, rng: np.random.Generator) -> tuple[float, float]:
    """How much of the expression the onset and the apex photograph show, 0..1.

    The apex comes at least one frame after the onset, as every spotter's does.
    """
    length_s = float(rng.uniform(*timing.length_s))
    apex_s = length_s * float(rng.uniform(*timing.rise))
    phase_s = float(rng.uniform(-0.5, 0.5)) / timing.fps  # frames do not know when it begins
    first, top = draw_errors(timing, rng)
    apex = max(1, round((apex_s - phase_s) * timing.fps))
    last = max(apex + top, first + 1)
    course = Injection("micro", "", (), 0.0, 0.0, apex_s, length_s)
    onset_s, seen_s = (phase_s + frame / timing.fps for frame in (first, last))
    return course.level(onset_s), course.level(seen_s)


def draw_errors(timing: Timing, rng: np.random.Generator) -> tuple[int, int]:
    """Frames by which onset and apex are off."""
    side = rng.random(2)
    most = timing.error_frames
    if timing.exact:
        first, top = np.where(side < 0.5, -most, most)
    else:
        first, top = np.floor(side * (2 * most + 1)) - most
    return int(first), int(top)


@dataclass(frozen=True, slots=True)
class LightRange:
    """Ranges of one pair; what is called a change happens between onset and apex."""

    exposure: tuple[float, float] = (0.65, 1.1)
    balance: float = 0.08  # relative, each colour, standard deviation
    change: float = 0.02  # relative, of the whole picture, standard deviation
    slope_change: float = 0.02  # relative, from the middle to either side
    noise: tuple[float, float] = (0.5, 3.0)  # grey levels, standard deviation
    jpeg: tuple[int, int] | None = (75, 97)  # quality; None: not compressed

    @classmethod
    def none(cls) -> LightRange:
        """The photograph as it is."""
        return cls((1.0, 1.0), 0.0, 0.0, 0.0, (0.0, 0.0), None)


@dataclass(frozen=True, slots=True)
class Light:
    """The light of one pair and the noise of its camera."""

    gains: NDArray[np.float32]  # [2, 3] of onset and apex, each colour
    slopes: NDArray[np.float32]  # [2] of onset and apex
    noise: float
    quality: int | None
    rng: np.random.Generator

    def expose(self, image: NDArray[np.uint8], moment: int) -> NDArray[np.uint8]:
        """The picture [H, W, 3] as the camera hands it out; moment 0 is the onset, 1 the apex."""
        side = np.linspace(-1.0, 1.0, image.shape[1], dtype=np.float32)[None, :, None]
        lit = image * (self.gains[moment] * (1.0 + self.slopes[moment] * side))
        if self.noise > 0.0:
            lit += np.float32(self.noise) * self.rng.standard_normal(lit.shape, dtype=np.float32)
        picture = np.clip(lit + 0.5, 0, 255).astype(np.uint8)
        if self.quality is None:
            return picture
        _, data = cv2.imencode(".jpg", picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, self.quality))
        return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])


def draw_light(rng: np.random.Generator, ranges: LightRange) -> Light:
    """The light of one pair."""
    gain = rng.uniform(*ranges.exposure) * np.exp(rng.normal(0.0, ranges.balance, 3))
    change = 1.0 + rng.normal(0.0, ranges.change)
    slopes = rng.normal(0.0, ranges.slope_change) * np.array([0.0, 1.0])
    return Light(
        np.stack([gain, gain * change]).astype(np.float32),
        slopes.astype(np.float32),
        float(rng.uniform(*ranges.noise)),
        None if ranges.jpeg is None else int(rng.integers(ranges.jpeg[0], ranges.jpeg[1] + 1)),
        rng,
    )
