"""Opens an ONNX Runtime session: CUDA where it works, else the CPU; which it was is logged."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from streamer.errors import InstallError, ModelError, UsageError

log = logging.getLogger(__name__)


def open_session(model: Path, device: str, threads: int) -> Any:
    """An `onnxruntime.InferenceSession` on "cpu", "cuda" or, with "auto", the better of the two.

    Raises:
        UsageError: an unknown device.
        InstallError: onnxruntime is missing, or CUDA was asked for by name and cannot be used.
        ModelError: the file is not a model that ONNX Runtime can read.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device {device!r}: use auto, cpu or cuda")
    try:
        import onnxruntime
    except ImportError as error:
        raise InstallError(
            f"onnxruntime cannot be imported ({error}): pip install --force-reinstall mer-stream"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only: a CUDA that does not load is reported below
    wanted = _wanted(onnxruntime, device)
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=wanted)
    except _runtime_errors(onnxruntime) as error:
        raise ModelError(f"model {model} cannot be opened: {error}; restore the file") from error
    used = session.get_providers()[0]
    if device == "cuda" and used != "CUDAExecutionProvider":
        raise InstallError(
            'CUDA cannot be used by onnxruntime: pip install "mer-stream[gpu]" and check the '
            "driver, or use the device cpu"
        )
    log.info("recognition runs on %s", used.removesuffix("ExecutionProvider"))
    return session


def _wanted(onnxruntime: Any, device: str) -> list[str]:
    """Providers in order of preference."""
    cpu = "CPUExecutionProvider"
    if device == "cpu" or "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return [cpu]
    if not _cuda_loads(onnxruntime):
        return [cpu]
    return ["CUDAExecutionProvider", cpu]


def _cuda_loads(onnxruntime: Any) -> bool:
    """Whether a CUDA driver is there at all; asking onnxruntime instead would print its errors."""
    import ctypes

    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        log.debug("no CUDA driver: recognition runs on the CPU")
        return False
    count = ctypes.c_int(0)
    usable = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    if not usable or count.value == 0:
        return False
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()
    return True


def _runtime_errors(onnxruntime: Any) -> tuple[type[Exception], ...]:
    """The errors by which ONNX Runtime says that a file is no good."""
    state = onnxruntime.capi.onnxruntime_pybind11_state
    names = (
        *("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile"),
        *("NoModel", "NotImplemented", "RuntimeException", "EPFail"),
    )
    return tuple(getattr(state, name) for name in names if hasattr(state, name))
