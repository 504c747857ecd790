"""Keypoints and local motions of SelfME (eq. 1-3). Coordinates -1..1, x to the right, y down."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from recognition.motion.selfme.config import MotionConfig
from recognition.motion.selfme.layers import Hourglass, identity_grid


class KeypointDetector(nn.Module):
    """F_kp of eq. 1, shared by both frames: image [N, 3, S, S] in 0..1 -> keypoints [N, K, 2]."""

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        self.shrink, self.temperature = config.detector_shrink, config.temperature
        self.hourglass = Hourglass(3, config.detector)
        self.head = nn.Conv2d(
            self.hourglass.outputs, config.keypoints, config.kernel, padding=config.kernel // 2
        )

    def forward(self, image: Tensor) -> Tensor:
        return mean_place(self.attend(self.view(image)))

    def view(self, image: Tensor) -> Tensor:
        """The image [N, 3, h, h] at the size that the detector looks at."""
        return functional.avg_pool2d(image, self.shrink) if self.shrink > 1 else image

    def attend(self, view: Tensor) -> Tensor:
        """Attention maps [N, K, h, h], each summing to 1."""
        return attention(self.head(self.hourglass(view - 0.5)), self.temperature)


def attention(scores: Tensor, temperature: float) -> Tensor:
    """softmax(scores / temperature) over the places of each map [N, K, h, h]."""
    size = scores.shape[-1]
    shares = (scores.flatten(2).float() / temperature).softmax(dim=-1)
    return shares.reshape(-1, scores.shape[1], size, size)


def mean_place(shares: Tensor) -> Tensor:
    """Mean place [N, K, 2] under attention maps [N, K, h, h]."""
    # A sum and not a product of matrices: mixed precision would round the places to a tenth pixel.
    return (shares[..., None] * identity_grid(shares.shape[-1], shares)).sum(dim=(2, 3))


def heatmaps(keypoints: Tensor, size: int, variance: float) -> Tensor:
    """H^k [N, K, size, size] = exp(-(u - z^k)^T Sigma^-1 (u - z^k)), Sigma = variance I (eq. 3).

    The print has Phi^k(u) where the keypoint z^k must stand for the map to show its place.
    """
    away = identity_grid(size, keypoints) - keypoints[:, :, None, None, :]
    return (-(away**2).sum(dim=-1) / variance).exp()


def local_motions(onset_keypoints: Tensor, apex_keypoints: Tensor, gamma: float) -> Tensor:
    """Phi^k = gamma (z_s^k - z_t^k) [N, K, 2], coordinates -1..1 (eq. 2); s = onset, t = apex.

    The same for every u: where the apex shows keypoint k, the onset has it this much away.
    """
    return gamma * (onset_keypoints - apex_keypoints)
