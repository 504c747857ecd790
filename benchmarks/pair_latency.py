"""Milliseconds for one onset-apex pair through SelfME, motion and SCViT: section `pair`.

Small is the bundled model, full size the published one (faces of 256 px, full hourglasses,
ViT-S/16) with random weights: time does not depend on them. Every figure comes from a process of
its own, so that threads and memory are its own; the generator is in none of them, as in the export.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from recognition.classifiers.selfme import SelfmeNet, load_selfme, without_generator
from recognition.classifiers.selfme_config import SelfmeConfig
from recognition.explain import WITH_SC
from recognition.files.model_file import read_model
from recognition.session import OnnxNetwork
from training.selfme.export import share_constants, to_onnx

SIZES = ("small", "full size")
ENGINES = ("onnx", "torch")
THREADS = (1, 2)
_WARM_UP = 3
_GPU_BATCH, _GPU_ROUNDS = 64, 20


@dataclass(frozen=True, slots=True)
class PairTiming:
    """How often is measured, and what."""

    rounds: int = 30
    sizes: tuple[str, ...] = SIZES
    engines: tuple[str, ...] = ENGINES


def pair_latency(timing: PairTiming) -> Mapping[str, Any]:
    """Medians per size, engine and number of threads; with a GPU also pairs a second of 64."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in timing.sizes:
            net = make_network(size)
            path = Path(folder) / f"{size.replace(' ', '-')}.onnx"
            write_graph(net, path)
            found[size] = {
                "parameters": sum(p.numel() for p in net.parameters()),
                "face_px": net.config.size_px,
            }
            for engine in timing.engines:
                found[size][engine] = {
                    f"{threads} threads": in_process(
                        time_pairs, engine, size, path, threads, timing.rounds
                    )
                    for threads in THREADS
                }
            if torch.cuda.is_available():
                found[size]["cuda, batch 64"] = in_process(_throughput, size)
    return found


def make_network(size: str) -> SelfmeNet:
    """The bundled network, or one of the published size at random; without the generator."""
    if size == "small":
        return without_generator(load_selfme(WITH_SC)[0]).eval()
    torch.manual_seed(0)
    config = SelfmeConfig.full()
    return without_generator(
        SelfmeNet(replace(config, field=replace(config.field, start="random")))
    ).eval()


def write_graph(net: SelfmeNet, path: Path) -> None:
    """As mer-train export, without the comparison."""
    graph = onnx.load_from_string(to_onnx(net))
    share_constants(graph)
    path.write_bytes(graph.SerializeToString())


def in_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """Runs in a fresh process, so that memory and threads are its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def peak_mb() -> int:
    """Largest resident size of this process.

    Linux's own figure of the address space, where there is one: getrusage also counts what the
    parent held when this process was forked from it.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return round(int(lines["VmHWM"].split()[0]) / 1024)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def time_pairs(engine: str, size: str, path: Path, threads: int, rounds: int) -> dict[str, float]:
    torch.set_num_threads(threads)
    ask = _onnx(path, threads) if engine == "onnx" else _torch(make_network(size))
    faces = _faces(256 if size == "full size" else 128, 1)
    times_ms = []
    for _ in range(_WARM_UP + rounds):
        started = time.perf_counter()
        ask(*faces)
        times_ms.append(1e3 * (time.perf_counter() - started))
    return {"median_ms": round(statistics.median(times_ms[_WARM_UP:]), 1), "peak_mb": peak_mb()}


def _onnx(path: Path, threads: int) -> Callable[[NDArray, NDArray], object]:
    ask = OnnxNetwork(read_model(path), "cpu", threads)
    return lambda onset, apex: ask(("logits", "motion"), {"onset": onset, "apex": apex})


def _torch(net: SelfmeNet) -> Callable[[NDArray, NDArray], object]:
    @torch.inference_mode()
    def ask(onset: NDArray, apex: NDArray) -> object:
        return net(torch.from_numpy(onset), torch.from_numpy(apex))

    return ask


@torch.inference_mode()
def _throughput(size: str) -> dict[str, float]:
    """Pairs a second on CUDA, half precision where it helps, and its memory."""
    net = make_network(size).cuda()
    faces = [torch.from_numpy(f).cuda() for f in _faces(net.config.size_px, _GPU_BATCH)]
    with torch.autocast("cuda"):
        for _ in range(_WARM_UP):
            net(*faces)
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(_GPU_ROUNDS):
            net(*faces)
        torch.cuda.synchronize()
    passed_s = time.perf_counter() - started
    return {
        "pairs_per_s": round(_GPU_ROUNDS * _GPU_BATCH / passed_s),
        "ms_per_batch": round(1e3 * passed_s / _GPU_ROUNDS, 1),
        "peak_mb": round(torch.cuda.max_memory_allocated() / 2**20),
    }


def _faces(size_px: int, count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(
        0, 256, (2, count, size_px, size_px, 3), dtype=np.uint8
    )
