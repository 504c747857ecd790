"""Settings of SelfME's motion learner. Light: no torch.

Where the paper is silent, the values are those of the first-order-model family (input 256, ten
keypoints, temperature 0.1, variance 0.01) and of MIDIR (control spacing 4, seven squarings).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

TRAINING_GAMMA = 1.0  # the paper never amplifies while it learns
LATTICE = 4  # the lattice is a quarter of the image: this many pixels between control points


@dataclass(frozen=True, slots=True)
class HourglassConfig:
    """An encoder-decoder: channels expansion * 2, 4, 8 ... up to the limit, halving every block."""

    expansion: int
    max_features: int
    blocks: int

    def __post_init__(self) -> None:
        if min(self.expansion, self.max_features, self.blocks) < 1:
            raise ValueError(f"{self}: every number must be 1 or more")


@dataclass(frozen=True, slots=True)
class GeneratorConfig:
    """The network that paints the apex frame from the warped features of the onset frame."""

    width: int
    max_features: int
    downs: int = 2
    bottlenecks: int = 6
    image_skip: bool = False  # beyond the paper: the warped image itself, plus what is painted


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """The motion learner. `small()` is for two CPU cores, `full()` is the published size."""

    image_size_px: int = 128
    keypoints: int = 10
    temperature: float = 0.1  # of the soft-argmax
    heatmap_variance: float = 0.01  # Sigma of eq. 3, coordinates -1..1
    detector: HourglassConfig = HourglassConfig(16, 128, 4)
    detector_shrink: int = 2  # the detector sees the image this many times smaller
    dense: HourglassConfig = HourglassConfig(16, 128, 4)
    generator: GeneratorConfig = GeneratorConfig(16, 64, 2, 2)
    kernel: int = 7  # of the convolutions that make scores and weights; odd
    track: bool = False  # beyond the paper: the apex's keypoints are tracked, not detected
    track_rounds: int = 1  # more: after each, the onset is warped and the rest is tracked
    see_target: bool = False  # beyond the paper: the weights' network also sees the apex frame
    gamma: float = 2.0  # motion amplification at inference (eq. 2); 1 switches it off
    spline: bool = True  # eq. 9 and the group exponential; False: bilinear expansion
    squaring_steps: int = 7

    def __post_init__(self) -> None:
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
        if self.keypoints < 1 or self.temperature <= 0.0 or self.heatmap_variance <= 0.0:
            raise ValueError("keypoints, temperature and heatmap_variance must be above zero")
        if self.track_rounds < 1:
            raise ValueError(f"track_rounds is {self.track_rounds}: it must be 1 or more")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel is {self.kernel}: it must be odd")
        if not 0 <= self.squaring_steps <= 16:
            raise ValueError(f"squaring_steps is {self.squaring_steps}: choose 0 to 16")

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

    @property
    def lattice_size(self) -> int:
        """Points along one side of the lattice U: a quarter of the image."""
        return self.image_size_px // LATTICE
