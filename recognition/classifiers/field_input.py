"""From a motion field in pixels to the transformer's input: head motion out, cropped, scaled.

The same steps as streaming takes on a flow field (`recognition.motion.head.remove_rigid`,
`recognition.classifiers.maps.crop_field`), as one differentiable module, so that they are part of
the exported graph: no caller can normalise in another way.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recognition.classifiers.scvit import asinh
from recognition.classifiers.selfme_config import FieldConfig
from recognition.config import face_of
from recognition.motion.head import CELLS, RIDGE, rigid_model
from streamer.faces.head_motion import LEAST_SCALE_IOD, N_PARAMETERS


class FieldInput(nn.Module):
    """Motion [N, 2, S, S] in pixels of the aligned face -> float [N, 2, cells, cells].

    Units: inter-ocular distances over `scale_iod`, compressed by asinh.
    """

    rows: Tensor
    columns: Tensor
    rigid: Tensor

    def __init__(self, size_px: int, config: FieldConfig) -> None:
        super().__init__()
        face = face_of(size_px)
        self.size_px, self.iod_px, self.scale_iod = size_px, face.iod_px, config.scale_iod
        self.head_fit = HeadFit(size_px, config.rigid_iterations)
        (eye_x, eye_y), iod = face.eyes_px, face.iod_px
        left, right = (eye_x + iod * x for x in (face.crop_left_iod, face.crop_right_iod))
        top, bottom = (eye_y + iod * y for y in (face.crop_top_iod, face.crop_bottom_iod))
        rows = sampling(size_px, top, bottom, config.cells)
        columns = sampling(size_px, left, right, config.cells).T
        design = rigid_model(face)[0].transpose(2, 3, 0, 1)  # [2, 6, S, S]
        self.register_buffer("rows", _float(rows), persistent=False)
        self.register_buffer("columns", _float(columns), persistent=False)
        # Cropping is linear: the rigid motion can be cropped beforehand.
        self.register_buffer("rigid", _float(rows @ design @ columns), persistent=False)

    def forward(self, motion_px: Tensor) -> Tensor:
        """[N, 2, S, S] -> [N, 2, cells, cells]."""
        return self.compress(self.crop(motion_px))

    def crop(self, motion_px: Tensor) -> Tensor:
        """The face crop [N, 2, cells, cells] in inter-ocular distances, head motion removed."""
        check_motion(motion_px, self.size_px)
        motion = motion_px.float() / self.iod_px
        return self.rows @ motion @ self.columns - torch.einsum(
            "ckhw,nk->nchw", self.rigid, self.head_fit(motion)
        )

    def compress(self, crop_iod: Tensor) -> Tensor:
        """Of a crop in inter-ocular distances: what the transformer sees."""
        return asinh(crop_iod / self.scale_iod)


class HeadFit(nn.Module):
    """Head motion [N, 6] in a field [N, 2, S, S] in IOD: the torch twin of `RigidFit`.

    As `remove_rigid` sets it up: Cauchy-weighted least squares, not differentiated through.
    """

    design: Tensor  # [6, 2C]: motion of the cells, first all x, then all y, per head parameter
    back: Tensor  # [2C, 6]
    squares: Tensor  # [C, 36]: a cell's share of the normal equations
    trust: Tensor  # [C]

    def __init__(self, size_px: int, iterations: int) -> None:
        super().__init__()
        self.iterations = iterations
        design, trust = rigid_model(face_of(size_px))  # [S, S, 2, 6], [S, S]
        own = design[CELLS].reshape(-1, 2, N_PARAMETERS)
        flat = own.transpose(1, 0, 2).reshape(-1, N_PARAMETERS)
        squares = np.einsum("pci,pcj->pij", own, own).reshape(-1, 36)
        self.register_buffer("design", _float(flat.T), persistent=False)
        self.register_buffer("back", _float(flat), persistent=False)
        self.register_buffer("squares", _float(squares), persistent=False)
        self.register_buffer("trust", _float(trust[CELLS].reshape(-1)), persistent=False)

    @torch.no_grad()
    def forward(self, motion_iod: Tensor) -> Tensor:
        """[N, 2, S, S] -> [N, 6]."""
        seen = motion_iod[(..., *CELLS)].flatten(1)  # [N, 2C]
        weight = self.trust[None].expand(seen.shape[0], -1)  # [N, C]
        head = torch.zeros(seen.shape[0], 6, device=seen.device)
        ridge = RIDGE * torch.eye(6, device=seen.device)
        for _ in range(self.iterations):
            normal = (weight @ self.squares).unflatten(1, (6, 6)) + ridge
            head = solve_spd(normal, (torch.cat([weight, weight], dim=1) * seen) @ self.back)
            miss = (seen - head @ self.design).unflatten(1, (2, -1))
            length = torch.sqrt((miss * miss).sum(dim=1) + 1e-20)
            scale = _weighted_median(length, self.trust).clamp(min=LEAST_SCALE_IOD)
            weight = self.trust / (1.0 + (length / (1.5 * scale)) ** 2)
        return head


def solve_spd(matrix: Tensor, target: Tensor) -> Tensor:
    """x [N, K] of matrix [N, K, K] x = target [N, K], matrix symmetric positive definite.

    Gauss-Jordan without pivots, which such a matrix does not need: operators that ONNX has.
    """
    size = matrix.shape[-1]
    table = torch.cat([matrix, target[:, :, None]], dim=-1)
    unit = torch.eye(size, device=matrix.device)
    for k in range(size):
        row = table[:, k : k + 1] / table[:, k : k + 1, k : k + 1]
        keep = 1.0 - unit[k][None, :, None]
        table = keep * (table - table[:, :, k : k + 1] * row) + (1.0 - keep) * row
    return table[:, :, size]


def sampling(size_px: int, low_px: float, high_px: float, cells: int) -> NDArray[np.float32]:
    """Matrix [cells, size_px]: the line from `low_px` to `high_px` as `cells` mean values.

    Weights are triangles of the width of a cell, or of a pixel where that is wider; beyond its ends
    the line is continued.
    """
    step = (high_px - low_px) / cells
    centre = low_px + step * (np.arange(cells) + 0.5) - 0.5  # in pixel centres
    width = max(step, 1.0)
    far = int(np.ceil(width)) + size_px  # a border that is wide enough for any crop
    place = np.arange(-far, size_px + far)
    weight = np.clip(1.0 - np.abs(centre[:, None] - place[None]) / width, 0.0, None)
    weight /= weight.sum(axis=1, keepdims=True)
    matrix = weight[:, far : far + size_px].copy()
    matrix[:, 0] += weight[:, :far].sum(axis=1)
    matrix[:, -1] += weight[:, far + size_px :].sum(axis=1)
    return matrix.astype(np.float32)


def check_motion(motion: Tensor, size_px: int) -> None:
    """Raises ValueError that names the shape wanted; an empty batch and NaN are refused."""
    if motion.ndim != 4 or tuple(motion.shape[1:]) != (2, size_px, size_px) or len(motion) == 0:
        raise ValueError(
            f"motion has shape {list(motion.shape)}; expected [N, 2, {size_px}, {size_px}] with N "
            "of 1 or more, in pixels of the aligned face"
        )
    if not torch.jit.is_tracing() and not bool(torch.isfinite(motion).all()):
        raise ValueError(
            f"motion holds NaN or infinite values; expected finite [N, 2, {size_px}, {size_px}]"
        )


def _weighted_median(values: Tensor, weight: Tensor) -> Tensor:
    """[N, 1], of values [N, C] under weights [C]; as in `RigidFit`."""
    ordered, order = values.sort(dim=1)
    total = weight[order].cumsum(dim=1)
    place = (total < 0.5 * total[:, -1:]).sum(dim=1, keepdim=True)
    return ordered.gather(1, place.clamp(max=values.shape[1] - 1))


def _float(values: NDArray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
