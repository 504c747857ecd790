"""Settings of SelfME's classification stage: every switch of its tables in one place. Light."""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as default
from typing import Annotated, Literal

from recognition.motion.selfme.config import MotionConfig
from streamer.core.ranges import Range, check_ranges

# tcae is there to be compared with, in the benchmark alone; no recogniser measures motion so.
FieldMotion = Literal["selfme", "dis", "farneback", "tvl1", "tcae"]


@dataclass(frozen=True, slots=True)
class FieldConfig:
    """How a motion field becomes the input of the transformer, and the transformer's shape.

    `network` "small" is ours, for two CPU cores; "vit-s16" is the paper's ViT-S/16 (timm). The
    small network's shape is free; ViT-S/16 fixes patch, width, depth and heads.
    """

    network: Literal["small", "vit-s16"] = "small"
    # the face crop is sampled to cells x cells; 224 for vit-s16
    cells: Annotated[int, Range(4, 512)] = 56
    # an even number of patches along a side makes the four regions equal
    patch: Annotated[int, Range(1, 64)] = 7
    width: Annotated[int, Range(4, 2048)] = 96
    depth: Annotated[int, Range(1, 48)] = 4
    heads: Annotated[int, Range(1, 64)] = 4
    dropout: Annotated[float, Range(0.0, 0.95)] = 0.1
    # motion of this size becomes about 1; larger motion is compressed
    scale_iod: Annotated[float, Range(1e-5, 10.0)] = 0.01
    # of the fit that takes head motion out; 0 leaves it in
    rigid_iterations: Annotated[int, Range(0, 100)] = 8
    classes: Annotated[int, Range(2, 100)] = 3
    start: Literal["random", "imagenet"] = "random"  # imagenet: vit-s16 only
    imagenet_file: str | None = None  # .safetensors; None: the hub's cache, or the hub

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.network == "vit-s16" and (self.cells, self.patch) != (224, 16):
            raise ValueError(
                f"cells {self.cells}, patch {self.patch}: vit-s16 needs cells 224, patch 16"
            )
        if self.network == "small" and self.start == "imagenet":
            raise ValueError("start imagenet: only network vit-s16 has such weights; use random")
        if self.cells % self.patch or (self.cells // self.patch) % 2:
            raise ValueError(
                f"cells {self.cells} over patch {self.patch}: an even whole number of patches is "
                "needed, as in 56 over 7"
            )
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")


VIT_S16 = FieldConfig(
    network="vit-s16", cells=224, patch=16, width=384, depth=12, heads=6, dropout=0.0,
    start="imagenet",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SelfmeConfig:
    """Which motion, which transformer, and the switches of tables 1, 3, 4 and figure 4."""

    motion: FieldMotion = "selfme"
    bspline: bool = True  # B-spline and scaling and squaring (eq. 9); off: bilinear
    symmetric: bool = True  # SC loss (eq. 14); off: plain ViT
    amplify: bool = True  # MA: gamma at inference; off: 1
    gamma: Annotated[float, Range(0.01, 100.0)] = 2.0
    gamma_training: Annotated[float, Range(0.01, 100.0)] = 1.0
    omega: Annotated[float, Range(0.0, 100.0)] = 0.11  # weight of the SC loss (eq. 16)
    tau: Annotated[float, Range(1e-4, 100.0)] = 0.07
    learner: MotionConfig = default(
        default_factory=MotionConfig
    )  # its gamma and spline follow the switches above
    field: FieldConfig = FieldConfig()

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def contrast(self) -> float:
        """The weight of the SC loss that is in force."""
        return self.omega if self.symmetric else 0.0

    @property
    def amplification(self) -> float:
        """The factor on the motion at inference that is in force."""
        return self.gamma if self.amplify else 1.0

    @property
    def size_px(self) -> int:
        """Side of the aligned faces."""
        return self.learner.image_size_px

    @property
    def motion_config(self) -> MotionConfig:
        """The motion learner under the switches."""
        return replace(self.learner, spline=self.bspline, gamma=self.amplification)

    @classmethod
    def full(cls) -> SelfmeConfig:
        """The published size: faces of 256 pixels, ViT-S/16 from ImageNet."""
        return cls(learner=MotionConfig.full(), field=VIT_S16)
