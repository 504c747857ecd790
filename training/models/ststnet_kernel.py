"""The compiled form of the STSTNet gradients: built on the spot where the machine has a compiler.

The C++ beside this file is compiled once a process, for this processor, in a folder that is gone
afterwards: nothing is installed, and nothing that another user left behind is loaded.
"""

from __future__ import annotations

import ctypes
import logging
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

SOURCE = Path(__file__).with_suffix(".cpp")
COMPILERS = ("c++", "g++", "clang++")
FLAGS = ("-O3", "-march=native", "-std=c++17", "-shared", "-fPIC")
LANES, PADDED, MOST_CLASSES = 16, 32, 16  # as in the C++
_MOST_S = 120.0  # to compile

# (patches, labels, clips, weight, filters, head, bias, first, last, to_filters, to_head, to_bias)
SumClips = Callable[..., None]
_log = logging.getLogger(__name__)


@cache
def load_kernel() -> SumClips | None:
    """`sum_clips` of the C++ file, or None where it cannot be built."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        _log.info("no C++ compiler (%s): STSTNet trains in PyTorch alone", ", ".join(COMPILERS))
        return None
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            library = Path(folder) / "ststnet_kernel.so"
            command = [compiler, *FLAGS, "-o", str(library), str(SOURCE)]
            subprocess.run(command, check=True, capture_output=True, timeout=_MOST_S)
            return _declared(ctypes.CDLL(str(library)))
    except (OSError, subprocess.SubprocessError) as error:
        _log.info(
            "%s cannot build %s (%s): STSTNet trains in PyTorch alone", compiler, SOURCE, error
        )
        return None


def sum_gradients(
    kernel: SumClips,
    patches: Tensor,
    labels: Tensor,
    clips: Tensor,
    weight: Tensor,
    filters: Tensor,
    head: Tensor,
    bias: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of F networks over the clips [B], the networks shared out among the threads.

    patches [N, 100, 9, 32], labels [N], weight [F, B], filters [F, 28, 16], head [F, K, 25, 16],
    bias [F, K] -> gradients [F, 16, 32], [F, K, 25, 16], [F, K]. A network's sums are added up by
    one thread in the order of the clips: the number of threads changes nothing.
    """
    folds = len(filters)
    given = [part.contiguous() for part in (patches, labels, clips, weight, filters, head, bias)]
    made = torch.zeros(folds, LANES, PADDED), torch.zeros_like(head), torch.zeros_like(bias)
    streams = min(torch.get_num_threads(), folds)
    bounds = [folds * k // streams for k in range(streams + 1)]

    def run(first: int, last: int) -> None:
        kernel(
            *(_place(t) for t in given), len(clips), bias.shape[1], first, last, *map(_place, made)
        )

    _in_threads(run, bounds)
    return made


def _in_threads(run: Callable[[int, int], None], bounds: Sequence[int]) -> None:
    parts = list(pairwise(bounds))
    if len(parts) == 1:
        run(*parts[0])
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(lambda part: run(*part), parts))


def _declared(library: ctypes.CDLL) -> SumClips:
    """ctypes lets other threads run while the function does."""
    found = library.sum_clips
    found.argtypes = [ctypes.c_void_p] * 7 + [ctypes.c_int64] * 4 + [ctypes.c_void_p] * 3
    found.restype = None
    return found


def _place(tensor: Tensor) -> int:
    return tensor.data_ptr()
