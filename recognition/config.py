"""Settings of the onset-apex pair: the aligned face, the flow, the map. Light: no heavy imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from streamer.core.ranges import Help, Range, Share, check_ranges
from streamer.faces.config import EYES_Y_FRACTION, IOD_FRACTION

MotionName = Literal["selfme", "dis", "farneback", "tvl1"]


@dataclass(frozen=True, slots=True)
class MapConfig:
    """How two aligned faces become the map that the network sees.

    The crop is given in face coordinates (inter-ocular distances from the midpoint of the eyes, y
    down) and has the proportions of the tight face crops that the published flow maps were made of.
    Any change here changes the fingerprint: networks trained before will be refused.
    """

    aligned_size_px: Annotated[
        int, Range(16, 1024), Help("Side of the aligned face; `faces.aligned_size_px` sets both.")
    ] = 128
    iod_fraction: Annotated[
        float, Range(0.05, 0.95), Help("Inter-ocular distance over the side.")
    ] = IOD_FRACTION
    eyes_y_fraction: Annotated[
        Share, Help("Height of the eye line from the top, over the side.")
    ] = EYES_Y_FRACTION
    flow: Annotated[str, Help("Optical flow of the map.")] = "dis-medium"
    flow_finest_scale: Annotated[
        int, Range(0, 6), Help("0: flow at the full resolution of the aligned face.")
    ] = 0
    rigid_iterations: Annotated[
        int, Range(0, 100), Help("Steps of the fit of the head's own motion.")
    ] = 8
    crop_left_iod: Annotated[
        float,
        Range(-10.0, 10.0),
        Help("Left border of the crop, from the midpoint of the eyes."),
    ] = -0.85
    crop_right_iod: Annotated[float, Range(-10.0, 10.0), Help("Right border of the crop.")] = 0.85
    crop_top_iod: Annotated[float, Range(-10.0, 10.0), Help("Upper border of the crop.")] = -0.56
    crop_bottom_iod: Annotated[float, Range(-10.0, 10.0), Help("Lower border of the crop.")] = 1.50
    map_size: Annotated[int, Range(4, 512), Help("Side of the map that the network sees.")] = 28

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.crop_left_iod >= self.crop_right_iod or self.crop_top_iod >= self.crop_bottom_iod:
            raise ValueError(
                "the crop is empty: crop_left_iod must be below crop_right_iod, and crop_top_iod "
                "below crop_bottom_iod"
            )

    @property
    def iod_px(self) -> float:
        """Inter-ocular distance in pixels of the aligned face."""
        return self.iod_fraction * self.aligned_size_px

    @property
    def eyes_px(self) -> tuple[float, float]:
        """Midpoint of the eye centres in the aligned face, (x, y) in pixels."""
        return 0.5 * self.aligned_size_px, self.eyes_y_fraction * self.aligned_size_px


def face_of(size_px: int) -> MapConfig:
    """Geometry of an aligned face of `size_px`: inter-ocular distance, eyes, crop."""
    return MapConfig(aligned_size_px=size_px)


@dataclass(frozen=True, slots=True)
class RecognizerConfig:
    """How the recogniser runs."""

    threads: Annotated[
        int, Range(0, 64), Help("Threads of the network; 0: as many as there are cores.")
    ] = 1
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        Help("Where the network runs; auto: on CUDA where there is any."),
    ] = "auto"
    motion: Annotated[
        Literal["auto", "dis", "farneback", "tvl1", "selfme", "frl-dgt"],
        Help("How motion is measured for recognition; auto: as the model was trained."),
    ] = "auto"
    backend: Annotated[
        Literal["onnx", "torch"],
        Help("What runs the network; torch: the .safetensors of a SelfME or FRL-DGT model."),
    ] = "onnx"
    emotions: Annotated[
        Literal["classes", "facs"],
        Help(
            "facs: beside the class the emotion whose prototype the action units hold (happiness, "
            "disgust, ...), as a reading of units."
        ),
    ] = "classes"
    offline: Annotated[bool, Help("Models of a hub from its local cache only.")] = False
    keep_motion: Annotated[bool, Help("Recognitions carry their motion field, to be drawn.")] = (
        False
    )
    map: MapConfig = MapConfig()

    def __post_init__(self) -> None:
        check_ranges(self)
