"""The last seconds of one face, and what each frame adds to them: all that detectors read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spotting.config import SpotterConfig
from spotting.motion.bumps import BumpMeter, BumpMoment
from spotting.motion.gates import GateLog
from spotting.motion.rows import FACE_ROWS, N_ROWS, with_symmetric_pairs
from spotting.motion.series import MotionSeries
from streamer.core.records import FaceMotion, Gate

KEEP_S = 6.0  # how far back a macro-movement may look
CONFIRM_S = 0.1  # after which a sample is final
_NOTHING = np.zeros(N_ROWS, dtype=bool)  # is gated


@dataclass(frozen=True, slots=True)
class MotionUpdate:
    """What is known of a face by one frame, or by its leaving."""

    motion: FaceMotion | None  # None: the face has left, or the stream has ended
    moments: list[BumpMoment]  # whose bumps have become known
    series: MotionSeries
    gates: GateLog
    baseline_end_s: float  # nothing up to here may be reported; -inf without a baseline


class MotionHistory:
    """Keeps the motion of one face for its detectors."""

    def __init__(self, config: SpotterConfig) -> None:
        self._eyes_margin_s = config.gates.eyes_margin_s
        self._series = MotionSeries(N_ROWS, KEEP_S, config.smooth_s, CONFIRM_S)
        self._gates = GateLog(config.gates.margin_s)
        self._bumps = BumpMeter(config, FACE_ROWS)

    @property
    def baseline_end_s(self) -> float:
        """Nothing up to here may be reported; -inf without a baseline."""
        return self._bumps.baseline_end_s

    def push(self, motion: FaceMotion) -> MotionUpdate:
        """Add a frame."""
        self._gates.push(motion.time_s, motion.gates)
        head, mesh = motion.head_iod, motion.mesh
        turn = (0.0, 0.0, 0.0) if mesh is None else mesh.turn_rad
        self._series.push(
            motion.time_s,
            motion.index,
            with_symmetric_pairs(motion.displacement_iod),
            np.array(
                [head[0], head[1], np.abs(head[2:]).sum(), *turn, Gate.SPEECH in motion.gates]
            ),
            FACE_ROWS.blinked if Gate.BLINK in motion.gates else _NOTHING,
            self._eyes_margin_s,
        )
        return self._update(motion)

    def close(self) -> MotionUpdate:
        """Nothing more will come: make all samples final."""
        self._series.flush()
        return self._update(None)

    def _update(self, motion: FaceMotion | None) -> MotionUpdate:
        moments = self._bumps.advance(self._series, flush=motion is None)
        end_s = self._bumps.baseline_end_s
        return MotionUpdate(motion, moments, self._series, self._gates, end_s)
