"""Makes small recordings for the tests, with chosen time stamps, pixels and faults."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RED, GREEN, BLUE, GREY = (200, 30, 40), (30, 180, 40), (30, 40, 200), (128, 128, 128)
IDENTITY = (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)


def plain(colour=GREY, size=(64, 48)) -> np.ndarray:
    """An image [H, W, 3] of one colour; size is (width, height)."""
    return np.full((size[1], size[0], 3), colour, np.uint8)


def corner(colour=RED, size=(64, 48)) -> np.ndarray:
    """A black image with one coloured quarter at the top left."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[: size[1] // 2, : size[0] // 2] = colour
    return image


def noisy(count: int, size=(64, 48), seed=0) -> list[np.ndarray]:
    """Images that do not compress well, so that a cut or a flipped bit hits picture data."""
    random = np.random.default_rng(seed)
    return [random.integers(0, 255, (size[1], size[0], 3), np.uint8) for _ in range(count)]


def write_video(
    path: Path,
    images: Sequence[np.ndarray],
    pts: Sequence[int] | None = None,
    time_base=Fraction(1, 1000),
    codec="libx264",
    pix_fmt="yuv420p",
    rate=25,
    options=None,
    container_options=None,
    **fields,
) -> Path:
    """A video whose frames have exactly the given time stamps (default: 40 ms apart).

    fields: set on the encoder, e.g. color_range, colorspace, gop_size.
    """
    if path.suffix == ".avi":  # its clock is its frame rate
        time_base, pts = Fraction(1, rate), range(len(images))
    pts = [40 * i for i in range(len(images))] if pts is None else pts
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = stream.time_base = time_base
        stream.codec_context.max_b_frames = 0
        for name, value in fields.items():
            setattr(stream.codec_context, name, value)
        for image, stamp in zip(images, pts, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame = frame.reformat(
                format=pix_fmt,
                dst_colorspace=fields.get("colorspace"),
                dst_color_range=fields.get("color_range"),
            )
            frame.pts, frame.time_base = stamp, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_audio(path: Path, codec: str, seconds=0.5) -> Path:
    """A recording of silence, without any video."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=8000, layout="mono")
        frame_size = 800
        for index in range(int(seconds * 8000) // frame_size):
            samples = np.zeros((1, frame_size), np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8000, index * frame_size
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_with_sound(path: Path, codec: str, frames: int, sound_s: float) -> Path:
    """A video at 25 fps with silence that lasts longer."""
    rate, size = 44100, 1024
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=rate, layout="mono")
        for image in noisy(frames):
            container.mux(video.encode(av.VideoFrame.from_ndarray(image)))
        container.mux(video.encode(None))
        for index in range(int(sound_s * rate / size)):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, size), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = rate, size * index
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def patch(path: Path, box: bytes, offset: int, data: bytes) -> None:
    """Overwrite bytes of an MP4 box, `offset` bytes after its name."""
    content = bytearray(path.read_bytes())
    start = content.index(box) + len(box) + offset
    content[start : start + len(data)] = data
    path.write_bytes(content)


def set_display_matrix(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Put a rotation or flip (-1, 0, 1) into the track header of an MP4.

    A pixel at (x, y) is shown at (a x + c y, b x + d y), up to a shift.
    """
    one = 65536
    matrix = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    patch(path, b"tkhd", 40, matrix)
