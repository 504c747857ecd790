"""The sound of a recording for a video that is made of it: its packets as they are, in sync.

Times are those of a player, which counts from the earliest stream of the file. What MP4 cannot hold
is encoded anew as AAC. Sound that is damaged ends there; the video does not.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer

from streamer.core.files.regular import require_regular
from streamer.sources.clocks import player_zero_s
from streamer.sources.containers import open_container

_TAIL_S = 0.1  # the last picture is seen for about so long
_CHUNK = 1024  # samples of an AAC frame
_LOG = logging.getLogger(__name__)


def open_sound(path: Path, name: str) -> SoundTrack | None:
    """The sound of a file; None where there is none, or none that can be read.

    name: what the file is called in messages.
    """
    try:
        require_regular(path, name)
        container = open_container(f"file:{path}", "file")
    except (OSError, av.FFmpegError):
        return None
    stream = next((s for s in container.streams.audio if s.codec_context is not None), None)
    if stream is None:
        container.close()
        return None
    return SoundTrack(container, stream, name)


class SoundTrack:
    """Gives the packets of a sound in order, each once. State: how far it was read."""

    def __init__(self, container: InputContainer, stream: av.AudioStream, name: str) -> None:
        self._container = container
        self._source = stream
        self._name = name
        self._offset_s = player_zero_s(container)
        self._packets = self._read()
        self._next: av.Packet | None = None
        self._next_s = 0.0
        self._now_s = 0.0
        self._stream: Any = None
        self._encoder: _AacEncoder | None = None

    def begin(self, output: OutputContainer, origin_s: float = 0.0) -> None:
        """Add the stream to a file that is about to be written.

        origin_s: the player's time that is 0 in that file; what is heard before it is left out.
        """
        self._offset_s += origin_s
        if self._source.codec_context.name in output.supported_codecs:
            self._stream = output.add_stream_from_template(self._source)
        else:
            _LOG.info("%s: MP4 holds no %s: its sound is encoded anew as AAC.", self._name,
                      self._source.codec_context.name)  # fmt: skip
            self._stream = output.add_stream("aac", rate=self._source.rate or 48_000)
            self._encoder = _AacEncoder(self._stream)
        self._advance()

    def until(self, time_s: float) -> Iterator[av.Packet]:
        """The packets that begin before a time of the video, in seconds."""
        self._now_s = time_s
        while self._next is not None and self._next_s < time_s:
            yield from self._finished(self._next)
            self._advance()

    def rest(self) -> Iterator[av.Packet]:
        """The packets that are heard with the last picture, and what the encoder holds back."""
        yield from self.until(self._now_s + _TAIL_S)
        if self._encoder is not None:
            yield from self._encoder.end()

    def close(self) -> None:
        """Free the file. Nothing more can be asked for."""
        self._next = None
        self._packets.close()
        self._container.close()

    def _advance(self) -> None:
        self._next = next(self._packets, None)
        if self._next is not None:
            self._next_s = self._time_s(self._next)

    def _time_s(self, packet: av.Packet) -> float:
        return float((packet.pts or 0) * (packet.time_base or Fraction(1))) - self._offset_s

    def _read(self) -> Generator[av.Packet, None, None]:
        """The packets of the sound that have a time which is not before the video."""
        try:
            for packet in self._container.demux(self._source):
                if packet.pts is not None and packet.size and self._time_s(packet) >= 0.0:
                    yield packet
        except av.FFmpegError as error:
            _LOG.warning("%s: its sound ends where it is damaged: %s", self._name, error)

    def _finished(self, packet: av.Packet) -> Iterator[av.Packet]:
        """A packet as the video's own: moved to its time, encoded anew where it must be."""
        base = packet.time_base or Fraction(1)
        moved = round(self._offset_s / base)
        if self._encoder is not None:
            yield from self._encoder.encode(packet, moved)
            return
        pts = packet.pts or 0
        packet.dts = (pts if packet.dts is None else packet.dts) - moved
        packet.pts = pts - moved
        packet.stream = self._stream
        yield packet


class _AacEncoder:
    """Decodes packets and encodes their samples anew, at their own times."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._resampler = av.AudioResampler("fltp", "stereo", stream.rate, _CHUNK)

    def encode(self, packet: av.Packet, moved: int) -> Iterator[av.Packet]:
        """moved: by how much earlier, in the packet's time base."""
        with contextlib.suppress(av.InvalidDataError):  # a damaged packet is silence
            for frame in packet.decode():
                if isinstance(frame, av.AudioFrame) and frame.pts is not None:
                    frame.pts -= moved
                    yield from self._encode(frame)

    def end(self) -> Iterator[av.Packet]:
        """What is left."""
        yield from self._encode(None)
        yield from self._from_zero(self._stream.encode(None))

    def _encode(self, frame: av.AudioFrame | None) -> Iterator[av.Packet]:
        for samples in self._resampler.resample(frame):
            yield from self._from_zero(self._stream.encode(samples))

    def _from_zero(self, packets: Iterable[av.Packet]) -> Iterator[av.Packet]:
        """Without the silence that the encoder puts before time 0, by which all would be late."""
        return (packet for packet in packets if packet.pts is None or packet.pts >= 0)
