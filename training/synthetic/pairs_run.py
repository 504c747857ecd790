"""`mer-train pairs`: portraits become faces, faces become pairs, pairs become a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from tqdm import tqdm

from streamer.core.errors import OutputError
from streamer.core.ranges import Range, Seed, check_ranges
from training.synthetic.pair_face import PairFace
from training.synthetic.pairs import PairRange, draw_pairs, write_pairs
from training.synthetic.timing import Timing
from training.synthetic.variants import vary_portrait
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
    ranges = PairRange().clean() if run.clean else PairRange()
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
