"""Keypoints of the onset found again in the apex by one Lucas-Kanade step (beyond the paper).

SelfME detects the keypoints of both frames by themselves and subtracts them (eq. 1, 2). Between the
frames of a micro-expression a keypoint moves by a fraction of a pixel, so the difference of two
detections is mostly their error. Here the onset's attention map w^k, of which the keypoint is the
mean, says where to look, and least squares say how far that patch has moved:

    Phi^k = argmin sum_u w^k(u) (X_t(u) - X_s(u) - grad X(u) . Phi)^2   (Lucas and Kanade 1981)

Then z_t^k = z_s^k - Phi^k, and eq. 2 stands as it is. Light is taken out by local normalisation.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_GREY = (0.299, 0.587, 0.114)
_WINDOW = 15  # pixels of the local normalisation
_FLOOR = 0.02  # contrast below this share of the range is taken for noise
_RIDGE = 3e-3  # keeps patches without texture where they are


def track_keypoints(onset: Tensor, apex: Tensor, attention: Tensor, keypoints: Tensor) -> Tensor:
    """The apex's keypoints z_t [N, K, 2], coordinates -1..1.

    Args:
        onset, apex: images [N, 3, h, h] in 0..1, as the detector saw them.
        attention: w [N, K, h, h] over the onset, summing to 1.
        keypoints: z_s [N, K, 2] of the onset.
    """
    source, target = normalise_contrast(onset), normalise_contrast(apex)
    along_x, along_y = gradient(0.5 * (source + target))
    change = target - source
    products = torch.cat(
        [along_x**2, along_x * along_y, along_y**2, along_x * change, along_y * change], dim=1
    )
    sums = attention.flatten(2) @ products.flatten(2).transpose(1, 2)  # [N, K, 5]
    xx, xy, yy, xt, yt = sums.unbind(dim=-1)
    xx, yy = xx + _RIDGE, yy + _RIDGE
    determinant = xx * yy - xy**2
    shift = torch.stack([yy * xt - xy * yt, xx * yt - xy * xt], dim=-1) / determinant[..., None]
    return keypoints - shift * (2.0 / onset.shape[-1])


def normalise_contrast(image: Tensor) -> Tensor:
    """Grey [N, 1, h, h], slightly smoothed, minus the local mean, over the local contrast."""
    grey = (image * image.new_tensor(_GREY)[:, None, None]).sum(dim=1, keepdim=True)
    smooth = _mean(grey, 3)
    middle = smooth - _mean(smooth, _WINDOW)
    return middle / torch.sqrt(_mean(middle**2, _WINDOW) + _FLOOR**2)


def gradient(image: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences along x and y [N, 1, h, h]; border values are repeated outside."""
    wide = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    along_x = 0.5 * (wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2])
    along_y = 0.5 * (wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1])
    return along_x, along_y


def _mean(image: Tensor, window: int) -> Tensor:
    return functional.avg_pool2d(
        image, window, stride=1, padding=window // 2, count_include_pad=False
    )
