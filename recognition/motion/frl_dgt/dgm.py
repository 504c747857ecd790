"""FRL-DGT's displacement generation module (DGM): two aligned faces -> displacement.

Zhai et al., CVPR 2023 (arXiv 2304.04420). Stated: convolutional, from the onset-apex pair, learnt
by self-supervision together with the classification. Unknown here: layers, sizes, normalisation.
Ours: an encoder-decoder in the manner of FlowNetS. What is smaller than a pixel shows in products
of the picture's gradients and its change, so the first layer hands on the product of the features
of the mean picture and of the difference beside both. Only the part of the aligned face that the
recogniser looks at is gone through; beyond it the border's displacement is repeated.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognition.config import face_of
from recognition.motion.frl_dgt.config import LATTICE, SMALLEST_STEP, DgmConfig

_GREY = (0.299, 0.587, 0.114)
_CELL = 4  # pixels over which brightness and contrast are averaged first
_LEAST_CONTRAST = 0.02  # of the range of grey


class DisplacementGenerator(nn.Module):
    """uint8 faces [N, S, S, 3] RGB, twice -> displacement [N, 2, S, S] in pixels, x and y.

    The displacement leads from the onset to the apex and stands at the apex's pixels: what the apex
    shows at u, the onset has at u - d(u).

    Raises (on every call):
        ValueError: faces of another shape or type, or not as many of both.
    """

    def __init__(self, config: DgmConfig | None = None) -> None:
        super().__init__()
        self.config = config or DgmConfig()
        self.window = face_window(self.config.size_px)
        w = self.config.width
        self.look = nn.Conv2d(1, w, 5, stride=2, padding=2)  # at the mean picture: [N, w, h/2, h/2]
        self.change = nn.Conv2d(1, w, 5, stride=2, padding=2)  # at the difference
        self.down4 = nn.Sequential(_conv(3 * w, 2 * w, 2), _conv(2 * w, 2 * w))  # h/4
        self.down8 = nn.Sequential(_conv(2 * w, 3 * w, 2), _conv(3 * w, 3 * w))  # h/8
        self.down16 = nn.Sequential(_conv(3 * w, 4 * w, 2), _conv(4 * w, 4 * w))  # h/16
        self.up8 = _conv(4 * w + 3 * w, 3 * w)
        self.up4 = _conv(3 * w + 2 * w, 2 * w)
        self.displace = nn.Conv2d(2 * w, 2, 3, padding=1)
        for start in self.displace.parameters():
            nn.init.zeros_(start)  # a face at rest is where learning starts

    def forward(self, onset: Tensor, apex: Tensor) -> Tensor:
        """Displacement [N, 2, S, S] px."""
        return self.whole(self.generate(self.normalise(onset), self.normalise(apex)))

    def whole(self, inner: Tensor) -> Tensor:
        """The displacement of the window [N, 2, h, w], continued over the face [N, 2, S, S]."""
        (top, bottom), (left, right) = self.window
        size = self.config.size_px
        border = (left, size - right, top, size - bottom)
        return functional.pad(inner, border, mode="replicate")

    def normalise(self, face: Tensor) -> Tensor:
        """uint8 [N, S, S, 3] -> grey [N, 1, h, w], local mean 0, contrast about 1; the window."""
        size = self.config.size_px
        if face.dtype != torch.uint8 or face.ndim != 4 or face.shape[1:] != (size, size, 3):
            raise ValueError(
                f"faces are {face.dtype} {list(face.shape)}; expected uint8 "
                f"[N, {size}, {size}, 3] with N of 1 or more, RGB"
            )
        if len(face) == 0:
            raise ValueError(f"no faces: expected uint8 [N, {size}, {size}, 3], N of 1 or more")
        (top, bottom), (left, right) = self.window
        face = face[:, top:bottom, left:right]
        grey = face.float() @ face.new_tensor(_GREY, dtype=torch.float32) / 255.0
        grey = grey[:, None]
        rest = grey - _soften(grey)
        return rest / torch.sqrt(_soften(rest * rest) + _LEAST_CONTRAST**2)

    def generate(self, onset: Tensor, apex: Tensor) -> Tensor:
        """Displacement [N, 2, h, w] px of normalised faces [N, 1, h, w]."""
        if onset.shape != apex.shape:
            raise ValueError(f"{len(onset)} onset faces but {len(apex)} apex faces; need as many")
        look, change = self.look(0.5 * (onset + apex)), self.change(apex - onset)
        at4 = self.down4(torch.cat([look.relu(), change, look * change], dim=1))
        at8 = self.down8(at4)
        at16 = self.down16(at8)
        at8 = self.up8(torch.cat([_double(at16), at8], dim=1))
        at4 = self.up4(torch.cat([_double(at8), at4], dim=1))
        return functional.interpolate(
            self.displace(at4), scale_factor=float(LATTICE), mode="bilinear", align_corners=False
        )


def face_window(size_px: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns of the aligned face that hold the recogniser's crop, in whole steps."""
    face, step = face_of(size_px), SMALLEST_STEP
    x, y = face.eyes_px
    sides = (
        (y + face.crop_top_iod * face.iod_px, y + face.crop_bottom_iod * face.iod_px),
        (x + face.crop_left_iod * face.iod_px, x + face.crop_right_iod * face.iod_px),
    )
    rows, columns = (
        (max(0, step * math.floor(low / step)), min(size_px, step * math.ceil(high / step)))
        for low, high in sides
    )
    return rows, columns


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def _soften(image: Tensor) -> Tensor:
    """Mean over some 20 pixels around, smooth."""
    coarse = functional.avg_pool2d(image, _CELL)
    coarse = functional.avg_pool2d(
        functional.pad(coarse, (2, 2, 2, 2), mode="replicate"), 5, stride=1
    )
    return functional.interpolate(
        coarse, scale_factor=float(_CELL), mode="bilinear", align_corners=False
    )
