"""`mer-train pairs`: portraits become faces, faces become pairs, pairs become a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamer.core.errors import OutputError
from streamer.core.ranges import Range, Seed, check_ranges
from streamer.faces.landmarks import eye_centres, inter_ocular_px
from training.synthetic.face_model import MIRROR
from training.synthetic.pair_face import PairFace
from training.synthetic.pair_photo import Timing
from training.synthetic.pairs import PairRange, draw_pairs, write_pairs
from training.synthetic.render import Portrait
from training.synthetic.video import read_portrait

_PORTRAIT_PX = 512


@dataclass(frozen=True, slots=True)
class PairsRun:
    """What to draw."""

    portraits: tuple[Path, ...]
    output: Path
    count: Annotated[int, Range(1, 10_000_000)] = 5000
    seed: Seed = 0
    variants: Annotated[int, Range(1, 10_000)] = 8
    clean: bool = False
    overwrite: bool = False
    # None: shares of the expression instead of frames
    jitter_frames: Annotated[int, Range(0, 1000)] | None = None
    fps: Annotated[float, Range(1.0, 1000.0)] = 60.0
    size_px: Annotated[int, Range(16, 1024)] = 128  # side of the aligned faces

    def __post_init__(self) -> None:
        check_ranges(self)


def run_pairs(run: PairsRun) -> str:
    """Draws and writes; returns a line for the terminal.

    Raises:
        OutputError: the file is there already, or cannot be written.
        SourceNotFoundError, SourceFormatError: a portrait is missing or shows no face.
    """
    if run.output.exists() and not run.overwrite:
        raise OutputError(f"{run.output} is there: choose another --output, or --overwrite")
    ranges = replace(PairRange().clean() if run.clean else PairRange(), size_px=run.size_px)
    if run.jitter_frames is not None:
        timing = Timing(fps=run.fps, error_frames=run.jitter_frames)
        ranges = replace(ranges, timing=timing)
    faces = make_faces(run.portraits, run.variants, run.seed)
    with tqdm(total=run.count, desc="pairs", unit="pair", disable=None) as bar:
        pairs = draw_pairs(faces, run.count, run.seed, ranges, bar.update)
    write_pairs(pairs, run.output, ranges)
    people = len(set(pairs.person.tolist()))
    return f"{run.output}: {len(pairs)} pairs of {people} people ({len(faces)} faces)"


def make_faces(portraits: tuple[Path, ...], variants: int, seed: int) -> list[PairFace]:
    """Every portrait as it is, then every one changed at random, `variants` in all."""
    rng = np.random.default_rng(seed)
    read = [(path.stem, read_portrait(path, _PORTRAIT_PX)) for path in portraits]
    faces = [PairFace(portrait, name) for name, portrait in read]
    for _ in range(variants - 1):
        faces += [PairFace(vary_portrait(portrait, rng), name) for name, portrait in read]
    return faces


_CELLS = 5  # bends per picture
_INVERSIONS = 6


def vary_portrait(portrait: Portrait, rng: np.random.Generator, bend_iod: float = 0.05) -> Portrait:
    """The portrait of a somewhat different person; mesh and picture stay together.

    Args:
        bend_iod: standard deviation of the random bends, in inter-ocular distances.
    """
    if rng.random() < 0.5:
        portrait = mirror_portrait(portrait)
    image, landmarks = portrait.image, portrait.landmarks_px
    size, iod_px = image.shape[0], inter_ocular_px(landmarks)
    centre = eye_centres(landmarks).mean(axis=0)
    coarse = rng.normal(0.0, bend_iod * iod_px, (_CELLS, _CELLS, 2)).astype(np.float32)
    bend = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    pixel = np.mgrid[0:size, 0:size][::-1].transpose(1, 2, 0).astype(np.float32)
    bend += (pixel - centre.astype(np.float32)) * rng.normal(0.0, 0.04, 2).astype(np.float32)
    back = pixel
    for _ in range(_INVERSIONS):
        back = pixel - _sample(bend, back)
    moved = landmarks.copy()
    moved[:, :2] += _sample(bend, landmarks[None, :, :2])[0]
    picture = cv2.remap(image, back, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return Portrait(np.asarray(picture, dtype=np.uint8), moved)


def mirror_portrait(portrait: Portrait) -> Portrait:
    """Left and right exchanged; the points of the mesh that have a mirror image keep their names.

    Points that the face model does not name stay at the mirrored place of their own.
    """
    landmarks = portrait.landmarks_px.copy()
    landmarks[:, 0] = portrait.image.shape[1] - 1 - landmarks[:, 0]
    named = landmarks.copy()
    for left, right in MIRROR.items():
        named[right] = landmarks[left]
    return Portrait(np.ascontiguousarray(portrait.image[:, ::-1]), named)


def _sample(table: NDArray[np.float32], at: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.remap(table, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
