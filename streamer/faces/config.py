"""Settings of the face room. Light: no heavy imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from streamer.core.ranges import Faces, Help, Range, Share, check_ranges


@dataclass(frozen=True, slots=True)
class FaceConfig:
    """How faces are found, followed and aligned. Lengths in inter-ocular distances (IOD)."""

    REMOVED: ClassVar[Mapping[str, str]] = {
        "restart_s": "the face search never starts afresh now, and checkpoints are taken at any "
        "frame; leave it out"
    }

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
    moving_interval_s: Annotated[
        float,
        Range(0.0, 10.0),
        Help(
            "While the face's picture changes (a blink, a turn), the mesh is measured this often."
        ),
    ] = 0.06
    search_interval_s: Annotated[
        float,
        Range(0.0, 3600.0),
        Help("While faces are followed, how often others are looked for."),
    ] = 1.0
    min_detection: Annotated[Share, Help("Least confidence of a face that is found.")] = 0.5
    min_tracking: Annotated[Share, Help("Least confidence of a face that is followed.")] = 0.5
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


IOD_FRACTION = 0.34  # inter-ocular distance over the side of the aligned square
EYES_Y_FRACTION = 0.36  # height of the eye line from the top, over the side
