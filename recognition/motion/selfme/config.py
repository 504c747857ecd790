"""Settings of SelfME's motion learner. Light: no torch.

Where the paper is silent, the values are those of the first-order-model family (input 256, ten
keypoints, temperature 0.1, variance 0.01) and of MIDIR (control spacing 4, seven squarings).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from streamer.core.ranges import Range, check_ranges

TRAINING_GAMMA = 1.0  # the paper never amplifies while it learns
LATTICE = 4  # the lattice is a quarter of the image: this many pixels between control points


@dataclass(frozen=True, slots=True)
class HourglassConfig:
    """An encoder-decoder: channels expansion * 2, 4, 8 ... up to the limit, halving every block."""

    expansion: Annotated[int, Range(1, 1024)]
    max_features: Annotated[int, Range(1, 2048)]
    blocks: Annotated[int, Range(1, 10)]

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class GeneratorConfig:
    """The network that paints the apex frame from the warped features of the onset frame."""

    width: Annotated[int, Range(1, 1024)]
    max_features: Annotated[int, Range(1, 2048)]
    downs: Annotated[int, Range(0, 6)] = 2
    bottlenecks: Annotated[int, Range(0, 64)] = 6
    image_skip: bool = False  # beyond the paper: the warped image itself, plus what is painted

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """The motion learner. `small()` is for two CPU cores, `full()` is the published size."""

    image_size_px: Annotated[int, Range(16, 1024)] = 128
    keypoints: Annotated[int, Range(1, 256)] = 10
    temperature: Annotated[float, Range(1e-4, 100.0)] = 0.1  # of the soft-argmax
    # Sigma of eq. 3, coordinates -1..1
    heatmap_variance: Annotated[float, Range(1e-6, 10.0)] = 0.01
    detector: HourglassConfig = HourglassConfig(16, 128, 4)
    # the detector sees the image this many times smaller
    detector_shrink: Annotated[int, Range(1, 64)] = 2
    dense: HourglassConfig = HourglassConfig(16, 128, 4)
    generator: GeneratorConfig = GeneratorConfig(16, 64, 2, 2)
    # of the convolutions that make scores and weights; odd
    kernel: Annotated[int, Range(1, 31)] = 7
    track: bool = False  # beyond the paper: the apex's keypoints are tracked, not detected
    # more: after each, the onset is warped and the rest is tracked
    track_rounds: Annotated[int, Range(1, 16)] = 1
    see_target: bool = False  # beyond the paper: the weights' network also sees the apex frame
    # motion amplification at inference (eq. 2); 1 switches it off
    gamma: Annotated[float, Range(0.01, 100.0)] = 2.0
    spline: bool = True  # eq. 9 and the group exponential; False: bilinear expansion
    squaring_steps: Annotated[int, Range(0, 16)] = 7

    def __post_init__(self) -> None:
        check_ranges(self)
        smallest = max(
            self.detector_shrink * 2**self.detector.blocks,
            LATTICE * 2**self.dense.blocks,
            2**self.generator.downs,
        )
        if self.image_size_px % smallest:
            raise ValueError(
                f"image_size_px is {self.image_size_px}: these networks need a multiple of "
                f"{smallest}; change it or the number of blocks"
            )
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel is {self.kernel}: it must be odd")

    @classmethod
    def small(cls) -> MotionConfig:
        """Faces of 128 pixels, as streaming aligns them; beyond the paper where it helps.

        More keypoints than published, tracked from the onset to the apex; psi also sees the apex;
        the generator adds to the warped image.
        """
        return cls(
            keypoints=24,
            detector=HourglassConfig(8, 128, 4),
            dense=HourglassConfig(16, 64, 3),
            generator=GeneratorConfig(8, 32, 2, 1, True),
            kernel=3,
            track=True,
            track_rounds=2,
            see_target=True,
        )

    @classmethod
    def full(cls) -> MotionConfig:
        """The published size: 256 pixels, hourglasses of the first-order-model family."""
        return replace(
            cls(),
            image_size_px=256,
            detector=HourglassConfig(32, 1024, 5),
            detector_shrink=4,
            dense=HourglassConfig(64, 1024, 5),
            generator=GeneratorConfig(64, 512, 2, 6),
        )
