"""Small recordings made of the bundled one, or of nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from demo.live_worker import HEADER
from streamer.core.records import Frame
from streamer.sources import open_source

FPS = 30


def sample_frames(first: int = 0, end: int = 420) -> Iterator[Frame]:
    """Frames of the bundled recording."""
    source = open_source("sample")
    try:
        for frame in source:
            if frame.index >= end:
                break
            if frame.index >= first:
                yield frame
    finally:
        source.close()


def encode_part(path: Path, first: int, end: int) -> None:
    """A part of the bundled recording as a file of its own, in good quality."""
    write_video(path, [frame.image for frame in sample_frames(first, end)])


def write_video(
    path: Path,
    images: Sequence[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    seconds: Sequence[float] | None = None,
) -> None:
    """RGB pictures, 30 a second or at the given times."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pixels
        stream.thread_count = 1
        stream.codec_context.time_base = Fraction(1, 1000)
        if codec == "libx264":
            stream.options = {"crf": "12", "preset": "veryfast"}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            time_s = number / FPS if seconds is None else seconds[number]
            frame.pts, frame.time_base = round(1000 * time_s), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def write_sound(path: Path) -> None:
    """A second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for n in range(40):
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 2 * 1024), np.int16), format="s16", layout="stereo"
            )
            frame.sample_rate, frame.pts = 44100, 1024 * n
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def jpeg(image: NDArray[np.uint8], quality: int = 95) -> bytes:
    """An RGB picture as a browser sends it."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def picture(clock_s: float, number: int, image: NDArray[np.uint8] | bytes) -> bytes:
    """One message of a live camera."""
    return HEADER.pack(clock_s, number) + (image if isinstance(image, bytes) else jpeg(image))
