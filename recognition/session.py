"""Networks of the recogniser in ONNX Runtime sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.files.model_file import ModelFile
from recognition.files.onnx_file import check_onnx
from streamer.core.errors import ModelError
from streamer.core.process.libraries import import_onnxruntime
from streamer.core.process.onnx_sessions import first_sentence, runtime_errors
from streamer.core.process.onnx_sessions import open_session as open_any


def open_session(model: ModelFile, device: str, threads: int) -> Any:
    """An `onnxruntime.InferenceSession` on "cpu", "cuda" or, with "auto", the better of the two.

    Raises:
        UsageError: an unknown device.
        InstallError: onnxruntime is missing, or CUDA was asked for by name and cannot be used.
        ModelError: no model that may be opened, or none that ONNX Runtime can read.
    """
    onnxruntime = import_onnxruntime()
    facts = check_onnx(model.data, model.path)
    try:
        return open_any(model.data, device, threads, "recognition")
    except runtime_errors(onnxruntime) as error:
        raise ModelError(
            f"model {model.path} (ONNX opset {facts.opset}, IR {facts.ir_version}) cannot be "
            f"opened by onnxruntime {onnxruntime.__version__}: {first_sentence(error)}; restore "
            "the file, export it again with mer-train, or update onnxruntime"
        ) from error


class OnnxNetwork:
    """A session as a function of named arrays; `metadata` is what the exporter wrote.

    Raises:
        ModelError: also when called: the graph takes other inputs, lacks an output, or fails.
    """

    def __init__(self, model: ModelFile, device: str, threads: int) -> None:
        self.path = model.path
        self._session = open_session(model, device, threads)
        try:
            self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        except UnicodeError:
            raise ModelError(
                f"model {model.path} holds metadata that is no text: export it again"
            ) from None

    def __call__(self, outputs: Sequence[str], inputs: Mapping[str, NDArray]) -> list[NDArray]:
        """The named outputs for named inputs."""
        try:
            return [np.asarray(array) for array in self._session.run(list(outputs), dict(inputs))]
        except runtime_errors(import_onnxruntime()) as error:
            raise ModelError(
                f"model {self.path} cannot be run: {first_sentence(error)}; export it again with "
                "mer-train"
            ) from error
