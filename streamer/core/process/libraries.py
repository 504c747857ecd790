"""Imports of libraries that can be installed and yet broken, with the cure in the error; how many
threads they take.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from importlib import metadata
from typing import Any

from streamer.core.errors import InstallError
from streamer.core.process.memory import is_memory_error

_CV2_CURE = (
    "OpenCV cannot start ({reason}). On a minimal Linux image install the system libraries it "
    "links: apt-get install libgl1 libglib2.0-0"
)
_CV2_MISSING = (
    'OpenCV is not installed ({reason}). Install it with: pip install "opencv-python>=4.9,<6"'
)
_CUDA_MISSING = 'pip install "mer-stream[gpu]", then '
_CUDA_SWAP = (
    "pip uninstall -y onnxruntime; pip install --force-reinstall --no-deps onnxruntime-gpu "
    "(both carry the same module),"
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def use_one_thread() -> None:
    """Let numeric libraries, imported from here on, leave the other cores to other processes."""
    for name in _THREADS:
        os.environ.setdefault(name, "1")


def import_cv2() -> Any:
    """The `cv2` module.

    Raises InstallError, which names the packages to install, where cv2 is missing or where a
    system library that it links (`libGL.so.1`, `libgthread-2.0.so.0`) is; MemoryError where there
    was no room to load it.
    """
    try:
        return importlib.import_module("cv2")
    except ModuleNotFoundError as error:
        raise InstallError(_CV2_MISSING.format(reason=error)) from error
    except ImportError as error:
        _raise_for_memory(error)
        raise InstallError(_CV2_CURE.format(reason=error)) from error


def import_onnxruntime() -> Any:
    """The `onnxruntime` module, with its telemetry off: nothing is sent from this machine.

    Newer releases report usage to their maker unless the variable is set before the import.

    Raises InstallError where it is missing or broken, MemoryError where there is no room for it.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        onnxruntime: Any = importlib.import_module("onnxruntime")
    except ImportError as error:
        _raise_for_memory(error)
        raise InstallError(
            f"onnxruntime cannot be imported ({error}): pip install --force-reinstall mer-stream"
        ) from error
    with contextlib.suppress(AttributeError):  # releases that have none
        onnxruntime.disable_telemetry_events()
    return onnxruntime


def cuda_cure() -> str:
    """What makes ONNX Runtime with CUDA the one that is imported, as far as it is not."""
    there = {name: _is_installed(name) for name in ("onnxruntime", "onnxruntime-gpu")}
    if there["onnxruntime-gpu"]:
        return _CUDA_SWAP if there["onnxruntime"] else 'pip install "onnxruntime-gpu[cuda,cudnn]"'
    return _CUDA_MISSING + _CUDA_SWAP


def _raise_for_memory(error: ImportError) -> None:
    """A library that finds no room is not broken: the work of the moment is too large."""
    if is_memory_error(error):
        raise MemoryError(str(error)) from error


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
