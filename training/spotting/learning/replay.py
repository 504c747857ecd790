"""Signals through the streaming detector once more: its spots, without the video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spotting.config import SpotterConfig
from spotting.micro.learned import open_learned
from spotting.micro.learned_ticks import (
    ANCHOR,
    BLINK,
    COVER,
    GAZE,
    HEAD,
    LIDS,
    LIGHT,
    LIPS,
    N_REGIONS,
    REGIONS,
    TURN,
    VISIBLE,
)
from spotting.motion.history import MotionHistory
from streamer.core.records import FaceMotion, FrameQuality, Gate, MeshReading, Spot
from training.spotting.learning.signals import Signals

_GATES = tuple(Gate)
_NO_REGIONS = np.zeros((N_REGIONS, 2), dtype=np.float32)


def motions_of(signals: Signals) -> Iterator[FaceMotion]:
    """The records that were measured."""
    for time_s, index, row, gates in zip(
        signals.time_s, signals.index, signals.rows, signals.gates, strict=True
    ):
        yield FaceMotion(
            int(index),
            float(time_s),
            0,
            row[REGIONS].reshape(-1, 2),
            (0.0, 0.0),
            float(row[BLINK]),
            tuple(gate for gate, held in zip(_GATES, gates, strict=True) if held),
            head_iod=row[HEAD].astype(np.float64),
            quality=FrameQuality(
                float(row[GAZE]),
                float(row[COVER]),
                float(np.exp(row[LIGHT])),
                float(row[VISIBLE]),
                bool(row[ANCHOR]),
            ),
            mesh=_mesh(int(index), float(time_s), row),
        )


def _mesh(index: int, time_s: float, row: NDArray[np.float32]) -> MeshReading:
    """The part of a reading that a row holds."""
    turn = row[TURN].astype(np.float64)
    return MeshReading(index, time_s, _NO_REGIONS, row[LIDS], float(row[LIPS]), turn)


def replay(signals: Signals, weights: Path, config: SpotterConfig) -> list[Spot]:
    """What a learned spotter reports of a face.

    Raises:
        ModelError: the weights cannot be used.
    """
    history, detector = MotionHistory(config), open_learned(config, weights)(0)
    found = [f for motion in motions_of(signals) for f in detector.detect(history.push(motion))]
    found += detector.detect(history.close())
    return [one for one in found if isinstance(one, Spot)]
