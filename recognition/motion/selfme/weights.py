"""Weights of the motion learner as files: safetensors whose header says what they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from recognition.config import MapConfig
from recognition.files.safetensors_file import read_safetensors
from recognition.fingerprint import preprocessing_fingerprint
from recognition.motion.selfme.config import MotionConfig
from recognition.motion.selfme.motion_learner import MotionLearner
from streamer.core.errors import ModelError, UsageError
from streamer.core.files.strict_json import parse_json
from streamer.core.settings import fill

BUNDLED = Path(__file__).parents[2] / "weights" / "selfme_motion.safetensors"
_UNUSED = "generator."  # only learning needs it


def pack_motion(
    learner: MotionLearner, facts: Mapping[str, str], half: bool = True, generator: bool = False
) -> bytes:
    """The bytes of a weights file; `half` stores float16, half the size."""
    tensors = {
        name: (value.half() if half and value.is_floating_point() else value).contiguous()
        for name, value in learner.state_dict().items()
        if generator or not name.startswith(_UNUSED)
    }
    header = {
        **facts,
        "network": json.dumps(asdict(learner.config)),
        "fingerprint": preprocessing_fingerprint(MapConfig()),
    }
    return save(tensors, metadata=header)


def load_motion(path: Path | None = None) -> MotionLearner:
    """A learner in evaluation mode; without the generator's weights it cannot reconstruct.

    Raises:
        ModelError: no such file, damaged, or made for other preprocessing.
    """
    path = path or BUNDLED
    if not path.is_file():
        raise ModelError(f"{path} is not there: train it with mer-train motion, or name another")
    try:
        held, header = read_safetensors(path)
        tensors = {name: value.float() for name, value in held.items()}
        config = fill(MotionConfig, parse_json(header["network"]), str(path))
        learner = MotionLearner(config)
        missing, extra = learner.load_state_dict(tensors, strict=False)
    except (KeyError, ValueError, RuntimeError, UsageError) as error:
        raise ModelError(f"{path} holds no motion learner ({error}): train it again") from error
    missing = [name for name in missing if not name.startswith(_UNUSED)]
    if missing or extra:
        raise ModelError(f"{path} lacks {missing} and has {extra}, unknown here: train it again")
    expected = preprocessing_fingerprint(MapConfig())
    if header.get("fingerprint") != expected:
        raise ModelError(
            f"{path} was made for preprocessing {header.get('fingerprint')}, this run uses "
            f"{expected}: train it again"
        )
    return learner.eval()


def bundled_sha256() -> str:
    """Of the learner that comes with the package."""
    return hashlib.sha256(BUNDLED.read_bytes()).hexdigest()


def bundled_state(sha256: str, where: str) -> dict[str, Tensor]:
    """The weights of the learner that comes with the package.

    Raises:
        ModelError: it is not the one that `where` was trained on.
    """
    found = bundled_sha256()
    if found != sha256:
        raise ModelError(
            f"{where} was trained on the motion learner {sha256[:16]}..., this version comes with "
            f"{found[:16]}...: train it again, or give a model that holds its own learner"
        )
    return dict(load_motion().state_dict())


class LearnedMotion:
    """The motion learner for NumPy users.

    Raises (on construction):
        ModelError: as `load_motion`, or the weights are for faces of another size.
    """

    def __init__(self, path: Path | None = None, size_px: int | None = None) -> None:
        self._learner = load_motion(path)
        own = self._learner.config.image_size_px
        if size_px not in (None, own):
            raise ModelError(f"{path or BUNDLED} is for faces of {own} pixels, not {size_px}")

    @torch.inference_mode()
    def motion_px(
        self, onset: NDArray[np.uint8], apex: NDArray[np.uint8], gamma: float = 1.0
    ) -> NDArray[np.float32]:
        """Motion [N, S, S, 2] onset -> apex in pixels, of uint8 faces [N, S, S, 3] RGB.

        Raises:
            ValueError: images of another shape or type.
        """
        first, second = (torch.from_numpy(np.ascontiguousarray(i)) for i in (onset, apex))
        return self._learner.motion(first, second, gamma).permute(0, 2, 3, 1).numpy()
