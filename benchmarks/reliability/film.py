"""The bundled sample as an endless live stream, in the containers that cameras use."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av

from benchmarks.reliability.promises import ROOT

SAMPLE = ROOT / "streamer" / "assets" / "sample.mp4"
FPS = 30
KEYFRAME_EVERY = 15
LOOP_FRAMES = 420
LOOP_S = LOOP_FRAMES / FPS
_TRUTH = SAMPLE.with_name("sample.mp4.truth.csv")
_FORMATS = {"mpegts": "video/mp2t", "flv": "video/x-flv", "mpjpeg": ""}
BOUNDARY = "ffmpeg"


@dataclass(frozen=True, slots=True)
class Truth:
    """One micro-expression of the sample, in seconds of the loop."""

    onset_s: float
    apex_s: float
    offset_s: float
    emotion: str


@lru_cache(maxsize=1)
def truths() -> tuple[Truth, ...]:
    """The events of one round, in the order of time."""
    with _TRUTH.open(encoding="utf-8") as stream:
        return tuple(
            Truth(int(r["onset"]) / FPS, int(r["apex"]) / FPS, int(r["offset"]) / FPS, r["emotion"])
            for r in csv.DictReader(stream)
        )


def content_type(form: str) -> str:
    """The media type of a stream."""
    return _FORMATS[form] or f"multipart/x-mixed-replace;boundary={BOUNDARY}"


@lru_cache(maxsize=3)
def film(form: str) -> Film:
    """The sample, encoded with a keyframe every half second."""
    return Film(form)


class Film:
    """One round of the sample as packets. `form`: mpegts, flv or mpjpeg."""

    def __init__(self, form: str) -> None:
        self.form = form
        stored = io.BytesIO()
        jpeg = form == "mpjpeg"
        with av.open(str(SAMPLE)) as source, av.open(stored, "w", format="matroska") as target:
            stream = target.add_stream("mjpeg" if jpeg else "libx264", rate=FPS)
            stream.width = stream.height = 480
            stream.pix_fmt = "yuvj420p" if jpeg else "yuv420p"
            if jpeg:
                stream.codec_context.bit_rate = 12_000_000
            else:
                stream.options = {"crf": "20", "preset": "veryfast", "bf": "0"}
                stream.codec_context.gop_size = KEYFRAME_EVERY
            for frame in source.decode(video=0):
                frame.pict_type = av.video.frame.PictureType.NONE
                target.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
            target.mux(stream.encode(None))
        self._stored = stored.getvalue()

    def feed(self, first: int) -> Feed:
        """A stream that begins with frame `first` of the endless loop, a keyframe."""
        return Feed(self.form, self._stored, first)

    @staticmethod
    def next_keyframe(number: int) -> int:
        """The first keyframe at or after a frame of the endless loop."""
        return -(-number // KEYFRAME_EVERY) * KEYFRAME_EVERY


class Feed:
    """Bytes of one connection, frame by frame."""

    def __init__(self, form: str, stored: bytes, first: int) -> None:
        self._source = av.open(io.BytesIO(stored))
        self._video = self._source.streams.video[0]
        packets = [p for p in self._source.demux(self._video) if p.size]
        self._packets = [bytes(p) for p in packets]
        self._keys = [p.is_keyframe for p in packets]
        self._form, self._number, self._shift_s = form, first, 0.0
        self._sink = _Sink()
        self._open_target()

    def shift(self, shift_s: float) -> None:
        """Add so much to all time stamps from now on."""
        if shift_s < self._shift_s:  # a muxer refuses to go back: the sender has restarted
            self._close_target()
            self._open_target()
        self._shift_s = shift_s

    def _open_target(self) -> None:
        options = {"flush_packets": "1"}
        if self._form == "mpegts":
            options |= {"muxdelay": "0", "pat_period": "0.2"}
        self._target = av.open(
            self._sink, "w", format=self._form, container_options=options, buffer_size=4096
        )
        self._copy = self._target.add_stream_from_template(self._video)

    def _close_target(self) -> None:
        kept = self._sink.take()
        self._target.close()
        self._sink.take()  # the end of the container, which is not sent
        self._sink.write(kept)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """(number of the frame in the endless loop, bytes to send), without an end."""
        while True:
            place = self._number % LOOP_FRAMES
            packet = av.Packet(self._packets[place])
            packet.time_base = Fraction(1, 90_000)
            packet.pts = packet.dts = round((self._number / FPS + self._shift_s + 10) * 90_000)
            packet.duration = 90_000 // FPS
            packet.is_keyframe = self._keys[place]
            packet.stream = self._copy
            self._target.mux_one(packet)
            yield self._number, self._sink.take()
            self._number += 1

    def close(self) -> None:
        """Free the containers."""
        self._source.close()
        self._close_target()


class _Sink:
    """A file object that keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._chunks)
        self._chunks.clear()
        return data


def write_clip(path: Path, frames: int) -> Path:
    """The first `frames` frames of the sample as a file of their own."""
    with av.open(str(SAMPLE)) as source, av.open(str(path), "w") as target:
        video = source.streams.video[0]
        copy = target.add_stream_from_template(video)
        for number, packet in enumerate(p for p in source.demux(video) if p.size):
            if number == frames:
                break
            packet.stream = copy
            target.mux(packet)
    return path
