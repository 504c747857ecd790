"""Opens an ONNX Runtime session: CUDA where it works, else the CPU; which it was is logged."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
from pathlib import Path
from typing import Any

from streamer.errors import InstallError, ModelError, UsageError
from streamer.libs import import_onnxruntime

log = logging.getLogger(__name__)

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_FATAL_ONLY = 4  # ONNX Runtime would print pages about a CUDA that does not load; we log one line


def open_session(model: Path, device: str, threads: int) -> Any:
    """An `onnxruntime.InferenceSession` on "cpu", "cuda" or, with "auto", the better of the two.

    Raises:
        UsageError: an unknown device.
        InstallError: onnxruntime is missing, or CUDA was asked for by name and cannot be used.
        ModelError: the file is not a model that ONNX Runtime can read.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device {device!r}: use auto, cpu or cuda")
    onnxruntime = import_onnxruntime()
    session = None
    if device != "cpu" and _CUDA in onnxruntime.get_available_providers() and _cuda_device_there():
        session = _open_on_cuda(onnxruntime, model, threads)
    if session is None and device == "cuda":
        raise InstallError(
            'CUDA cannot be used by onnxruntime: pip install "mer-stream[gpu]" and check the '
            "driver, or use the device cpu"
        )
    if session is None:
        session = _open_on_cpu(onnxruntime, model, threads)
    log.info("recognition runs on %s", session.get_providers()[0].removesuffix("ExecutionProvider"))
    return session


def _open_on_cpu(onnxruntime: Any, model: Path, threads: int) -> Any:
    try:
        return _open(onnxruntime, model, threads, [_CPU])
    except _runtime_errors(onnxruntime) as error:
        raise ModelError(f"model {model} cannot be opened: {error}; restore the file") from error


def _open_on_cuda(onnxruntime: Any, model: Path, threads: int) -> Any | None:
    """The session on CUDA, or None where CUDA turns out not to work."""
    onnxruntime.set_default_logger_severity(_FATAL_ONLY)
    printed = io.StringIO()
    errors: tuple[type[Exception], ...] = (RuntimeError, ValueError, *_runtime_errors(onnxruntime))
    try:
        with contextlib.redirect_stdout(printed):
            if hasattr(onnxruntime, "preload_dlls"):
                onnxruntime.preload_dlls()
            session = _open(onnxruntime, model, threads, [_CUDA, _CPU])
    except errors as error:
        log.info("CUDA does not work for recognition (%s)", error)
        return None
    finally:
        onnxruntime.set_default_logger_severity(2)
        if printed.getvalue():
            log.debug("onnxruntime: %s", printed.getvalue().strip())
    return session if session.get_providers()[0] == _CUDA else None


def _open(onnxruntime: Any, model: Path, threads: int, providers: list[str]) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    return onnxruntime.InferenceSession(str(model), options, providers=providers, enable_fallback=0)


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
    """The errors by which ONNX Runtime says that a file is no good."""
    state = onnxruntime.capi.onnxruntime_pybind11_state
    names = (
        *("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile"),
        *("NoModel", "NotImplemented", "RuntimeException", "EPFail"),
    )
    return tuple(getattr(state, name) for name in names if hasattr(state, name))
