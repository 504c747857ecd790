"""A real recording repeated forwards and backwards: minutes of talking faces without a cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from streamer.core.errors import SourceFormatError
from streamer.core.records import Frame
from training.spotting.sets import Recording

_LONGEST_PART_S = 12.0  # of the clip that is kept in memory


@dataclass(frozen=True, slots=True)
class PingPongRecording(Recording):
    """The first seconds of a video file, to and fro, at a constant rate, for `seconds`."""

    seconds: float = 60.0

    def frames(self) -> Iterator[Frame]:
        """Frames counted from 0; each end of the clip is shown once, not twice.

        Raises:
            SourceFormatError: fewer than two frames.
        """
        images = [frame.image for frame in self._part()]
        if len(images) < 2:
            raise SourceFormatError(f"{self.path} has {len(images)} frames: at least 2 are needed")
        last = len(images) - 1
        for index in count():
            time_s = index / self.fps
            if time_s >= self.seconds:
                return
            place = index % (2 * last)
            yield Frame(index, time_s, images[min(place, 2 * last - place)])

    def _part(self) -> Iterator[Frame]:
        from streamer.sources import open_source

        with closing(open_source(str(self.path))) as source:
            for frame in source:
                if frame.time_s >= _LONGEST_PART_S:
                    return
                yield frame


def ping_pong_clips(folder: Path, seconds: float) -> list[PingPongRecording]:
    """All videos and animated pictures of a folder, each repeated for `seconds`.

    Raises:
        SourceNotFoundError, SourceFormatError: a file cannot be opened.
    """
    from streamer.sources import open_source

    clips = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".gif", ".mkv", ".mov", ".mp4", ".webm"):
            with closing(open_source(str(path))) as source:
                fps = source.info.declared_fps or 25.0
            clips.append(PingPongRecording(f"{path.name} to and fro", path, fps, seconds))
    return clips
