"""Settings of the onset-apex pair: the aligned face, the flow, the map. Light: no heavy imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from streamer.core.ranges import Range, Share, check_ranges
from streamer.faces.config import EYES_Y_FRACTION, IOD_FRACTION

MotionName = Literal["selfme", "dis", "farneback", "tvl1"]


@dataclass(frozen=True, slots=True)
class MapConfig:
    """How two aligned faces become the map that the network sees.

    The crop is given in face coordinates (inter-ocular distances from the midpoint of the eyes, y
    down) and has the proportions of the tight face crops that the published flow maps were made of.
    Any change here changes the fingerprint: networks trained before will be refused.
    """

    aligned_size_px: Annotated[int, Range(16, 1024)] = 128
    iod_fraction: Annotated[float, Range(0.05, 0.95)] = IOD_FRACTION
    eyes_y_fraction: Share = EYES_Y_FRACTION
    flow: str = "dis-medium"
    # 0: flow at full resolution of the aligned face
    flow_finest_scale: Annotated[int, Range(0, 6)] = 0
    rigid_iterations: Annotated[int, Range(0, 100)] = 8
    crop_left_iod: Annotated[float, Range(-10.0, 10.0)] = -0.85
    crop_right_iod: Annotated[float, Range(-10.0, 10.0)] = 0.85
    crop_top_iod: Annotated[float, Range(-10.0, 10.0)] = -0.56
    crop_bottom_iod: Annotated[float, Range(-10.0, 10.0)] = 1.50
    map_size: Annotated[int, Range(4, 512)] = 28

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

    threads: Annotated[int, Range(0, 64)] = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"  # "auto", "cpu" or "cuda"
    motion: Literal["auto", "dis", "farneback", "tvl1", "selfme"] = "auto"  # auto: the model's
    backend: Literal["onnx", "torch"] = "onnx"  # torch: .safetensors of a SelfME model
    offline: bool = False  # models of a hub from its local cache only
    keep_motion: bool = False  # recognitions carry their motion field, to be drawn
    map: MapConfig = MapConfig()

    def __post_init__(self) -> None:
        check_ranges(self)
