"""The apex of a clip whose data set names none: the frame that has moved most since the onset."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognition.classifiers.maps import crop_field
from recognition.config import MapConfig
from recognition.motion.methods import motion_field
from streamer.core.records import AlignedFace
from streamer.faces.alignment import bring_to_anchor

MOST_CANDIDATES = 64  # longer clips are sampled evenly: SMIC has about 34 frames


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
