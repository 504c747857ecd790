"""Sparsity-promoting dynamic mode decomposition (Jovanovic et al., Physics of Fluids 2014).

Frames are columns of X; x_(t+1) = A x_t is fitted within the space of the first n - 1 of them
(Schmid 2010): with X_0 = U S V*, the eigenvectors of U* X_1 V / S give modes phi_i and steps mu_i:

    x_t ~ sum_i alpha_i phi_i mu_i^t

Amplitudes are sparse: minimise J(alpha) + gamma sum |alpha_i| by ADMM, where
J(alpha) = alpha* P alpha - q* alpha - alpha* q + s; then the ones that are left are fitted again
with the others held at zero (E' alpha = 0, the tutorial's last equation). Le Ngo et al. ("Sparsity
in dynamics of spontaneous subtle emotions", 2015) put a clip together again from such modes, with
fewer frames. How large gamma is they leave open; here it is a share of the smallest gamma that
would leave nothing, 2 max |q_i|.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, Share, check_ranges
from training.clips.frames import Frames, as_frames

_STEPS, _TOLERANCE = 2000, 1e-6  # of ADMM
_LEAST = 1e-7  # singular values below so much of the largest are noise of the arithmetic

Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Dmdsp:
    """As a step."""

    length: Annotated[int, Range(2, 1024)] = 10
    gamma: Share = 1e-3

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray) -> Frames:
        """[length, H, W]. Raises ValueError, see `decompose`."""
        return decompose(clip, self.gamma).at(self.length)


@dataclass(frozen=True, slots=True)
class Modes:
    """A clip as a sum of modes; those that are left out have amplitude zero."""

    shapes: Complex  # [T, H, W] -> [r, H, W], of length one
    steps: Complex  # [r], what a mode is multiplied by from frame to frame
    amplitudes: Complex  # [r]
    frames: int

    def at(self, length: int) -> Frames:
        """`length` frames, evenly spread over the clip."""
        used = np.flatnonzero(self.amplitudes)
        times = np.linspace(0.0, self.frames - 1.0, length)
        courses = self.amplitudes[used] * self.steps[used] ** times[:, None]
        made = courses @ self.shapes[used].reshape(len(used), -1)
        return made.real.reshape(length, *self.shapes.shape[1:]).astype(np.float32)


def decompose(clip: NDArray, gamma: float) -> Modes:
    """The sparse modes of a clip [T, H, W].

    Args:
        gamma: 0 keeps every mode, 1 none.

    Raises:
        ValueError: the clip is none, see `as_frames`, shorter than 3 frames, or black.
    """
    frames = as_frames(clip, least=3)
    columns = frames.reshape(len(frames), -1).T.astype(np.float64)
    left, sizes, right = np.linalg.svd(columns[:, :-1], full_matrices=False)
    if sizes[0] <= 0:
        raise ValueError("the clip is black all the time: there is nothing to decompose")
    kept = sizes > _LEAST * sizes[0]
    left, sizes, right = left[:, kept], sizes[kept], right[kept]
    steps, inner = np.linalg.eig((left.T @ columns[:, 1:] @ right.T) / sizes)
    powers = np.vander(steps, len(frames) - 1, increasing=True)
    p = (inner.conj().T @ inner) * (powers @ powers.conj().T).conj()
    q = np.diag(powers @ right.T @ np.diag(sizes) @ inner).conj()
    amplitudes = polished(p, q, sparse(p, q, gamma * 2.0 * float(np.abs(q).max())))
    shapes = (left @ inner).T.reshape(-1, *frames.shape[1:])
    return Modes(shapes, steps, amplitudes, len(frames))


def sparse(p: Complex, q: Complex, gamma: float) -> Complex:
    """The amplitudes that minimise J + gamma sum |alpha_i|, by ADMM (Jovanovic, section III)."""
    rho = float(np.trace(p).real) / len(q)
    inverse = np.linalg.inv(p + rho / 2.0 * np.eye(len(q)))
    beta = np.zeros_like(q)
    dual = np.zeros_like(q)
    for _ in range(_STEPS):
        alpha = inverse @ (q + rho / 2.0 * (beta - dual / rho))
        before, beta = beta, shrunk(alpha + dual / rho, gamma / rho)
        dual = dual + rho * (alpha - beta)
        scale = _TOLERANCE * max(1.0, float(np.linalg.norm(alpha)))
        if np.linalg.norm(alpha - beta) < scale and np.linalg.norm(beta - before) < scale:
            break
    return beta


def polished(p: Complex, q: Complex, chosen: Complex) -> Complex:
    """The best amplitudes with those that are zero in `chosen` held there."""
    used = np.flatnonzero(chosen)
    amplitudes = np.zeros_like(q)
    amplitudes[used] = np.linalg.lstsq(p[np.ix_(used, used)], q[used], rcond=None)[0]
    return amplitudes


def shrunk(values: Complex, by: float) -> Complex:
    """Nearer to zero by so much, or zero."""
    size = np.abs(values)
    return np.asarray(values * np.maximum(0.0, 1.0 - by / np.maximum(size, 1e-300)))
