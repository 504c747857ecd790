"""The displacement module that comes with the package, for NumPy users."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from recognition.files.safetensors_file import read_safetensors
from recognition.motion.frl_dgt.config import DgmConfig
from recognition.motion.frl_dgt.dgm import DisplacementGenerator
from streamer.core.errors import ModelError, UsageError
from streamer.core.files.strict_json import parse_json
from streamer.core.settings import fill

BUNDLED = Path(__file__).parents[2] / "weights" / "frl-dgt" / "frl-dgt.safetensors"
_KEY, _PREFIX = "frl_dgt", "dgm."


class GeneratedDisplacement:
    """FRL-DGT's displacement, alone.

    Raises (on construction):
        ModelError: no such file, no displacement module in it, or for faces of another size.
    """

    def __init__(self, path: Path | None = None, size_px: int | None = None) -> None:
        path = path or BUNDLED
        if not path.is_file():
            raise ModelError(f"{path} is not there: train it with mer-train frl-dgt")
        held, facts = read_safetensors(path)
        own = {k.removeprefix(_PREFIX): v.float() for k, v in held.items() if k.startswith(_PREFIX)}
        try:
            config = fill(DgmConfig, parse_json(facts[_KEY])["dgm"], where=str(path))
            self._module = DisplacementGenerator(config).eval()
            self._module.load_state_dict(own, strict=False)
            missing = self._module.state_dict().keys() - own.keys()
        except (KeyError, TypeError, ValueError, UsageError, RuntimeError) as error:
            raise ModelError(f"{path} holds no displacement module ({error})") from error
        if any(not name.endswith("num_batches_tracked") for name in missing):
            raise ModelError(f"{path} lacks {sorted(missing)[0]}: train it again")
        if size_px not in (None, config.size_px):
            raise ModelError(f"{path} is for faces of {config.size_px} pixels, not {size_px}")

    @torch.inference_mode()
    def motion_px(self, onset: NDArray[np.uint8], apex: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Displacement [N, S, S, 2] in pixels of uint8 faces [N, S, S, 3] RGB.

        Raises:
            ValueError: faces of another shape or type.
        """
        first, second = (torch.from_numpy(np.ascontiguousarray(i)) for i in (onset, apex))
        return self._module(first, second).permute(0, 2, 3, 1).numpy()
