"""How far a face smiles, raises its brows or lowers them, by its mesh: one signed curve for each.

A long movement is not told from talk and nods by its size alone but by its direction: who smiles
draws the corners of the mouth out and up, who speaks lowers them or draws them in. A head that nods
tilts the mesh's brows and mouth with it; in all twelve people of the train split of the recordings
that the settings were chosen on, by the same share, which is taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.motion.regions import REGION_NAMES
from spotting.motion.rows import FACE_ROWS, N_ROWS

_MIRROR = np.array([-1.0, 1.0])


@dataclass(frozen=True, slots=True)
class _Kind:
    """`ways`: where each region of the image's left side goes (x, y) for the curve to rise."""

    name: str
    ways: tuple[tuple[str, tuple[float, float]], ...]
    nod_iod_per_rad: float  # what a nod of the head adds: the median over people


_KINDS = (
    _Kind("smile", (("mouth", (-0.6, -0.8)),), 0.20),
    _Kind("raised brows", (("brow_inner", (0.0, -0.5)), ("brow_outer", (0.0, -0.5))), -0.17),
    _Kind("frown", (("brow_inner", (0.6, 0.8)),), 0.15),
)


@dataclass(frozen=True, slots=True)
class Expressions:
    """E curves: each kind of both sides together, of the left alone, of the right alone."""

    names: tuple[str, ...]
    regions: tuple[tuple[str, ...], ...]  # that move
    weight: NDArray[np.float64]  # [E, rows, 2]
    nod_iod_per_rad: NDArray[np.float64]  # [E]
    one_sided: NDArray[np.bool_]  # [E]
    spoken: NDArray[np.bool_]  # [E], of the mouth

    def curves(
        self, rows_iod: NDArray[np.float64], turn_rad: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """From rows [T, rows, 2] and the head's rotation vector [T, 3]: [T, E] in IOD."""
        moved = rows_iod.reshape(len(rows_iod), -1) @ self.weight.reshape(len(self.weight), -1).T
        return np.asarray(moved - turn_rad[:, :1] * self.nod_iod_per_rad)


def _build(kinds: Sequence[_Kind]) -> Expressions:
    sides = [(kind, side) for kind in kinds for side in ("both", "left", "right")]
    weight = np.zeros((len(sides), N_ROWS, 2))
    for place, (kind, side) in enumerate(sides):
        for region, way in kind.ways:
            row = _row(region, side)
            weight[place, row] = np.array(way) * (_MIRROR if side == "right" else 1.0)
    return Expressions(
        tuple(kind.name for kind, _ in sides),
        tuple(_regions(kind, side) for kind, side in sides),
        weight,
        np.array([kind.nod_iod_per_rad for kind, _ in sides]),
        np.array([side != "both" for _, side in sides]),
        np.array([kind.name == "smile" for kind, _ in sides]),
    )


def _row(region: str, side: str) -> int:
    """The row of a region's side, or of both sides together: pairs lie below the regions."""
    if side == "both":
        return FACE_ROWS.names.index(f"{region}_left", len(REGION_NAMES))
    return REGION_NAMES.index(f"{region}_{side}")


def _regions(kind: _Kind, side: str) -> tuple[str, ...]:
    sides = ("left", "right") if side == "both" else (side,)
    return tuple(f"{region}_{one}" for region, _ in kind.ways for one in sides)


EXPRESSIONS = _build(_KINDS)
