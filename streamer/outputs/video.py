"""The annotated recording: H.264 with the source's own time stamps, as a player shows it."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av

from streamer.core.errors import InstallError, OutputError
from streamer.core.files.writing import open_output, writing
from streamer.core.records import EmotionEvent, FrameResult
from streamer.outputs.anonymise import Anonymisation, Anonymiser
from streamer.outputs.draw import AFTERGLOW_S, Annotator, Canvas

DELAY_S = 1.5  # frames wait this long, so that an event is drawn at its own time
_DELAY_BYTES = 256 * 2**20  # ... or less, if the pictures are large
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


class VideoWriter:
    """Writes one source as video. Memory is bounded by DELAY_S and by _DELAY_BYTES.

    An event is known only after its offset, so drawn frames wait in a buffer. Of an event that
    began before the oldest waiting frame, the banner begins with that frame.
    """

    def __init__(
        self,
        path: Path,
        regions: Sequence[str],
        *,
        overwrite: bool = False,
        redact: Anonymisation = "off",
    ) -> None:
        """redact: hide all faces, see `Anonymiser`."""
        self._path = path
        self._anonymiser = None if redact == "off" else Anonymiser(redact)
        self._annotator = Annotator(regions)
        self._waiting: deque[tuple[float, float, Canvas]] = deque()  # time_s, media_s, picture
        self._events: list[EmotionEvent] = []
        self._encoder: _Encoder | None = None
        self._overwrite = overwrite

    def write(self, result: FrameResult) -> None:
        self._events.extend(result.events)
        if result.frame is None:
            return
        now_s, media_s = result.frame.time_s, result.frame.media_s
        if self._anonymiser is not None:
            hidden = replace(result.frame, image=self._anonymiser.hide(result))
            result = replace(result, frame=hidden)
            waiting = [canvas for *_, canvas in self._waiting]
            scale = waiting[0].shape[1] / hidden.image.shape[1] if waiting else 1.0
            self._anonymiser.hide_earlier(waiting, scale)
        shown_s = now_s if media_s is None else media_s
        self._waiting.append((now_s, shown_s, self._annotator.draw(result)))
        while self._is_due(now_s):
            self._write_oldest()
        horizon_s = now_s - DELAY_S - AFTERGLOW_S
        self._events = [e for e in self._events if max(e.spot.offset_s, e.emitted_s) >= horizon_s]

    def close(self) -> None:
        """Write what waits, and finish the file."""
        try:
            while self._waiting and not self._is_broken():
                self._write_oldest()
        finally:
            if self._encoder is not None:
                self._encoder.close()

    def _is_broken(self) -> bool:
        return self._encoder is not None and self._encoder.broken

    def _is_due(self, now_s: float) -> bool:
        if not self._waiting:
            return False
        time_s, _, canvas = self._waiting[0]
        return now_s - time_s > DELAY_S or canvas.nbytes * len(self._waiting) > _DELAY_BYTES

    def _write_oldest(self) -> None:
        time_s, media_s, canvas = self._waiting.popleft()
        self._annotator.draw_banners(canvas, time_s, self._events)
        if self._encoder is None:
            self._encoder = _Encoder(self._path, canvas, media_s > 0, overwrite=self._overwrite)
        self._encoder.write(media_s, canvas)


class _Encoder:
    """One MP4 file with one video stream in a time base of 1/60000 s."""

    def __init__(self, path: Path, first: Canvas, is_late: bool, *, overwrite: bool) -> None:
        self._path = path
        self._file = open_output(path, overwrite=overwrite, binary=True)
        self._last_pts = -1
        self.broken = False
        muxer = _LATE_MUXER if is_late else _MUXER
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

    def write(self, media_s: float, canvas: Canvas) -> None:
        frame = av.VideoFrame.from_ndarray(canvas, format="rgb24")
        self._last_pts = max(round(media_s / _TIME_BASE), self._last_pts + 1)
        frame.pts, frame.time_base = self._last_pts, _TIME_BASE
        with self._writing():
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        if self.broken:  # the disk is full: finishing would fail in the same way
            with contextlib.suppress(OSError):
                self._file.close()
            return
        with self._writing():
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
