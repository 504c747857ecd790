"""The pictures of the frames of one video stream, as they are to be seen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import av

from streamer.core.pictures import Picture
from streamer.sources.bayer import MOSAIC_NOTE, is_mosaic
from streamer.sources.config import SourceConfig
from streamer.sources.counters import SourceCounters
from streamer.sources.decode import Decoder
from streamer.sources.deinterlace import NOTE, NOTED_AT, deinterlaced
from streamer.sources.levels import LOOKED_AT, Levels, find_levels
from streamer.sources.pixels import PixelConverter, is_deep
from streamer.sources.view import View


class FramePictures:
    """Whole, turned, cut pictures of 8 bits. State: the levels that were found."""

    def __init__(
        self,
        config: SourceConfig,
        counters: SourceCounters,
        decoder: Decoder,
        time_base: Fraction,
    ) -> None:
        levels = None if config.levels is None else Levels(*config.levels)
        self._view = View.of(config)
        self._converter = PixelConverter(self._view, levels, from_luma=config.from_luma)
        self._deinterlace = config.deinterlace
        self._counters = counters
        self._decoder = decoder
        self._time_base = time_base
        self._interlaced = 0

    def whole(self, decoded: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Decoded frames, deinterlaced where that is asked for."""
        return deinterlaced(decoded, self._time_base) if self._deinterlace else decoded

    def begin(
        self, first: av.VideoFrame, rest: Iterator[av.VideoFrame], name: str
    ) -> Iterator[av.VideoFrame]:
        """Look at the first frames; returned are those after `first`, none of them lost.

        Raises SourceFormatError where the cut lies outside of the pictures.
        """
        self._view.check(*self._converter.turned_size(first), name)
        if len(first.format.components) == 1 and is_mosaic(self._converter.grey(first)):
            self._counters.say(MOSAIC_NOTE)
        if self._converter.levels is not None or not is_deep(first):
            return rest
        others = list(itertools.islice(rest, LOOKED_AT - 1))
        size = (first.width, first.height)
        deep = [f for f in (first, *others) if is_deep(f) and (f.width, f.height) == size]
        self._converter.levels = find_levels(map(self._converter.deep, deep))
        self._counters.say(self._converter.levels.sentence())
        return itertools.chain(others, rest)

    def of(self, frame: av.VideoFrame) -> Picture:
        """Of the frame that was decoded last, or of the last sound one in its place."""
        return self._converter.convert(self._decoder.shown_for(frame))

    def note(self, frame: av.VideoFrame) -> None:
        """Tell of interlaced frames, once it is certain that they are no exception."""
        self._interlaced += frame.interlaced_frame
        if self._interlaced == NOTED_AT and not self._deinterlace:
            self._counters.say(NOTE)
