"""Raw pictures of a colour sensor: each pixel has one colour, in a mosaic (US patent 3,971,065).

Industrial cameras record them into AVI files under names that FFmpeg does not know, or as grey.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PATTERNS = {
    b"BA81": "bggr8", b"BGGR": "bggr8", b"RGGB": "rggb8", b"GBRG": "gbrg8", b"GRBG": "grbg8",
    b"BYRW": "rggb8", b"BYR1": "bggr8", b"BY8 ": "bggr8", b"BYR2": "bggr16le",
    b"BG10": "bggr16le", b"BG12": "bggr16le", b"BG16": "bggr16le", b"RG10": "rggb16le",
    b"RG12": "rggb16le", b"RG16": "rggb16le", b"GB10": "gbrg16le", b"GB12": "gbrg16le",
    b"GB16": "gbrg16le", b"BA10": "grbg16le", b"BA12": "grbg16le", b"GR16": "grbg16le",
}  # fmt: skip
_FINER = 1.3  # next to each other, pixels of a mosaic differ so much more than those two apart
_LEAST = 2.0  # levels by which they differ at least: a dark or flat picture tells nothing
_CURE = (
    "ffmpeg -i INPUT -map 0:v -c copy -f rawvideo - | ffmpeg -f rawvideo -pixel_format "
    "bayer_{pattern} -video_size WIDTHxHEIGHT -framerate RATE -i - -crf 12 OUTPUT.mp4"
)
MOSAIC_NOTE = (
    "The grey pictures look like the raw mosaic of a colour sensor (Bayer): every second pixel is "
    "of another colour, which hides small movements. Make colours of it first, with the camera's "
    "own program or with: " + _CURE.format(pattern="rggb8") + " (or bggr8, gbrg8, grbg8)"
)


def mosaic_refusal(head: bytes, name: str) -> str:
    """The sentence for an AVI that begins so and is of a Bayer format; empty for any other."""
    at = head.find(b"strh")
    if head[:4] != b"RIFF" or at < 0 or head[at + 8 : at + 12] != b"vids":
        return ""
    code = head[at + 12 : at + 16]
    pattern = _PATTERNS.get(code.upper())
    if pattern is None:
        return ""
    return (
        f"{name} holds the raw mosaic of a colour sensor (Bayer, {code.decode().strip()}), which "
        "has to become colours first: with the camera's own program, or with: "
        f"{_CURE.format(pattern=pattern)}"
    )


def is_mosaic(grey: NDArray[Any]) -> bool:
    """Whether a grey picture [H, W] is a Bayer mosaic, by how it differs from pixel to pixel."""
    values = grey.astype(np.float32)
    return all(_is_fine(values if axis else values.T) for axis in (0, 1))


def _is_fine(values: NDArray[np.float32]) -> bool:
    """Whether neighbours along lines differ more than pixels two apart."""
    if values.shape[1] < 3:
        return False
    next_to = float(np.abs(values[:, 1:] - values[:, :-1]).mean())
    two_apart = float(np.abs(values[:, 2:] - values[:, :-2]).mean())
    return next_to > _LEAST and next_to > _FINER * two_apart
