"""Decodes one video stream and survives damage: what cannot be decoded is counted and left out."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator

import av
from av.container import InputContainer

from streamer.core.process.memory import require_memory
from streamer.sources.counters import SourceCounters
from streamer.sources.damaged import SoundPictures

MAX_READ_FAILURES = 10  # in a row; then the rest of the recording is given up
STARTS_ANYWHERE = 0x0200  # AVFMT_TS_DISCONT: broadcast formats, whose clocks start anywhere
_REORDER = 64  # packets by which the order of decoding may differ from that of presentation
_LONGEST_KEPT = 5000  # packets between two keyframes
_BYTES_A_PIXEL = 8  # of a decoder's buffers for one picture, about
_GAP_FRAMES = 1.5
_NEAR = 4  # packets
_SMALL_PX = 1280 * 720


class Decoder:
    """The frames of one stream in order of presentation, read once; never raises av.FFmpegError."""

    def __init__(
        self,
        container: InputContainer,
        stream: av.VideoStream,
        counters: SourceCounters,
        threads: int = 0,
        live: bool = False,
    ) -> None:
        """live: decode without a delay of whole frames; end at the first error of reading, and
        count damage on the way without calling the recording truncated.
        """
        self._container = container
        self._stream = stream
        self._counters = counters
        self._watched = _streams_to_watch(container, stream)
        self.packets = 0  # that the demuxer found in the video stream
        self.frames = 0  # that were decoded
        self._shown: av.VideoFrame | None = None  # whose picture stands for the last frame
        self._last: av.VideoFrame | None = None  # that was given
        self._flagged = 0  # packets ago: the last one that the demuxer doubted; 0: none
        self._last_dts: int | None = None
        self.end_s = 0.0  # the latest end of a packet, seconds from the first video packet's time
        self.failure = ""  # why reading stopped before the end, where it did
        self._live = live
        self._packets = self._read()
        self.stamps: list[tuple[int | None, int | None]] = []  # pts, duration; while `noting`
        self.noting = True
        stream.thread_type = "SLICE" if live else "AUTO"
        stream.codec_context.thread_count = threads or _default_threads(stream)

    def __iter__(self) -> Iterator[av.VideoFrame]:
        return self._frames(self._packets)

    def frames_from(self, index: int) -> Iterator[av.VideoFrame] | None:
        """As `frames_near`, to a frame numbered in order of presentation."""
        return self.frames_near(
            lambda packet: len(self.stamps) <= index - _REORDER,
            lambda packet: len(self.stamps) > index + _REORDER,
        )

    def frames_near(
        self, is_before: Callable[[av.Packet], bool], is_after: Callable[[av.Packet], bool]
    ) -> Iterator[av.VideoFrame] | None:
        """Go to a frame without decoding all before it.

        is_before, is_after: whether a packet comes so much earlier or later than the one wanted
        that all of it that was reordered is on the same side.

        The packets before it are read, counted and noted in `stamps`, but decoding begins at the
        last keyframe but one. Returned are the frames from a little before that number on; None,
        where there are no such keyframes: start anew.
        """
        kept: list[av.Packet | None] = []
        keys: list[int] = []  # places in `kept`
        for packet in self._packets:
            if packet is not None and packet.is_keyframe and is_before(packet):
                keys = [*keys[-1:], len(kept)]
                del kept[: keys[0]]
                keys = [key - keys[0] for key in keys]
            kept.append(packet)
            if packet is None or is_after(packet):
                break
            if len(kept) > _LONGEST_KEPT:
                return None
        if len(keys) < 2:
            return None
        self._stream.codec_context.flush_buffers()
        return self._frames(itertools.chain(kept, self._packets))

    def shown_for(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The last sound frame for the one that was given last; any other frame for itself."""
        return self._shown if frame is self._last and self._shown is not None else frame

    def _frames(self, packets: Iterable[av.Packet | None]) -> Iterator[av.VideoFrame]:
        pictures = SoundPictures()
        for packet in packets:
            for frame in self._decode(packet):
                self.frames += 1
                if frame.is_corrupt:
                    self._damage("corrupt_frames", "Some frames were decoded with errors.")
                self._last, self._shown = frame, pictures.shown(frame)
                if self._shown is not frame:
                    self._counters.repair("frozen_frames")
                yield frame

    def _read(self) -> Iterator[av.Packet | None]:
        """The packets of the video stream, then None to flush the decoder."""
        failures = 0
        while failures < MAX_READ_FAILURES:
            try:
                for packet in self._container.demux(self._watched):
                    if packet.size:
                        failures = 0
                        self._note(packet)
                        if packet.stream_index == self._stream.index:
                            yield packet
                break
            except IndexError:
                # PyAV's flush at the end trips over a stream that the demuxer found on the way.
                break
            except (av.FFmpegError, MemoryError) as error:
                self._require_memory()
                failures += 1
                self.failure = _reason(error)
                if self._live:
                    break
                self._damage("read_errors", f"The recording is damaged: {self.failure}.")
                if isinstance(error, av.ExitError):  # the read timeout
                    break
        yield None

    def _decode(self, packet: av.Packet | None) -> list[av.VideoFrame]:
        try:
            return self._stream.codec_context.decode(packet)
        except av.EOFError:  # flushed already
            return []
        except (av.FFmpegError, MemoryError) as error:
            why = _reason(error)
            if self._stream.codec_context.width:
                self._require_memory()
            else:  # its size was forgotten, as it was refused
                why = "larger than source.max_megapixels allows, or damaged"
            self._damage("corrupt_packets", f"Some frames could not be decoded: {why}.")
            return []

    def _require_memory(self) -> None:
        """Raise MemoryError where memory is short; damage makes FFmpeg ask for too much, too."""
        context = self._stream.codec_context
        require_memory(_BYTES_A_PIXEL * (context.width or 0) * (context.height or 0))

    def _note_flagged(self) -> None:
        """The demuxer doubts a packet: cut off, or (harmless) where broadcasts were joined."""
        if self._container.format.flags & STARTS_ANYWHERE:
            self._counters.repair("flagged_packets")  # the decoder tells whether a frame suffered
        else:
            self._damage("flagged_packets", "Some of the recording's data is cut off or damaged.")

    def _note_gap(self, packet: av.Packet) -> None:
        """A step of more than a frame near a doubted packet of a broadcast: frames were lost."""
        self._flagged = 1 if packet.is_corrupt else self._flagged + bool(self._flagged)
        last, self._last_dts = self._last_dts, packet.dts
        if last is None or packet.dts is None or not packet.duration:
            return
        lost = packet.dts - last > _GAP_FRAMES * packet.duration
        if lost and 0 < self._flagged <= _NEAR:
            self._damage("lost_packets", "Frames are missing where the stream is damaged.")

    def compare(self) -> None:
        """At the end: whether frames did not come out of doubted packets."""
        if self._counters.report().repairs.get("flagged_packets") and self.frames < self.packets:
            self._damage("lost_frames", "Some frames could not be decoded: their data is damaged.")

    def _damage(self, name: str, sentence: str) -> None:
        if self._live:
            self._counters.repair(name)
        else:
            self._counters.damage(name, sentence)

    def _note(self, packet: av.Packet) -> None:
        if packet.stream_index == self._stream.index:
            self.packets += 1
            if self.noting:
                self.stamps.append((packet.pts, packet.duration))
        if packet.is_corrupt:
            self._note_flagged()
        if packet.stream_index == self._stream.index:
            self._note_gap(packet)
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and (base := packet.time_base):
            # Dividing whole numbers is exact, too, and ten times as fast as with fractions.
            end_s = (stamp + (packet.duration or 0)) * base.numerator / base.denominator
            self.end_s = max(self.end_s, end_s)


def _reason(error: Exception) -> str:
    """The words of FFmpeg; damage can make it ask for more memory than there is."""
    return str(error.strerror) if isinstance(error, av.FFmpegError) else "too little memory"


def _streams_to_watch(container: InputContainer, stream: av.VideoStream) -> list[av.stream.Stream]:
    """The video stream; all streams where the declared duration is that of the longest of them."""
    has_own_duration = stream.duration is not None and container.format.name != "asf"
    if has_own_duration or container.duration is None:
        return [stream]
    return list(container.streams)


def _default_threads(stream: av.VideoStream) -> int:
    """0 lets FFmpeg choose. The pipeline keeps two cores busy by itself: where there are no more,
    threads for small pictures take more from it than they give.
    """
    small = stream.codec_context.width * stream.codec_context.height <= _SMALL_PX
    return 1 if small and (os.cpu_count() or 1) <= 2 else 0
