"""Opens an ONNX Runtime session: CUDA where it works, else the CPU; which it was is logged."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.files.model_file import ModelFile
from recognition.files.onnx_file import check_onnx
from streamer.core.errors import InstallError, ModelError, UsageError
from streamer.core.process.libraries import import_onnxruntime

log = logging.getLogger(__name__)

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_PLACE = re.compile(r"/\S+\.(?:h|cc):\d+ .*?\)(?: const)? (?=[A-Z])")  # in its source code
_FATAL_ONLY = 4  # ONNX Runtime would print pages about a CUDA that does not load; we log one line


def open_session(model: ModelFile, device: str, threads: int) -> Any:
    """An `onnxruntime.InferenceSession` on "cpu", "cuda" or, with "auto", the better of the two.

    Raises:
        UsageError: an unknown device.
        InstallError: onnxruntime is missing, or CUDA was asked for by name and cannot be used.
        ModelError: no model that may be opened, or none that ONNX Runtime can read.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device {device!r}: use auto, cpu or cuda")
    onnxruntime = import_onnxruntime()
    data, facts = model.data, check_onnx(model.data, model.path)
    session = None
    if device != "cpu" and _CUDA in onnxruntime.get_available_providers() and _cuda_device_there():
        session = _open_on_cuda(onnxruntime, data, threads)
    if session is None and device == "cuda":
        raise InstallError(
            'CUDA cannot be used by onnxruntime: pip install "mer-stream[gpu]" and check the '
            "driver, or use the device cpu"
        )
    if session is None:
        try:
            session = _open(onnxruntime, data, threads, [_CPU])
        except _runtime_errors(onnxruntime) as error:
            raise ModelError(
                f"model {model.path} (ONNX opset {facts.opset}, IR {facts.ir_version}) cannot be "
                f"opened by onnxruntime {onnxruntime.__version__}: {_brief(error)}; restore the "
                "file, export it again with mer-train, or update onnxruntime"
            ) from error
    log.info("recognition runs on %s", session.get_providers()[0].removesuffix("ExecutionProvider"))
    return session


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
        except _runtime_errors(import_onnxruntime()) as error:
            raise ModelError(
                f"model {self.path} cannot be run: {_brief(error)}; export it again with mer-train"
            ) from error


def _open_on_cuda(onnxruntime: Any, data: bytes, threads: int) -> Any | None:
    """The session on CUDA, or None where CUDA turns out not to work."""
    onnxruntime.set_default_logger_severity(_FATAL_ONLY)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            if hasattr(onnxruntime, "preload_dlls"):
                onnxruntime.preload_dlls()
            session = _open(onnxruntime, data, threads, [_CUDA, _CPU])
    except _runtime_errors(onnxruntime) as error:
        log.info("CUDA does not work for recognition (%s)", error)
        return None
    finally:
        onnxruntime.set_default_logger_severity(2)
        if printed.getvalue():
            log.debug("onnxruntime: %s", printed.getvalue().strip())
    return session if session.get_providers()[0] == _CUDA else None


def _open(onnxruntime: Any, data: bytes, threads: int, providers: list[str]) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    return onnxruntime.InferenceSession(data, options, providers=providers, enable_fallback=0)


def _cuda_device_there() -> bool:
    """Whether a CUDA driver with a device is there at all."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        log.debug("no CUDA driver: recognition runs on the CPU")
        return False
    count = ctypes.c_int(0)
    usable = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    return usable and count.value > 0


def _runtime_errors(onnxruntime: Any) -> tuple[type[Exception], ...]:
    """The errors by which ONNX Runtime says that a file is no good; they differ by release."""
    state = onnxruntime.capi.onnxruntime_pybind11_state
    own = [kind for kind in vars(state).values() if isinstance(kind, type)]
    return (
        *(kind for kind in own if issubclass(kind, Exception)),
        *(RuntimeError, ValueError, TypeError, KeyError, OSError, MemoryError),
    )


def _brief(error: Exception) -> str:
    """The first sentence of what may be pages."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = _PLACE.sub("", text.removeprefix("[ONNXRuntimeError] : "))
    return text if len(text) <= 240 else text[:240] + "..."
