"""How far scikit-image's TV-L1 is from that of OpenCV's contrib package.

    python -m benchmarks.tvl1_libraries CLIP... [--pairs held.npz]

Real pairs: faces 0.2 s apart, followed and aligned as in a stream. With --pairs (of `mer-train
pairs`) also both errors against known motion. Needs an environment with opencv-contrib-python in
place of opencv-python, and scikit-image. Prints JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.page_section import made_on
from recognition.config import MapConfig
from recognition.motion.flow import Field, Image, tvl1
from streamer.core.records import AlignedFace
from streamer.faces.alignment import bring_to_anchor
from streamer.run.build import build_pipeline
from streamer.run.config import StreamConfig
from streamer.sources import open_source

_APART_S, _PAUSE_S = 0.2, 0.5
_EDGE_PX = 16  # of the aligned face: hair and background
_SETTINGS = MapConfig()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--per-clip", type=int, default=2, help="pairs of each clip")
    parser.add_argument("--pairs", type=Path, help="NPZ of mer-train pairs")
    parser.add_argument("--count", type=int, default=60, help="of --pairs")
    options = parser.parse_args()
    if not hasattr(cv2, "optflow"):
        raise SystemExit("this OpenCV has no contrib part: use an environment that has it")
    cv2.setNumThreads(1)
    facts: dict[str, Any] = {
        **made_on(),
        **{name: metadata.version(name) for name in ("opencv-contrib-python", "scikit-image")},
        "real": compare([p for clip in options.clips for p in real_pairs(clip, options.per_clip)]),
    }
    if options.pairs:
        facts["known"] = against_truth(options.pairs, options.count)
    print(json.dumps(facts, indent=2))


def real_pairs(clip: Path, count: int) -> Iterator[tuple[Image, Image]]:
    """Faces of one person, `_APART_S` apart, with the earlier one in the transform of the later."""
    settings = StreamConfig(recognise=False)
    pipeline = build_pipeline(settings)
    with open_source(str(clip), settings.source) as source, contextlib.closing(pipeline):
        first: AlignedFace | None = None
        next_s = 0.0
        for frame in source:
            faces = pipeline.push(frame).faces
            if not faces or frame.time_s < next_s:
                continue
            if first is None or first.face.face_id != faces[0].face.face_id:
                first = faces[0]
            elif frame.time_s - first.time_s >= _APART_S:
                yield bring_to_anchor(first, faces[0]), faces[0].image
                first, next_s, count = None, frame.time_s + _PAUSE_S, count - 1
            if count == 0:
                return


def compare(pairs: list[tuple[Image, Image]]) -> dict[str, Any]:
    """Distances between both fields, in pixels of the aligned face, and the time of each."""
    ours, our_ms = measure(kept, pairs)
    theirs, their_ms = measure(contrib, pairs)
    apart = [distance(a, b) for a, b in zip(ours, theirs, strict=True)]
    alike = [cosine(a, b) for a, b in zip(ours, theirs, strict=True)]
    lengths = [distance(field, np.zeros_like(field)) for field in theirs]
    return {
        "pairs": len(pairs),
        "motion_px_median": rounded(np.median(lengths)),
        "apart_px_median": rounded(np.median(apart)),
        "apart_px_90": rounded(np.quantile(apart, 0.9)),
        "cosine_median": rounded(np.median(alike)),
        "contrib_ms": rounded(their_ms),
        "scikit_image_ms": rounded(our_ms),
    }


def against_truth(path: Path, count: int) -> dict[str, Any]:
    """Mean end-point error of both on pairs of known motion, head included, in the face window."""
    from training.selfme.motion_score import mean_error
    from training.synthetic.pairs import read_pairs

    pairs = read_pairs(path)
    pairs = pairs.part(np.arange(min(count, len(pairs))))
    errors: dict[str, list[float]] = {"contrib_px": [], "scikit_image_px": []}
    for i in range(len(pairs)):
        for name, method in (("contrib_px", contrib), ("scikit_image_px", kept)):
            found, truth = method(pairs.onset[i], pairs.apex[i]), np.float32(pairs.motion[i])
            errors[name].append(mean_error(found, truth, pairs.known[i]))
    return {"pairs": len(pairs), **{k: rounded(np.mean(v)) for k, v in errors.items()}}


def measure(
    method: Callable[[Image, Image], Field], pairs: list[tuple[Image, Image]]
) -> tuple[list[Field], float]:
    """Fields, and milliseconds a pair."""
    start_s = time.perf_counter()
    fields = [method(onset, apex) for onset, apex in pairs]
    return fields, 1000 * (time.perf_counter() - start_s) / len(pairs)


def kept(onset: Image, apex: Image) -> Field:
    """scikit-image's."""
    return tvl1(onset, apex, _SETTINGS)


def contrib(onset: Image, apex: Image) -> Field:
    """OpenCV's, as it was used before."""
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (onset, apex)]
    return np.asarray(cv2.optflow.DualTVL1OpticalFlow.create().calc(*grey, None))


def inside(field: Field) -> Field:
    """Without the edges."""
    return field[_EDGE_PX:-_EDGE_PX, _EDGE_PX:-_EDGE_PX]


def distance(first: Field, second: Field) -> float:
    """Mean length of the difference, px."""
    return float(np.linalg.norm(inside(first - second), axis=2).mean())


def cosine(first: Field, second: Field) -> float:
    """Of both fields as one vector each."""
    a, b = inside(first).ravel(), inside(second).ravel()
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-12))


def rounded(value: NDArray[Any] | float) -> float:
    """Three digits."""
    return round(float(value), 3)


if __name__ == "__main__":
    main()
