"""What is done to a clip before it is described, as a list in a YAML file:

steps:
  - evm: {alpha: 10}
  - tim: {length: 10}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SettingError
from training.clips.amplitude_evm import AmplitudeEvm
from training.clips.dmdsp import Dmdsp
from training.clips.evm import Evm
from training.clips.frames import Frames, as_frames, as_grey
from training.clips.glmm import Glmm
from training.clips.sampling import Random, Uniform
from training.clips.tim import Tim


@dataclass(frozen=True, slots=True)
class Step:
    """One of these, with its settings."""

    evm: Evm | None = None
    amplitude_evm: AmplitudeEvm | None = None
    glmm: Glmm | None = None
    tim: Tim | None = None
    dmdsp: Dmdsp | None = None
    uniform: Uniform | None = None
    random: Random | None = None

    def __post_init__(self) -> None:
        given = [field.name for field in fields(self) if getattr(self, field.name) is not None]
        if len(given) != 1:
            names = ", ".join(field.name for field in fields(self))
            raise SettingError(
                f"a step is one of {names}, not {', '.join(given) or 'nothing'}: give each an "
                "entry of its own, such as - tim: {length: 10}"
            )

    @property
    def action(self) -> Callable[[NDArray], Frames]:
        """The one that is given."""
        found = (getattr(self, field.name) for field in fields(self))
        action: Callable[[NDArray], Frames] = next(one for one in found if one is not None)
        return action


def apply_steps(clip: NDArray, steps: Sequence[Step]) -> NDArray[np.uint8]:
    """The clip [T, H, W] after all steps, in their order, in whole grey levels 0..255.

    Raises:
        ValueError: the clip is none, see `as_frames`, or a step cannot be done on it.
    """
    frames = as_frames(clip)
    for step in steps:
        frames = step.action(frames)
    return as_grey(frames)
