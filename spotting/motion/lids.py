"""The lids' flow, kept near to what the mesh sees of them.

On a head that moves the flow of the lids slips: lashes, shadows and the iris slide along under
them. The mesh is coarser and does not slip. So where a mesh is fresh, the flow may leave it by no
more than what a mesh can miss.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spotting.motion.regions import REGION_NAMES
from streamer.core.records import MeshReading

_REST_S = 1.0  # how quickly flow and mesh forget where they were
_MISSED_IOD = 0.012  # of a movement by the mesh, whatever its size
_MISSED_SHARE = 0.7  # the mesh shows a movement smaller than it is
_FRESH_S = 0.07  # a mesh older than this says less and less
_STALE_IOD_PER_S = 0.5
_LIDS = np.array([name.startswith("eye") for name in REGION_NAMES])


class LidLimit:
    """Limits the lids of one face. State: where flow and mesh have them at rest."""

    def __init__(self) -> None:
        self._flow_iod: NDArray[np.float64] | None = None  # [2, 2]
        self._mesh_iod: NDArray[np.float64] | None = None
        self._before_s = 0.0

    def limited(
        self, displacement_iod: NDArray[np.float32], reading: MeshReading, time_s: float
    ) -> NDArray[np.float32]:
        """Region displacements [R, 2] with those of the lids limited."""
        flow = displacement_iod[_LIDS].astype(np.float64)
        mesh = reading.regions_iod[_LIDS].astype(np.float64)
        if self._flow_iod is None or self._mesh_iod is None:
            self._flow_iod, self._mesh_iod, self._before_s = flow, mesh, time_s
        share = 1.0 - math.exp(-(time_s - self._before_s) / _REST_S)
        self._before_s = time_s
        self._flow_iod = self._flow_iod + share * (flow - self._flow_iod)
        self._mesh_iod = self._mesh_iod + share * (mesh - self._mesh_iod)
        moved, seen = flow - self._flow_iod, mesh - self._mesh_iod
        stale_s = max(time_s - reading.time_s - _FRESH_S, 0.0)
        missed = _MISSED_IOD + _STALE_IOD_PER_S * stale_s + _MISSED_SHARE * np.abs(seen)
        limited = displacement_iod.copy()
        limited[_LIDS] = self._flow_iod + np.clip(moved, seen - missed, seen + missed)
        return limited
