"""How `kernel-blend` was put together: candidates, by leaving subjects out in each of two halves.

    python -m benchmarks.loso_choices --root DIR [--rounds 4]

The subjects are dealt into two halves. Inside each, eight groups are left out in turn, anew in
every round; a candidate's figure is the mean over halves and rounds of the pooled UF1 and UAR of
a half. Training sees some 190 clips here, not 436, so the figures lie below those of the benchmark:
they rank, and no more. Prints a Markdown table; reads nothing but the maps and their labels.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.common.markdown import grid, pair
from training.common.metrics import score_recognition
from training.loso.selection import load_selection
from training.methods.kernel_blend import blocks_of, describe, network_shares
from training.models.base import Samples
from training.models.kernels import fit_kernel, fit_ridge

GROUPS = 8
SOFT = 1.5  # temperature of the network here; the method fits it in the fold
NAMES = (
    "level",
    "level and slopes",
    "the same, coarse",
    "level, v",
    "level and slopes, v",
    "units",
)
Rows = NDArray[np.int64]
Scores = Callable[[Rows, Rows], NDArray]  # training and held-out rows -> [N, C]


def main() -> None:
    """Scores every candidate and prints the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--root", type=Path, required=True)
    options.add_argument("--rounds", type=int, default=4)
    given = options.parse_args()
    samples = load_selection("megc2019-flow", given.root, 3).samples
    rows = [
        [name, *figures(samples, ask, given.rounds)] for name, ask in candidates(samples).items()
    ]
    print("\n".join(grid(["candidate", "UF1/UAR", "first half", "second half"], rows)))


def candidates(samples: Samples) -> Mapping[str, Scores]:
    """Name -> how training and held-out clips become scores."""
    clips = describe(samples.maps)
    blocks = blocks_of(samples.maps.shape[1], clips.shape[2])
    grams = [fit_kernel(clips, [block])(clips, clips) for block in blocks]
    told = network_shares(clips, SOFT)
    motion = np.mean(grams[:5], axis=0)
    found = {"bundled network alone": lambda _, held: told[held]}
    found |= {f"{NAMES[k]} alone": ridge(samples, gram, 0.5) for k, gram in enumerate(grams)}
    for strength in (0.3, 1.0, 3.0):
        found[f"five, ridge {strength:g}"] = ridge(samples, motion, strength)
    for weight in (0.125, 0.25, 0.5, 1.0):
        found[f"five, ridge 1, + {weight:g} network"] = ridge(samples, motion, 1.0, weight * told)
    if len(grams) > 5:
        six = np.mean(grams, axis=0)
        found["six, ridge 1"] = ridge(samples, six, 1.0)
        found["six, ridge 1, + 0.25 network"] = ridge(samples, six, 1.0, 0.25 * told)
    return found


def ridge(samples: Samples, gram: NDArray, strength: float, more: NDArray | None = None) -> Scores:
    """Kernel ridge on a kernel of all clips, plus fixed scores."""

    def ask(used: Rows, held: Rows) -> NDArray:
        fitted = fit_ridge(gram[np.ix_(used, used)], samples.labels[used], 3, strength)
        scores = fitted(gram[np.ix_(held, used)])
        return scores if more is None else scores + more[held]

    return ask


def figures(samples: Samples, ask: Scores, rounds: int) -> list[str]:
    """UF1/UAR: the mean of the halves, then each."""
    groups = np.array(samples.groups)
    subjects = np.unique(groups)
    halves = []
    for half in (subjects[::2], subjects[1::2]):
        own = np.flatnonzero(np.isin(groups, half))
        each = [score_half(samples, ask, own, half, seed) for seed in range(rounds)]
        halves.append(np.mean(each, axis=0))
    return [pair(*np.mean(halves, axis=0)), *(pair(*half) for half in halves)]


def score_half(
    samples: Samples, ask: Scores, own: Rows, subjects: NDArray, seed: int
) -> tuple[float, float]:
    """Pooled UF1 and UAR of one half, each of its groups of subjects left out."""
    groups = np.array(samples.groups)
    order = np.random.default_rng(seed).permutation(subjects)
    guess = np.zeros(len(groups), dtype=np.int64)
    for number in range(GROUPS):
        held = np.flatnonzero(np.isin(groups, order[number::GROUPS]))
        guess[held] = ask(np.setdiff1d(own, held), held).argmax(axis=1)
    score = score_recognition(samples.labels[own], guess[own], 3)
    return score.uf1, score.uar


if __name__ == "__main__":
    main()
