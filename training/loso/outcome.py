"""What one fold under one seed gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.records import Prediction


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Predictions on the held-out clips of a fold."""

    fold: str
    seed: int
    epoch: int  # whose weights answered; 0 for models without epochs
    train_clips: int
    seconds: float  # the fold's share of the wall time
    predictions: tuple[Prediction, ...]
    features: Mapping[str, NDArray[np.float32]]  # clip id -> [D]; empty where there are none
