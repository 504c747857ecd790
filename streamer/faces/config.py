"""Settings of the face room. Light: no heavy imports."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from streamer.core.ranges import Faces, Range, Share, check_ranges


@dataclass(frozen=True, slots=True)
class FaceConfig:
    """How faces are found, followed and aligned. Lengths in inter-ocular distances (IOD)."""

    max_faces: Faces = 4
    # the mesh is measured this often and carried over in between
    mesh_interval_s: Annotated[float, Range(0.0, 10.0)] = 0.25
    # how often a single face is looked around for others
    search_interval_s: Annotated[float, Range(0.0, 3600.0)] = 1.0
    min_detection: Share = 0.5
    min_tracking: Share = 0.5
    # at the multiples of this the mesh is searched for afresh, see below
    restart_s: Annotated[float, Range(1.0, 86_400.0)] = 20.0
    # a face that is back within this time keeps its id
    id_memory_s: Annotated[float, Range(0.0, 3600.0)] = 3.0
    aligned_size_px: Annotated[int, Range(64, 1024)] = 128
    # The held transform is renewed when the head has drifted by more than:
    drift_translation_iod: Annotated[float, Range(0.0, 10.0)] = 0.12
    drift_scale: Annotated[float, Range(0.0, 10.0)] = 0.06
    drift_rotation_deg: Annotated[float, Range(0.0, 360.0)] = 5.0
    # change of the rigid landmarks' shape: out-of-plane rotation
    drift_shape_iod: Annotated[float, Range(0.0, 10.0)] = 0.05

    def __post_init__(self) -> None:
        check_ranges(self)

    def period(self, time_s: float) -> int:
        """Number of the period that a frame is in.

        MediaPipe remembers where the faces were in a way that cannot be read out. At the first
        frame of each period it is made to forget, so that a run can be taken up there and find the
        very same faces as one that was never stopped.
        """
        return math.floor(time_s / self.restart_s + 1e-6)


IOD_FRACTION = 0.34  # inter-ocular distance over the side of the aligned square
EYES_Y_FRACTION = 0.36  # height of the eye line from the top, over the side
