"""Settings of the onset-apex pair: the aligned face, the flow, the map. Light: no heavy imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streamer.faces.config import EYES_Y_FRACTION, IOD_FRACTION


@dataclass(frozen=True, slots=True)
class MapConfig:
    """How two aligned faces become the map that the network sees.

    The crop is given in face coordinates (inter-ocular distances from the midpoint of the eyes, y
    down) and has the proportions of the tight face crops that the published flow maps were made of.
    Any change here changes the fingerprint: networks trained before will be refused.
    """

    aligned_size_px: int = 128
    iod_fraction: float = IOD_FRACTION
    eyes_y_fraction: float = EYES_Y_FRACTION
    flow: str = "dis-medium"
    flow_finest_scale: int = 0  # 0: flow at full resolution of the aligned face
    rigid_iterations: int = 8
    crop_left_iod: float = -0.85
    crop_right_iod: float = 0.85
    crop_top_iod: float = -0.56
    crop_bottom_iod: float = 1.50
    map_size: int = 28

    @property
    def iod_px(self) -> float:
        """Inter-ocular distance in pixels of the aligned face."""
        return self.iod_fraction * self.aligned_size_px

    @property
    def eyes_px(self) -> tuple[float, float]:
        """Midpoint of the eye centres in the aligned face, (x, y) in pixels."""
        return 0.5 * self.aligned_size_px, self.eyes_y_fraction * self.aligned_size_px


@dataclass(frozen=True, slots=True)
class RecognizerConfig:
    """How the recogniser runs."""

    threads: int = 1
    device: str = "auto"  # "auto", "cpu" or "cuda"
    motion: Literal["auto", "dis", "farneback", "tvl1", "selfme"] = "auto"  # auto: the model's
    backend: Literal["onnx", "torch"] = "onnx"  # torch: .safetensors of a SelfME model
    offline: bool = False  # models of a hub from its local cache only
    keep_motion: bool = False  # recognitions carry their motion field, to be drawn
    map: MapConfig = MapConfig()
