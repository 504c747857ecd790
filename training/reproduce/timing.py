"""A few steps of every kind, timed on this machine: tracking, drawing, motion, trainings."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from training.common.records import Clip
from training.datasets.prepared import configs_of
from training.loso.registry import find_method
from training.methods.selfme import SelfmeModel
from training.models.base import FitPlan, Model, Samples
from training.prepare.clip import ClipPreparer, Prepared
from training.reproduce.request import VARIANTS
from training.selfme.motion_config import MotionTraining
from training.selfme.motion_train import time_steps
from training.selfme.start import FoldSource
from training.synthetic.pairs import PairRange, draw_pairs
from training.synthetic.pairs_run import make_faces

CLASSES = 3
_CLIPS, _FEW, _ROWS, _EPOCHS, _STEPS, _PAIRS = 3, 4, 8, 3, 3, 4  # of each, what is timed


@dataclass(frozen=True, slots=True)
class Cost:
    """Of training a model, in seconds; all but the first two for each training clip."""

    fold_s: float  # building the network, ...
    once_s: float  # of the representation: for each clip once, not in every fold
    clip_s: float  # motion, features, ...
    epoch_s: float  # a pass of the classifier
    tuning_s: float  # a pass of what learns the motion first
    tunings: int
    epochs: int

    def total_s(self, clips: int, folds: int) -> float:
        """One seed, leaving each of `folds` subjects out, one fold after the other."""
        each = self.clip_s + self.epochs * self.epoch_s + self.tunings * self.tuning_s
        return folds * self.fold_s + clips * self.once_s + clips * (folds - 1) * each


def time_faces(clips: Sequence[Clip], size_px: int) -> tuple[list[Prepared], float]:
    """The first clips, prepared, and seconds for each frame; loading the models is left out.

    Raises:
        SourceFormatError: none of them can be prepared.
    """
    preparer = ClipPreparer(*configs_of(size_px), clips=True)
    made: list[Prepared] = []
    spent_s, frames, last = 0.0, 0, ""
    try:
        for clip in (clips[0], *clips[:_CLIPS]):  # the first one twice: it loads the models
            began = time.perf_counter()
            try:
                found = preparer.prepare(clip)
            except (SourceFormatError, SourceNotFoundError) as error:
                found = str(error)
            if isinstance(found, str):
                last = found
                continue
            spent_s, frames = time.perf_counter() - began, clip.offset - clip.onset + 1
            made.append(found)
    finally:
        preparer.close()
    if not made:
        raise SourceFormatError(f"none of the first clips can be prepared; the last: {last}")
    return made, spent_s / max(frames, 1)


def time_drawing(portraits: Sequence[Path], count: int, size_px: int) -> float:
    """Seconds to draw `count` pairs from portraits."""
    began = time.perf_counter()
    faces = make_faces(tuple(portraits[:1]), 1, 0)
    read_s = time.perf_counter() - began
    began = time.perf_counter()
    draw_pairs(faces, _PAIRS, 0, replace(PairRange(), size_px=size_px))
    return read_s * len(portraits) * VARIANTS + count * (time.perf_counter() - began) / _PAIRS


def time_motion(config: MotionTraining, device: str) -> float:
    """Seconds of a step of the motion learner, all losses.

    Raises:
        ModelError: VGG-19 is wanted and not at hand.
    """
    size, rows = config.network.image_size_px, config.batch * config.accumulate
    noise = np.random.default_rng(0).integers(0, 256, (rows, 2, size, size, 3), dtype=np.uint8)
    with TemporaryDirectory() as folder, _muted():
        times = time_steps(config, FoldSource(noise), device, _STEPS, Path(folder))
    return float(np.median(times[1:]))


def sample_of(made: Sequence[Prepared], reads: str) -> Samples:
    """Some rows of what a method reads, the prepared clips repeated."""
    rows = [made[i % len(made)] for i in range(_ROWS)]
    clips = np.empty(_ROWS, dtype=object)
    clips[:] = [row.clip for row in rows]
    return Samples(
        tuple(f"clip{i}" for i in range(_ROWS)),
        tuple(f"person{i % 2}" for i in range(_ROWS)),
        np.stack([row.map for row in rows]),
        np.arange(_ROWS) % CLASSES,
        np.stack([np.stack([r.onset_image, r.apex_image]) for r in rows])
        if reads == "pairs"
        else None,
        clips=clips if reads == "clips" else None,
    )


def time_model(model: Model, made: Sequence[Prepared], epochs: int | None, device: str) -> Cost:
    """What training a model on so many epochs costs; a handful of trainings of a few clips.

    Raises:
        ModelError, InstallError: weights or a package that the model starts from are missing.
    """
    total = 0 if model.default_epochs == 0 else epochs or model.default_epochs
    still, tuned, tunings = _tuned(model)
    with _muted():
        began = time.perf_counter()
        samples = model.represent(sample_of(made, find_method(model.name).reads))
        once_s = (time.perf_counter() - began) / _ROWS
        few = samples.take(np.arange(_FEW))
        _fit_s(still, few, 1, device)  # the first one loads what all need
        small, large = _fit_s(still, few, 1, device), _fit_s(still, samples, 1, device)
        more = _fit_s(still, samples, 1 + _EPOCHS, device) if total else large
        tuning = _fit_s(tuned, samples, 1, device) - large if tunings else 0.0
    epoch_s = max(0.0, more - large) / (_EPOCHS * _ROWS)
    row_s = max(0.0, large - small) / (_ROWS - _FEW)
    clip_s = max(0.0, row_s - epoch_s * (total > 0))
    fold_s = max(0.0, small - _FEW * row_s)
    return Cost(fold_s, once_s, clip_s, epoch_s, max(0.0, tuning) / _ROWS, tunings, total)


def _tuned(model: Model) -> tuple[Model, Model, int]:
    """The model without and with one pass of what learns the motion first; how many there are."""
    if not isinstance(model, SelfmeModel):
        return model, model, 0
    run = model.run

    def with_passes(count: int) -> SelfmeModel:
        tuning, tcae = replace(run.fine_tuning, epochs=count), replace(run.tcae, epochs=count)
        return SelfmeModel(replace(run, fine_tuning=tuning, tcae=tcae))

    passes = {"selfme": run.fine_tuning.epochs, "tcae": run.tcae.epochs}
    return with_passes(0), with_passes(1), passes.get(run.selfme.motion, 0)


def _fit_s(model: Model, samples: Samples, epochs: int, device: str) -> float:
    plan = FitPlan(CLASSES, 0, epochs, device, samples.ids)
    began = time.perf_counter()
    model.fit(samples, plan)
    return time.perf_counter() - began


@contextlib.contextmanager
def _muted() -> Iterator[None]:
    """No progress bars of what is timed."""
    with contextlib.redirect_stderr(io.StringIO()):
        yield
