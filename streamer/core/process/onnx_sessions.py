"""Opens ONNX Runtime sessions: CUDA where it works, else the CPU; which it was is logged."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from streamer.core.errors import InstallError, UsageError
from streamer.core.process.libraries import cuda_cure, import_onnxruntime

log = logging.getLogger(__name__)

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_PLACE = re.compile(r"/\S+\.(?:h|cc):\d+ .*?\)(?: const)? (?=[A-Z])")  # in its source code
_FATAL_ONLY = 4  # ONNX Runtime would print pages about a CUDA that does not load; we log one line


def open_session(
    data: bytes,
    device: str,
    threads: int,
    what: str,
    cuda_options: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """An `onnxruntime.InferenceSession` on "cpu", "cuda" or, with "auto", the better of the two.

    Args:
        what: is run there, for the log: "recognition".

    Raises:
        UsageError: an unknown device.
        InstallError: onnxruntime is missing, or CUDA was asked for by name and cannot be used.
        One of `runtime_errors`: the model cannot be opened.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device {device!r}: use auto, cpu or cuda")
    onnxruntime = import_onnxruntime()
    session = None
    if device != "cpu" and CUDA in onnxruntime.get_available_providers() and cuda_device_there():
        session = _open_on_cuda(onnxruntime, data, threads, what, cuda_options)
    if session is None and device == "cuda":
        raise InstallError(
            f"CUDA cannot be used by onnxruntime: {cuda_cure()} and check the driver, or use the "
            "device cpu"
        )
    if session is None:
        session = _open(onnxruntime, data, threads, [CPU])
    log.info("%s runs on %s", what, session.get_providers()[0].removesuffix("ExecutionProvider"))
    return session


def cuda_device_there() -> bool:
    """Whether a CUDA driver with a device is there at all."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        log.debug("no CUDA driver: networks run on the CPU")
        return False
    count = ctypes.c_int(0)
    usable = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    return usable and count.value > 0


def _open_on_cuda(
    onnxruntime: Any, data: bytes, threads: int, what: str, options: Mapping[str, str]
) -> Any | None:
    """The session on CUDA, or None where CUDA turns out not to work."""
    onnxruntime.set_default_logger_severity(_FATAL_ONLY)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            if hasattr(onnxruntime, "preload_dlls"):
                onnxruntime.preload_dlls()
            session = _open(onnxruntime, data, threads, [(CUDA, dict(options)), CPU])
    except runtime_errors(onnxruntime) as error:
        log.info("CUDA does not work for %s (%s)", what, error)
        return None
    finally:
        onnxruntime.set_default_logger_severity(2)
        if printed.getvalue():
            log.debug("onnxruntime: %s", printed.getvalue().strip())
    return session if session.get_providers()[0] == CUDA else None


def _open(onnxruntime: Any, data: bytes, threads: int, providers: Sequence[Any]) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    return onnxruntime.InferenceSession(data, options, providers=providers, enable_fallback=0)


def runtime_errors(onnxruntime: Any) -> tuple[type[Exception], ...]:
    """The errors by which ONNX Runtime says that a file is no good; they differ by release."""
    state = onnxruntime.capi.onnxruntime_pybind11_state
    own = [kind for kind in vars(state).values() if isinstance(kind, type)]
    return (
        *(kind for kind in own if issubclass(kind, Exception)),
        *(RuntimeError, ValueError, TypeError, KeyError, OSError, MemoryError),
    )


def first_sentence(error: Exception) -> str:
    """The first sentence of what may be pages."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = _PLACE.sub("", text.removeprefix("[ONNXRuntimeError] : "))
    return text if len(text) <= 240 else text[:240] + "..."
