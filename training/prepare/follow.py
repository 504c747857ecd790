"""The largest face of a clip, tracked and aligned as in a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streamer.core.records import AlignedFace, Face
from streamer.faces.alignment import Aligner
from streamer.faces.backends import open_finder
from streamer.faces.config import FaceConfig
from streamer.faces.tracker import FaceTracker
from training.common.records import Clip
from training.datasets.frames import read_frames


class ClipFollower:
    """The streaming tracker and aligner over clips; every clip is a stream of its own."""

    def __init__(self, config: FaceConfig) -> None:
        self._tracker = FaceTracker(open_finder(config), config)
        self._aligner = Aligner(config)

    def follow(
        self, clip: Clip, last: int, early_frames: int = 0
    ) -> Iterator[tuple[int, AlignedFace | None]]:
        """Frame numbers from `early_frames` before the onset to `last`, each with the face.

        It is the largest face of the first frame that shows one; None where it is not seen.

        Raises:
            SourceFormatError, SourceNotFoundError: the frames cannot be read.
        """
        self._tracker.reset()
        self._aligner.reset()
        wanted: int | None = None
        for frame in read_frames(replace(clip, onset=clip.onset - early_frames), last):
            faces = self._tracker.push(frame)
            if wanted is None and faces:
                wanted = max(faces, key=_area_px).face_id
            aligned = self._aligner.push(frame, faces)
            own = (face for face in aligned if face.face.face_id == wanted)
            yield frame.index, next(own, None)

    def close(self) -> None:
        """Free the face mesh."""
        self._tracker.close()


def _area_px(face: Face) -> float:
    x0, y0, x1, y1 = face.box_px
    return (x1 - x0) * (y1 - y0)
