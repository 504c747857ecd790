"""The flow of lids and brows, kept near to what the mesh sees of them.

On a head that moves the flow slips: lashes, shadows and the iris slide along under the lids, and
the cells of a brow are lost together when the head nods fast. The mesh is coarser and does not
slip. So where a mesh is fresh, the flow may leave it by no more than what a mesh can miss. An old
mesh says less; then a region may go on as its flow does, but what a fresh one has taken off does
not come back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spotting.motion.regions import REGION_NAMES
from streamer.core.records import MeshReading

_REST_S = 1.0  # how quickly flow and mesh forget where they were
# What a mesh can miss of a movement, whatever its size, by kind of region. Cheeks, nose and mouth
# are not limited: there it brought nothing.
_MISSED_IOD: Mapping[str, float] = {"eye": 0.012, "brow": 0.02}
_MISSED_SHARE = 0.7  # the mesh shows a movement smaller than it is
_FRESH_S = 0.07  # a mesh older than this says less and less
_STALE_IOD_PER_S = 0.5
_KINDS = [name.partition("_")[0] for name in REGION_NAMES]
_LIMITED: NDArray[np.bool_] = np.array([kind in _MISSED_IOD for kind in _KINDS])  # [R]
_COUNT = int(_LIMITED.sum())  # L
_LEAST_IOD = np.array([[_MISSED_IOD[kind]] for kind in _KINDS if kind in _MISSED_IOD])  # [L, 1]


class MeshLimit:
    """Limits the L lids and brows of one face. State: where flow and mesh have them at rest."""

    def __init__(self) -> None:
        self._flow_iod: NDArray[np.float64] | None = None  # [L, 2]
        self._mesh_iod: NDArray[np.float64] | None = None
        self._moved_iod = np.zeros((_COUNT, 2))  # the last frame, from rest: by the flow
        self._limited_iod = np.zeros((_COUNT, 2))  # and as limited
        self._before_s = 0.0

    def limited(
        self, displacement_iod: NDArray[np.float32], reading: MeshReading, time_s: float
    ) -> NDArray[np.float32]:
        """Region displacements [R, 2] with those of lids and brows limited."""
        flow = displacement_iod[_LIMITED].astype(np.float64)
        mesh = reading.regions_iod[_LIMITED].astype(np.float64)
        if self._flow_iod is None or self._mesh_iod is None:
            self._flow_iod, self._mesh_iod, self._before_s = flow, mesh, time_s
        share = 1.0 - math.exp(-(time_s - self._before_s) / _REST_S)
        self._before_s = time_s
        self._flow_iod = self._flow_iod + share * (flow - self._flow_iod)
        self._mesh_iod = self._mesh_iod + share * (mesh - self._mesh_iod)
        moved, seen = flow - self._flow_iod, mesh - self._mesh_iod
        stale_s = max(time_s - reading.time_s - _FRESH_S, 0.0)
        missed = _LEAST_IOD + _MISSED_SHARE * np.abs(seen)
        kept = np.clip(moved, seen - missed, seen + missed)
        if stale_s > 0.0:
            kept = self._gone_on(moved, kept, _STALE_IOD_PER_S * stale_s)
        self._moved_iod, self._limited_iod = moved, kept
        limited = displacement_iod.copy()
        limited[_LIMITED] = self._flow_iod + kept
        return limited

    def _gone_on(
        self, moved: NDArray[np.float64], kept: NDArray[np.float64], more_iod: float
    ) -> NDArray[np.float64]:
        """Limited regions [L, 2] that may leave their limits by `more_iod`, as their flow does."""
        on = self._limited_iod + moved - self._moved_iod
        beyond = np.clip(moved - kept, -more_iod, more_iod)  # outside the limits
        gone = np.clip(on - kept, np.minimum(beyond, 0.0), np.maximum(beyond, 0.0))
        return np.asarray(kept + gone)
