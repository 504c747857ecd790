"""Signals with known content."""

import numpy as np

from spotting.micro.learned_ticks import LIGHT, REGIONS, ROW, VISIBLE
from spotting.motion.regions import REGION_NAMES
from streamer.core.records import Gate
from training.spotting.learning.examples import Example
from training.spotting.learning.signals import Signals

R = len(REGION_NAMES)


def signals(seconds=12.0, fps=30.0, apexes=(3.0, 7.0), height_iod=0.05, seed=0):
    """A face whose first region bobs up for 0.4 s."""
    times = np.arange(round(seconds * fps)) / fps
    rows = np.zeros((len(times), ROW), dtype=np.float32)
    rows[:, REGIONS] = np.random.default_rng(seed).normal(0, 0.0005, (len(times), 2 * R))
    rows[:, LIGHT], rows[:, VISIBLE] = np.log(120.0), 1.0
    for apex in apexes:
        part = np.clip((times - apex + 0.2) / 0.4, 0, 1)
        rows[:, 1] -= height_iod * (0.5 - 0.5 * np.cos(2 * np.pi * part))
    gates = np.zeros((len(times), len(Gate)), dtype=bool)
    return Signals(times, np.arange(len(times)), rows, gates)


def example(subject="anna", apexes=(3.0, 7.0), hidden=None, control=False, real=True, **options):
    """Its events are one-sided brow raises; all of them are seen unless it is told."""
    truth = np.array([[a - 0.2, a, a + 0.2] for a in apexes]).reshape(-1, 3)
    return Example(
        f"{subject}_30fps_x.mp4", subject, real, 30.0, signals(apexes=apexes, **options), truth,
        np.zeros(len(apexes), dtype=bool) if hidden is None else np.array(hidden),
        np.full(len(apexes), 0.05), np.ones(len(apexes), dtype=bool), control,
    )  # fmt: skip
