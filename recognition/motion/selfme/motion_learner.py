"""The motion learner of SelfME (section 3.2): two aligned faces -> the motion between them.

Directions. The network learns the *backward* motion of eq. 2: where the apex shows u, the onset has
it at u + Phi(u). That lattice field is the velocity of a diffeomorphism, so exp(v) warps the onset
into the apex and its exact inverse exp(-v) is the *forward* displacement from onset to apex, as
every optical flow reports it. `MotionOutput.motion` is the latter.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognition.motion.selfme.config import LATTICE, TRAINING_GAMMA, MotionConfig
from recognition.motion.selfme.dense_motion import DenseMotion, weigh_motions
from recognition.motion.selfme.diffeomorphism import SplineExpansion, exponential
from recognition.motion.selfme.generator import Generator
from recognition.motion.selfme.keypoints import KeypointDetector, local_motions, mean_place
from recognition.motion.selfme.layers import warp
from recognition.motion.selfme.tracking import track_keypoints


@dataclass(frozen=True, slots=True)
class MotionOutput:
    """Everything that one pass knows. Displacements in pixels of the aligned face."""

    motion: Tensor  # [N, 2, S, S] forward: onset -> apex, at the pixels of the onset
    lattice: Tensor  # [N, 2, S/4, S/4] backward, Phi~ of eq. 5: the velocity
    onset_keypoints: Tensor  # [N, K, 2], coordinates -1..1
    apex_keypoints: Tensor
    weights: Tensor  # psi [N, K, S/4, S/4]
    reconstruction: Tensor | None  # [N, 3, S, S] in 0..1, the estimated apex; None: not asked for


class MotionLearner(nn.Module):
    """Keypoints, dense motion, diffeomorphic expansion and, for learning, the generator.

    Raises (on every call):
        ValueError: images of another shape or type than uint8 [N, S, S, 3], N at least 1, or a
            gamma that is no positive number.
    """

    def __init__(self, config: MotionConfig | None = None) -> None:
        super().__init__()
        self.config = config or MotionConfig.small()
        self.detector = KeypointDetector(self.config)
        self.dense = DenseMotion(self.config)
        self.expansion = SplineExpansion()
        self.generator = Generator(self.config)

    def forward(self, onset: Tensor, apex: Tensor, gamma: float | None = None) -> MotionOutput:
        """All outputs for uint8 [N, S, S, 3] RGB. gamma None: 1 in training, else the config's."""
        return self.describe(self.normalise(onset), self.normalise(apex), gamma)

    def motion(self, onset: Tensor, apex: Tensor, gamma: float | None = None) -> Tensor:
        """Only the forward motion [N, 2, S, S] in pixels; the generator does not run."""
        source, target = self.normalise(onset), self.normalise(apex)
        lattice, _, _, _ = self._lattice(source, target, gamma)
        return self.expand(-lattice)

    def describe(
        self, onset: Tensor, apex: Tensor, gamma: float | None = None, paint: bool = True
    ) -> MotionOutput:
        """As `forward`, of normalised images [N, 3, S, S] in 0..1: what training calls."""
        lattice, at_onset, at_apex, psi = self._lattice(onset, apex, gamma)
        painted = self.generator(onset, lattice / LATTICE) if paint else None
        return MotionOutput(self.expand(-lattice), lattice, at_onset, at_apex, psi, painted)

    def expand(self, lattice: Tensor) -> Tensor:
        """A lattice velocity [N, 2, S/4, S/4] in pixels -> displacement [N, 2, S, S] in pixels.

        Cubic spline (eq. 9) and group exponential; with `spline` off, bilinear and no more.
        """
        if not self.config.spline:
            return functional.interpolate(
                lattice, scale_factor=float(LATTICE), mode="bilinear", align_corners=False
            )
        return exponential(self.expansion(lattice), self.config.squaring_steps)

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 [N, S, S, 3] -> float [N, 3, S, S] in 0..1; checks the shape and the type."""
        size = self.config.image_size_px
        shape = tuple(images.shape)
        if images.dtype != torch.uint8 or len(shape) != 4 or shape[1:] != (size, size, 3):
            raise ValueError(
                f"images are {images.dtype} {shape}; expected uint8 [N, {size}, {size}, 3], RGB"
            )
        if shape[0] == 0:
            raise ValueError(f"images are empty; expected uint8 [N, {size}, {size}, 3], N >= 1")
        return images.permute(0, 3, 1, 2).float() / 255.0

    def _lattice(
        self, onset: Tensor, apex: Tensor, gamma: float | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Backward motion on the lattice, keypoints of onset and apex, psi."""
        if onset.shape != apex.shape:
            raise ValueError(
                f"{onset.shape[0]} onset images and {apex.shape[0]} apex images; expected as many"
            )
        amount = self._gamma(gamma)
        if self.config.track:
            lattice, at_onset, at_apex, psi = self._track(onset, apex)
            return amount * lattice, at_onset, at_apex, psi
        at_onset, at_apex = self.detector(torch.cat([onset, apex])).chunk(2)  # eq. 1
        lattice, psi = self.dense(onset, apex, at_apex, local_motions(at_onset, at_apex, amount))
        return lattice, at_onset, at_apex, psi

    def _track(self, onset: Tensor, apex: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As `_lattice` at gamma 1, with z_t tracked; each further round tracks what is left."""
        view, wanted = self.detector.view(onset), self.detector.view(apex)
        shares = self.detector.attend(view)
        at_onset = mean_place(shares)
        at_apex = track_keypoints(view, wanted, shares, at_onset)
        lattice, psi = self.dense(
            onset, apex, at_apex, local_motions(at_onset, at_apex, TRAINING_GAMMA)
        )
        for _ in range(self.config.track_rounds - 1):
            carried = self.detector.view(warp(onset, self.expand(lattice)))
            rest = at_onset - track_keypoints(carried, wanted, shares, at_onset)
            lattice = lattice + weigh_motions(psi, rest) * (self.config.image_size_px / 2.0)
            at_apex = at_apex - rest
        return lattice, at_onset, at_apex, psi

    def _gamma(self, gamma: float | None) -> float:
        if gamma is None:
            return TRAINING_GAMMA if self.training else self.config.gamma
        if not 0.0 < gamma < float("inf"):
            raise ValueError(f"gamma is {gamma}; expected a number above zero, 2 as published")
        return gamma
