"""Settings of the face room. Light: no heavy imports."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaceConfig:
    """How faces are found, followed and aligned. Lengths in inter-ocular distances (IOD)."""

    max_faces: int = 4
    mesh_interval_s: float = 0.25  # the mesh is measured this often and carried over in between
    search_interval_s: float = 1.0  # how often a single face is looked around for others
    min_detection: float = 0.5
    min_tracking: float = 0.5
    restart_s: float = 20.0  # at the multiples of this the mesh is searched for afresh, see below
    id_memory_s: float = 3.0  # a face that is back within this time keeps its id
    aligned_size_px: int = 128
    # The held transform is renewed when the head has drifted by more than:
    drift_translation_iod: float = 0.12
    drift_scale: float = 0.06
    drift_rotation_deg: float = 5.0
    drift_shape_iod: float = 0.05  # change of the rigid landmarks' shape: out-of-plane rotation

    def __post_init__(self) -> None:
        if self.max_faces < 1:
            raise ValueError(f"max_faces is {self.max_faces}: it must be 1 or more")
        if not self.restart_s >= 1.0:
            raise ValueError(f"restart_s is {self.restart_s}: it must be 1 or more")
        if self.aligned_size_px < 64:
            raise ValueError(f"aligned_size_px is {self.aligned_size_px}: it must be 64 or more")

    def period(self, time_s: float) -> int:
        """Number of the period that a frame is in.

        MediaPipe remembers where the faces were in a way that cannot be read out. At the first
        frame of each period it is made to forget, so that a run can be taken up there and find the
        very same faces as one that was never stopped.
        """
        return math.floor(time_s / self.restart_s + 1e-6)


IOD_FRACTION = 0.34  # inter-ocular distance over the side of the aligned square
EYES_Y_FRACTION = 0.36  # height of the eye line from the top, over the side
