"""Motion between two aligned faces: end-point error, latency, memory and training step, as JSON.

    mer-train pairs PORTRAIT... --output held.npz --count 360 --seed 1000 --variants 1
    python -m benchmarks.motion held.npz [--weights FILE] [--sections errors grey latency pair ...]

The pairs must show people that the learned motion has not seen. Latency is the median of single
pairs; memory is the largest resident size of a process of its own.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.motion_errors import report_errors, report_grey, report_reconstruction
from benchmarks.pair_latency import PairTiming, in_process, pair_latency, peak_mb
from recognition.motion.methods import METHODS, motion_method
from recognition.motion.selfme.config import MotionConfig
from training.selfme.motion_config import MotionLossConfig, MotionTraining
from training.selfme.motion_data import SyntheticSource
from training.selfme.motion_train import time_steps
from training.synthetic.pairs import Pairs, read_pairs

_ROUNDS = 30


def errors(pairs: Pairs, options: argparse.Namespace) -> Mapping[str, Any]:
    """End-point error per method."""
    return report_errors(pairs, options.methods, options.weights)


def grey(pairs: Pairs, options: argparse.Namespace) -> Mapping[str, Any]:
    """Agreement of colour and grey input, in pixels."""
    return report_grey(pairs, options.methods, options.weights)


def reconstruction(pairs: Pairs, options: argparse.Namespace) -> Mapping[str, Any]:
    """How well the learner rebuilds the apex, in grey levels."""
    return report_reconstruction(pairs, options.weights)


def latency(pairs: Pairs, options: argparse.Namespace) -> Mapping[str, Any]:
    """Milliseconds for one pair and largest memory of the process, with one and two threads."""
    pair = pairs.onset[0], pairs.apex[0]
    return {
        name: {
            f"{threads} threads": in_process(_latency, name, options.weights, pair, threads)
            for threads in (1, 2)
        }
        for name in options.methods
    }


def pair(pairs: Pairs, options: argparse.Namespace) -> Mapping[str, Any]:
    """Milliseconds for motion and SCViT of one pair, both sizes, ONNX Runtime and torch."""
    return pair_latency(PairTiming(options.rounds))


def training(pairs: Pairs, options: argparse.Namespace) -> Mapping[str, Any]:
    """Seconds and memory of one step of the optimiser, all losses, for both sizes of network."""
    return {
        "small, batch 8": in_process(_training, "small", 8, options.steps),
        "full size, batch 1": in_process(_training, "full", 1, options.steps),
    }


SECTIONS: Mapping[str, Callable[[Pairs, argparse.Namespace], Mapping[str, Any]]] = {
    "errors": errors,
    "grey": grey,
    "reconstruction": reconstruction,
    "latency": latency,
    "pair": pair,
    "training": training,
}


def _latency(name: str, weights: Path | None, pair: tuple, threads: int) -> dict[str, float]:
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    measure = motion_method(name, weights=weights)
    times_ms = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        measure(*pair)
        times_ms.append(1e3 * (time.perf_counter() - started))
    return {"median_ms": round(statistics.median(times_ms), 2), "peak_mb": peak_mb()}


def _training(size: str, batch: int, steps: int) -> dict[str, float]:
    torch.set_num_threads(1)
    network = {"small": MotionConfig.small, "full": MotionConfig.full}[size]()
    loss = MotionLossConfig(perceptual="pixel-census", truth_weight=1.0)
    config = replace(MotionTraining.small(), network=network, loss=loss, batch=batch)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    source = SyntheticSource(_blank_pairs(batch, network.image_size_px))
    times_s = time_steps(config, source, device, steps + 1, Path("nothing-is-written-here"))[1:]
    memory = torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else peak_mb()
    return {"median_s": round(statistics.median(times_s), 3), "peak_mb": round(memory)}


def _blank_pairs(count: int, size: int) -> Pairs:
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (2, count, size, size, 3), dtype=np.uint8)
    number = np.zeros(count)
    return Pairs(
        onset=faces[0],
        apex=faces[1],
        motion=np.zeros((count, size, size, 2), dtype=np.float16),
        known=np.ones((count, size, size), dtype=np.bool_),
        emotion=number.astype(np.int64),
        strength_iod=number.astype(np.float32),
        yaw_deg=number.astype(np.float32),
        person=np.array(["nobody"] * count),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pairs", type=Path, help="NPZ of mer-train pairs, of unseen people")
    parser.add_argument("--weights", type=Path, help="of the learned motion; default: bundled")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--sections", nargs="+", default=list(SECTIONS), choices=list(SECTIONS))
    parser.add_argument("--count", type=int, help="only so many pairs")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="pairs timed in `pair`")
    parser.add_argument("--steps", type=int, default=3, help="of the training that is timed")
    options = parser.parse_args()
    pairs = read_pairs(options.pairs)
    if options.count:
        pairs = pairs.part(np.arange(min(options.count, len(pairs))))
    print(
        json.dumps(
            {
                "pairs": len(pairs),
                "people": len(set(pairs.person.tolist())),
                "processor": platform.processor() or platform.machine(),
                **{name: SECTIONS[name](pairs, options) for name in options.sections},
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
