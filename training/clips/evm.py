"""Eulerian video magnification, the linear form (Wu et al., SIGGRAPH 2012).

    I~(x, t) = I(x, t) + sum_l alpha_l B_l(x, t)

B_l is level l of the Laplacian pyramid of what an ideal temporal band-pass leaves of the clip;
alpha_l keeps (1 + alpha_l) delta(t) < lambda_l / 8 (`streamer.faces.pyramid`). The released code
leaves the finest level and the rest out; here the bound alone decides, as the motion of a cheek is
in the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, check_ranges
from streamer.faces.pyramid import collapse, factors, laplacian, levels_of
from training.clips.frames import Frames, as_frames


@dataclass(frozen=True, slots=True)
class Evm:
    """As a step: frequencies in cycles per clip, as a movement from onset to offset is one."""

    alpha: Annotated[float, Range(0.0, 1000.0)] = 10.0
    low_cycles: Annotated[float, Range(0.0, 1000.0)] = 1.0
    high_cycles: Annotated[float, Range(0.0, 1000.0)] = 4.0
    cutoff_px: Annotated[float, Range(1.0, 10_000.0)] = 16.0  # lambda_c

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray) -> Frames:
        """[T, H, W] as long as before. Raises ValueError, see `magnify`."""
        band = (self.low_cycles, self.high_cycles)
        return magnify(clip, self.alpha, band, float(len(clip)), self.cutoff_px)


def magnify(
    clip: NDArray,
    alpha: float,
    band_hz: tuple[float, float],
    fps: float,
    cutoff_px: float = 16.0,
) -> Frames:
    """The clip [T, H, W] with its motion inside a band of frequencies 1 + alpha times as large.

    Args:
        band_hz: the lowest and the highest frequency; a constant is never inside.
        cutoff_px: lambda_c, the shortest wave that gets the whole alpha.

    Raises:
        ValueError: the clip is none, see `as_frames`, or too short for the band.
    """
    frames = as_frames(clip)
    changes = band_pass(frames, band_hz, fps)
    levels = levels_of(*frames.shape[1:])
    shares = factors(alpha, cutoff_px, levels)
    for frame, change in zip(frames, changes, strict=True):
        parts = zip(shares, laplacian(change, levels), strict=True)
        frame += collapse([np.float32(share) * part for share, part in parts])
    return frames


def band_pass(frames: Frames, band_hz: tuple[float, float], fps: float) -> Frames:
    """What of every pixel's course lies inside the band, by the Fourier transform over the clip.

    Raises:
        ValueError: no frequency that so many frames can hold lies inside.
    """
    frequencies = np.fft.rfftfreq(len(frames), 1.0 / fps)
    inside = (frequencies >= band_hz[0]) & (frequencies <= band_hz[1]) & (frequencies > 0)
    if not inside.any():
        raise ValueError(
            f"{len(frames)} frames at {fps:g} a second hold no frequency from {band_hz[0]:g} to "
            f"{band_hz[1]:g}: widen the band, or give longer clips"
        )
    spectrum = np.fft.rfft(frames, axis=0)
    spectrum[~inside] = 0
    return np.fft.irfft(spectrum, n=len(frames), axis=0).astype(np.float32)
