"""One clip: tracked and aligned as in a stream, its onset-apex pair turned into a motion map."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.maps import motion_map
from recognition.config import MapConfig
from recognition.motion.methods import motion_field
from streamer.core.records import AlignedFace, Face
from streamer.faces.alignment import Aligner, bring_to_anchor
from streamer.faces.config import FaceConfig
from streamer.faces.detector import MeshDetector
from streamer.faces.tracker import FaceTracker
from training.datasets.frames import read_frames
from training.prepare.apex import spot_apex
from training.prepare.jitter import Jitter, wrong_pairs
from training.records import Clip


@dataclass(frozen=True, slots=True)
class Prepared:
    """The pair of a clip, both faces under the apex's held transform, and its map."""

    onset_image: NDArray[np.uint8]  # [S, S, 3] RGB
    apex_image: NDArray[np.uint8]  # [S, S, 3] RGB
    map: NDArray[np.uint8]  # [28, 28, 3] u, v, strain
    onset: int
    apex: int  # as annotated, or spotted
    spotted: bool
    jittered: NDArray[np.uint8] | None = None  # [D, 2, S, S, 3]: pairs of frames around the two


class ClipPreparer:
    """Runs the streaming tracker and aligner over clips; every clip is a stream of its own."""

    def __init__(self, faces: FaceConfig, maps: MapConfig, jitter: Jitter | None = None) -> None:
        self._maps, self._jitter = maps, jitter or Jitter()
        self._tracker = FaceTracker(MeshDetector(faces), faces)
        self._aligner = Aligner(faces)

    def prepare(self, clip: Clip) -> Prepared | str:
        """The prepared clip, or why there is none and what to do.

        Raises:
            SourceFormatError, SourceNotFoundError: its frames cannot be read.
        """
        last = clip.offset if clip.apex is None else clip.apex
        around = self._follow(clip, last + self._jitter.frames)
        if isinstance(around, str):
            return around
        faces = [face for face in around if clip.onset <= face.index <= last]
        if not faces:
            return f"{clip.path} ends before frame {clip.onset} (onset): correct the row"
        onset = faces[0]
        if clip.apex is None:
            if len(faces) < 2:
                return f"the face is seen in frame {clip.onset} only: no apex can be spotted"
            apex = spot_apex(faces, self._maps)
        elif faces[-1].index == clip.apex:
            apex = faces[-1]
        else:
            return (
                f"the face of frame {clip.onset} (onset) is lost after frame {faces[-1].index}, "
                f"before frame {clip.apex} (apex): correct the row, or leave the clip out"
            )
        start = bring_to_anchor(onset, apex)
        made = motion_map(motion_field(start, apex.image, self._maps), self._maps)
        wrong = self._wrong_pairs(clip, around, onset.index, apex.index)
        spotted = clip.apex is None
        return Prepared(start, apex.image, made, onset.index, apex.index, spotted, wrong)

    def close(self) -> None:
        """Free the face mesh."""
        self._tracker.close()

    def _wrong_pairs(
        self, clip: Clip, around: list[AlignedFace], onset: int, apex: int
    ) -> NDArray[np.uint8] | None:
        if self._jitter.frames == 0:
            return None
        return wrong_pairs({f.index: f for f in around}, onset, apex, clip.id, self._jitter)

    def _follow(self, clip: Clip, last: int) -> list[AlignedFace] | str:
        """The largest face of the onset frame through the clip, in the frames where it is seen.

        With jitter, from so many frames earlier on, where the face is seen there already.
        """
        self._tracker.reset()
        self._aligner.reset()
        followed: list[AlignedFace] = []
        wanted: int | None = None
        early = replace(clip, onset=clip.onset - self._jitter.frames)
        for frame in read_frames(early, last):
            faces = self._tracker.push(frame)
            if wanted is None:
                if not faces and frame.index < clip.onset:
                    continue
                if not faces:
                    return (
                        f"no face in frame {frame.index} (onset): give the raw frames rather than "
                        "tightly cropped ones, or leave the clip out"
                    )
                wanted = max(faces, key=_area_px).face_id
            aligned = self._aligner.push(frame, faces)
            followed.extend(face for face in aligned if face.face.face_id == wanted)
        return followed


def _area_px(face: Face) -> float:
    x0, y0, x1, y1 = face.box_px
    return (x1 - x0) * (y1 - y0)
