"""The bundled face networks: read once, compared with their card, opened in ONNX Runtime.

A file that is missing or damaged raises `InstallError`; it is never mistaken for a frame without a
face.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import InstallError
from streamer.core.files.strict_json import Each, check_shape, parse_json
from streamer.core.process.libraries import import_onnxruntime
from streamer.core.process.memory import is_memory_error
from streamer.core.process.onnx_sessions import (
    CUDA,
    first_sentence,
    open_session,
    runtime_errors,
)

WEIGHTS = Path(__file__).parent / "weights"
CARD = "model_card.json"
CURE = (
    "The face models cannot be used ({reason}). This is a broken installation, not a video without "
    "faces. Reinstall with: pip install --force-reinstall mer-stream"
)
# Ten bits of the products would be dropped, and landmarks be off by a tenth of a pixel.
_FULL_PRECISION = {"use_tf32": "0"}


class Network:
    """One of the bundled networks as a function of uint8 pictures [N, H, W, 3], RGB.

    Args:
        name: of the file in `weights`. device: "auto", "cpu" or "cuda".

    Raises:
        InstallError: the file is missing or damaged, onnxruntime is, or CUDA was asked for by name
            and cannot be used.
        MemoryError: there is no room for it.
    """

    def __init__(self, name: str, outputs: tuple[str, ...], device: str = "auto") -> None:
        self._outputs = list(outputs)
        data = read_weights(name)
        try:
            self._session: Any = open_session(data, device, 1, name, _FULL_PRECISION)
        except runtime_errors(import_onnxruntime()) as error:
            if is_memory_error(error):  # the recording has taken it all: nothing is broken
                raise MemoryError(str(error)) from error
            raise InstallError(CURE.format(reason=f"{name}: {first_sentence(error)}")) from error
        # A core has a mesh in its cache, and four of them not: there they are taken one by one.
        self._at_once = 16 if self._session.get_providers()[0] == CUDA else 1

    def __call__(self, pictures: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """The outputs [N, ...] for N > 0 pictures.

        Raises:
            RuntimeError: ONNX Runtime failed at these pictures.
        """
        step = self._at_once
        parts = [
            self._session.run(self._outputs, {"images": pictures[start : start + step]})
            for start in range(0, len(pictures), step)
        ]
        if len(parts) == 1:
            return list(parts[0])
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def read_weights(name: str) -> bytes:
    """The bytes of a file in `weights`, whose sha256 the card beside it gives.

    Raises:
        InstallError: one of them is missing or not as it was made.
    """
    try:
        facts = parse_json((WEIGHTS / CARD).read_bytes())
        expected = check_shape(facts, {"sha256": Each(str)})["sha256"][name]
        data = (WEIGHTS / name).read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise InstallError(CURE.format(reason=f"{name}: {error}")) from error
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        reason = f"{name} has sha256 {found[:16]}..., its card says {expected[:16]}..."
        raise InstallError(CURE.format(reason=reason))
    return data
