"""One clip: tracked and aligned as in a stream, its onset-apex pair turned into a motion map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.maps import crop_field, motion_map
from recognition.config import MapConfig
from recognition.motion.methods import motion_field
from streamer.core.records import AlignedFace
from streamer.faces.alignment import bring_to_anchor
from streamer.faces.config import FaceConfig
from training.common.records import Clip
from training.prepare.follow import ClipFollower
from training.prepare.jitter import Jitter, wrong_pairs

MOST_CANDIDATES = 64  # longer clips are sampled evenly: SMIC has about 34 frames
MOST_FRAMES = 128  # of a clip that is kept; longer ones are sampled evenly too


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
    clip: NDArray[np.uint8] | None = None  # [T, S, S] grey, onset to offset, under that transform


class ClipPreparer:
    """Runs the streaming tracker and aligner over clips; every clip is a stream of its own.

    clips: keep the faces from onset to offset too.
    """

    def __init__(
        self,
        faces: FaceConfig,
        maps: MapConfig,
        jitter: Jitter | None = None,
        clips: bool = False,
    ) -> None:
        self._maps, self._jitter, self._clips = maps, jitter or Jitter(), clips
        self._follower = ClipFollower(faces)

    def prepare(self, clip: Clip) -> Prepared | str:
        """The prepared clip, or why there is none and what to do.

        Raises:
            SourceFormatError, SourceNotFoundError: its frames cannot be read.
        """
        last = clip.offset if clip.apex is None else clip.apex
        around = self._follow(clip, self._last_needed(clip, last))
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
        near = [face for face in around if face.index <= last + self._jitter.frames]
        wrong = self._wrong_pairs(clip, near, onset.index, apex.index)
        whole = [face for face in around if clip.onset <= face.index <= max(clip.offset, last)]
        kept = grey_clip(whole, apex) if self._clips else None
        spotted = clip.apex is None
        return Prepared(start, apex.image, made, onset.index, apex.index, spotted, wrong, kept)

    def close(self) -> None:
        """Free the face mesh."""
        self._follower.close()

    def _last_needed(self, clip: Clip, last: int) -> int:
        """The last frame to look at; `last` is the apex or where it is looked for."""
        needed = last + self._jitter.frames
        return max(needed, clip.offset) if self._clips else needed

    def _wrong_pairs(
        self, clip: Clip, around: list[AlignedFace], onset: int, apex: int
    ) -> NDArray[np.uint8] | None:
        if self._jitter.frames == 0:
            return None
        return wrong_pairs({f.index: f for f in around}, onset, apex, clip.id, self._jitter)

    def _follow(self, clip: Clip, last: int) -> list[AlignedFace] | str:
        """The face of the onset frame, in the frames where it is seen.

        With jitter, from so many frames earlier on, where the face is seen there already.
        """
        followed: list[AlignedFace] = []
        for index, face in self._follower.follow(clip, last, self._jitter.frames):
            if face is not None:
                followed.append(face)
            elif not followed and index >= clip.onset:
                return (
                    f"no face in frame {index} (onset): give the raw frames rather than tightly "
                    "cropped ones, or leave the clip out"
                )
        return followed


def grey_clip(
    faces: Sequence[AlignedFace], apex: AlignedFace, most: int = MOST_FRAMES
) -> NDArray[np.uint8]:
    """The faces grey [T, S, S], all under the apex's held transform so that nothing jumps.

    Of more than `most` faces so many are taken, evenly spread, the first and the last among them.
    """
    places = np.rint(np.linspace(0, len(faces) - 1, min(len(faces), most))).astype(int)
    brought = (bring_to_anchor(faces[place], apex) for place in places)
    return np.stack([np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)) for face in brought])


def spot_apex(faces: Sequence[AlignedFace], config: MapConfig) -> AlignedFace:
    """The face with the largest motion against the first one, the onset.

    Motion is the mean length of the motion field inside the map's crop, in inter-ocular distances,
    head motion removed; the earliest of equals. At most 64 frames, evenly spread, are tried.

    Raises:
        ValueError: fewer than two faces.
    """
    if len(faces) < 2:
        raise ValueError(f"{len(faces)} faces: an apex needs the onset and one frame after it")
    count = min(len(faces) - 1, MOST_CANDIDATES)
    places = np.unique(np.rint(np.linspace(1, len(faces) - 1, count)).astype(int))
    motions = [motion_iod(faces[0], faces[place], config) for place in places]
    return faces[int(places[int(np.argmax(motions))])]


def motion_iod(onset: AlignedFace, face: AlignedFace, config: MapConfig) -> float:
    """Mean length of the motion from onset to face, in inter-ocular distances."""
    field = motion_field(bring_to_anchor(onset, face), face.image, config)
    return float(np.linalg.norm(crop_field(field, config), axis=-1).mean())
