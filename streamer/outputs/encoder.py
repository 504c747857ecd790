"""MP4 files of pictures with times of their own, and the sound of a recording beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import InstallError, OutputError
from streamer.core.files.writing import open_output, writing
from streamer.outputs.sound import SoundTrack

_TIME_BASE = Fraction(1, 60_000)  # exact for 25, 30, 29.97, 50, 60, 100, 200 fps
# Fragments keep a file that was cut short playable; at a normal end they become a plain MP4.
_MUXER = {"movflags": "+hybrid_fragmented"}
# A late start has to be known when the index is begun: it follows with the first fragment.
_LATE_MUXER = {"movflags": "+hybrid_fragmented+delay_moov"}
_ENCODERS = {  # the first that this FFmpeg has
    # No B-frames: they would shift all time stamps of a fragmented file by two frames.
    "libx264": {"preset": "veryfast", "crf": "20", "bf": "0", "g": "60"},
    "mpeg4": {"b": "6M", "g": "60"},
}


class Mp4Encoder:
    """One MP4 file with one video stream in a time base of 1/60000 s.

    State: the last time stamp, and whether writing has failed (`broken`).
    """

    def __init__(
        self,
        path: Path,
        first: NDArray[np.uint8],
        *,
        overwrite: bool,
        sound: SoundTrack | None = None,
        origin_s: float = 0.0,
        first_s: float = 0.0,
    ) -> None:
        """first: a picture [H, W, 3] of the size of all. sound: what is heard with the pictures.

        origin_s: the time that is 0 in the file. first_s: that of the first picture.
        """
        self._path = path
        self._file = open_output(path, overwrite=overwrite, binary=True)
        self._last_pts = -1
        self._origin_s = origin_s
        self.broken = False
        muxer = _LATE_MUXER if first_s > origin_s else _MUXER
        with self._writing():
            self._container = av.open(self._file, "w", format="mp4", options=muxer)
            name = _encoder_name()
            self._stream = cast(
                "av.VideoStream",
                self._container.add_stream(name, rate=30, options=_ENCODERS[name]),
            )
            self._stream.height, self._stream.width = first.shape[:2]
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.time_base = _TIME_BASE
            self._sound = sound
            if sound is not None:
                sound.begin(self._container, origin_s)

    def write(self, time_s: float, canvas: NDArray[np.uint8]) -> None:
        """A picture at a time in seconds, and the sound before it."""
        time_s -= self._origin_s
        frame = av.VideoFrame.from_ndarray(canvas, format="rgb24")
        self._last_pts = max(round(time_s / _TIME_BASE), self._last_pts + 1)
        frame.pts, frame.time_base = self._last_pts, _TIME_BASE
        with self._writing():
            if self._sound is not None:
                self._container.mux(list(self._sound.until(time_s)))
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file. Raises OutputError."""
        try:
            self._finish()
        finally:
            if self._sound is not None:
                self._sound.close()

    def _finish(self) -> None:
        if self.broken:  # the disk is full: finishing would fail in the same way
            with contextlib.suppress(OSError):
                self._file.close()
            return
        with self._writing():
            if self._sound is not None:
                self._container.mux(list(self._sound.rest()))
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._file.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self.broken = True
        with writing(self._path):
            try:
                yield
            except av.FFmpegError as error:
                if isinstance(error, OSError):
                    raise
                raise OutputError(f"{self._path}: the video encoder failed: {error}.") from error
        self.broken = False


def _encoder_name() -> str:
    for name in _ENCODERS:
        with contextlib.suppress(av.codec.codec.UnknownCodecError):
            return str(av.codec.Codec(name, "w").name)
    raise InstallError("this FFmpeg has neither libx264 nor mpeg4: reinstall av (pip install av).")
