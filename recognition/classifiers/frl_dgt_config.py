"""Settings of FRL-DGT: every switch of its ablation (table 2) in one place. Light: no torch.

Where the public text is silent (all sizes), the values are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as default
from typing import Annotated, Literal

from recognition.motion.frl_dgt.config import DgmConfig
from streamer.core.ranges import Range, check_ranges

Displacement = Literal["dgm", "flow", "flow-normalised", "dynamic-image"]


@dataclass(frozen=True, slots=True)
class FrlDgtConfig:
    """Where the displacement comes from, which regions are cut from it, and how they are fused."""

    displacement: Displacement = "dgm"  # the others replace it: M0, M1, M2
    flow: Literal["dis", "farneback", "tvl1"] = "dis"  # of M0 and M1
    regions: Literal["au", "grid"] = "au"  # grid: 3 x 3 patches of the face, M5
    full_face: bool = True  # off: M6
    local_fusion: bool = True  # off: M7
    global_fusion: bool = True  # off: M8
    # Fu-B-Attn: tokens are fused linearly before attention; off: after it (Fu-A-Attn, M4)
    fuse_before: bool = True
    dgm: DgmConfig = default(default_factory=DgmConfig)
    # the face crop is sampled to cells x cells, in patches of `patch`
    cells: Annotated[int, Range(4, 512)] = 56
    patch: Annotated[int, Range(1, 64)] = 7
    # every region is sampled to region_cells x region_cells
    region_cells: Annotated[int, Range(2, 128)] = 12
    region_patch: Annotated[int, Range(1, 64)] = 4
    width: Annotated[int, Range(4, 1024)] = 64
    depth: Annotated[int, Range(1, 24)] = 1  # attention blocks of each fusion
    heads: Annotated[int, Range(1, 64)] = 4
    fused: Annotated[int, Range(1, 512)] = 8  # tokens that the linear fusion leaves
    dropout: Annotated[float, Range(0.0, 0.95)] = 0.1
    # motion of this size becomes about 1; larger motion is compressed
    scale_iod: Annotated[float, Range(1e-5, 10.0)] = 0.01
    # of the fit that takes head motion out (ours, as in SelfME here); 0 leaves it in
    rigid_iterations: Annotated[int, Range(0, 100)] = 8
    classes: Annotated[int, Range(2, 100)] = 3

    def __post_init__(self) -> None:
        check_ranges(self)
        for whole, part in (("cells", "patch"), ("region_cells", "region_patch")):
            side, step = getattr(self, whole), getattr(self, part)
            if side % step:
                raise ValueError(f"{whole} {side} must be a multiple of {part} {step}")
        if self.cells % 2:
            raise ValueError(f"cells {self.cells} must be an even number, as 56 is")
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")

    @property
    def size_px(self) -> int:
        """Side of the aligned faces."""
        return self.dgm.size_px

    @property
    def channels(self) -> int:
        """Planes of the displacement, or of what stands in for it."""
        return 1 if self.displacement == "dynamic-image" else 2
