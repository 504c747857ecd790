"""Settings of the face room. Light: no heavy imports."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from streamer.core.ranges import Faces, Help, Range, Share, check_ranges


@dataclass(frozen=True, slots=True)
class FaceConfig:
    """How faces are found, followed and aligned. Lengths in inter-ocular distances (IOD)."""

    backend: Annotated[
        Literal["onnx", "mediapipe"],
        Help("What runs the face models; mediapipe: MediaPipe itself, if it is installed."),
    ] = "onnx"
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        Help("Where the face models run; auto: on CUDA where there is any."),
    ] = "auto"
    max_faces: Annotated[Faces, Help("Faces to follow at most.")] = 4
    mesh_interval_s: Annotated[
        float,
        Range(0.0, 10.0),
        Help("The face mesh is measured this often and carried over in between."),
    ] = 0.25
    search_interval_s: Annotated[
        float, Range(0.0, 3600.0), Help("How often a single face is looked around for others.")
    ] = 1.0
    min_detection: Annotated[Share, Help("Least confidence of a face that is found.")] = 0.5
    min_tracking: Annotated[Share, Help("Least confidence of a face that is followed.")] = 0.5
    restart_s: Annotated[
        float,
        Range(1.0, 86_400.0),
        Help("The mesh is searched for afresh at the multiples of this; checkpoints are too."),
    ] = 20.0
    id_memory_s: Annotated[
        float, Range(0.0, 3600.0), Help("A face that is back within this time keeps its id.")
    ] = 3.0
    aligned_size_px: Annotated[
        int, Range(64, 1024), Help("Side of the aligned face, also of `recognizer.map`.")
    ] = 128
    drift_translation_iod: Annotated[
        float,
        Range(0.0, 10.0),
        Help("The held alignment is renewed when the head has moved farther than this."),
    ] = 0.12
    drift_scale: Annotated[
        float,
        Range(0.0, 10.0),
        Help("The same when it has grown or shrunk by more than this share."),
    ] = 0.06
    drift_rotation_deg: Annotated[
        float, Range(0.0, 360.0), Help("The same when it has rolled farther than this.")
    ] = 5.0
    drift_shape_iod: Annotated[
        float,
        Range(0.0, 10.0),
        Help("The same when it has turned so far that its rigid landmarks moved by this."),
    ] = 0.05

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
