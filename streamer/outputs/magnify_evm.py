"""Eulerian magnification of a streamed face (Wu et al., SIGGRAPH 2012), with their IIR filter.

    B(t) = fast(t) - slow(t),  I~ = I + sum_l alpha_l B_l

fast and slow are first-order low passes of the aligned face's brightness, B_l the levels of B's
Laplacian pyramid, alpha_l under the bound (`streamer.faces.pyramid`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamer.core.records import AlignedFace
from streamer.faces.aligned_picture import grey_of
from streamer.faces.pyramid import collapse, factors, laplacian, levels_of
from streamer.outputs.magnify_past import Averages, face_mask, onto_frame

_FAST_HZ, _SLOW_HZ = 6.0, 0.5  # around the half second of a micro-expression
_CUTOFF_PX = 16.0  # lambda_c, of the aligned face of 128


class StreamedEvm:
    """One face."""

    def __init__(self, factor: float) -> None:
        self._alpha = factor - 1.0
        self._averages = Averages((_FAST_HZ, _SLOW_HZ))

    def draw(self, image: NDArray[np.uint8], face: AlignedFace) -> None:
        """Add the magnified change to the picture [H, W, 3], in place."""
        extra = self.change(face)
        part, rows, columns = onto_frame(
            extra * face_mask(len(extra)), face.frame_to_face, image.shape
        )
        room = image[rows, columns]
        room[:] = np.clip(np.rint(room + part[..., None]), 0, 255).astype(np.uint8)

    def change(self, face: AlignedFace) -> NDArray[np.float32]:
        """What is added to the aligned face's brightness: [S, S]."""
        fast, slow = self._averages.push(grey_of(face).astype(np.float32), face)
        levels = levels_of(*fast.shape)
        shares = factors(self._alpha, _CUTOFF_PX, levels)
        parts = zip(shares, laplacian(fast - slow, levels), strict=True)
        return collapse([np.float32(share) * part for share, part in parts])
