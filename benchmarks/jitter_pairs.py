"""The pairs of jitter.py: right and jittered ones to train on, and one set for every error.

All are drawn from the same seeds: the pairs of two sets differ by their moments alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from benchmarks.held_out import HELD_OUT
from training.selfme.pairs import LabelledPairs, hold_out_people, read_source
from training.synthetic.pair_photo import Timing
from training.synthetic.pairs import PairRange, draw_pairs, write_pairs
from training.synthetic.pairs_run import make_faces
from training.synthetic.video import find_portraits

ERRORS = (0, 1, 2, 4, 8)
TRAININGS = ("right", "jittered")
_TEST_SEED, _TRAIN_SEED, _VARIANTS = 1000, 5, 6


def draw_all(options: argparse.Namespace) -> dict[str, LabelledPairs]:
    """Training pairs, right and jittered, and the test pairs of every error."""
    everyone = [path.stem for path in find_portraits(options.portraits)]
    learnt = tuple(find_portraits(options.portraits, [n for n in everyone if n not in HELD_OUT]))
    held = tuple(find_portraits(options.portraits, HELD_OUT))
    jobs = {
        "right": (learnt, _TRAIN_SEED, _VARIANTS, options.pairs, Timing(options.fps)),
        "jittered": (
            *(learnt, _TRAIN_SEED, _VARIANTS, options.pairs),
            Timing(options.fps, error_frames=options.trained),
        ),
    }
    for error in ERRORS:
        timing = Timing(options.fps, error_frames=error, exact=True)
        jobs[f"error{error}"] = (held, _TEST_SEED, 1, options.count, timing)
    found = {}
    made = lru_cache(maxsize=1)(make_faces)
    for name, (portraits, seed, variants, count, timing) in jobs.items():
        path = options.runs / f"{name}.npz"
        if not path.is_file():
            ranges = replace(PairRange(), timing=timing)
            faces = made(portraits, variants, seed)
            write_pairs(draw_pairs(faces, count, seed, ranges), path, ranges)
        source = read_source(path)  # a longer file of an earlier run begins with the same pairs
        found[name] = source.take(np.arange(min(count, len(source))))
    return found


def set_tuning_people_aside(
    sources: Mapping[str, LabelledPairs],
) -> tuple[set[str], dict[str, LabelledPairs]]:
    """Two of the training people calibrate the answers and are not learnt from."""
    parts = {name: part for name, part in sources.items() if name not in TRAININGS}
    for way in TRAININGS:
        parts[way], parts[f"tune-{way}"] = hold_out_people(sources[way], 0.14, 0)
    return set(parts["tune-right"].people), parts
