"""How long it will take: what was timed, multiplied by how often it will be done.

Nothing is taken from elsewhere: where no device could be timed, the plan says "not measured".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from streamer.core.settings import to_mapping
from training.bench.definition import load_bench
from training.bench.run import why_not
from training.datasets import load_dataset
from training.experiments.definition import run_of
from training.loso.registry import make_model
from training.methods.selfme import SelfmeModel
from training.models.base import Model
from training.prepare.clip import Prepared
from training.reproduce.request import LEARNER_SIZE_PX
from training.reproduce.sources import STAND_IN, data_for
from training.reproduce.steps import (
    BENCH,
    FACES,
    FIGURE5,
    LARGE,
    MOTION,
    PAIRS,
    TABLE2,
    Step,
    Work,
    experiment_of,
)  # fmt: skip
from training.reproduce.timing import (
    Cost,
    time_drawing,
    time_faces,
    time_model,
    time_motion,
)  # fmt: skip
from training.selfme.motion_train import steps_per_epoch
from training.selfme.settings import SelfmeRun
from training.synthetic.pairs import read_pairs
from training.synthetic.video import find_portraits


@dataclass(frozen=True, slots=True)
class FoldWork:
    """A leave-one-subject-out run, or a part of one."""

    cost: str  # runs of the same name cost the same
    model: Model
    clips: int
    subjects: int
    times: float  # seeds; or the share of the folds

    @property
    def large(self) -> bool:
        """Whether it sees SelfME's faces, which may be larger than those of the stream."""
        return self.cost.startswith("selfme") or self.cost == "tcae"


def estimate(work: Work, steps: Sequence[Step], device: str) -> dict[str, float]:
    """Seconds of each step on a device, one fold after the other; takes a minute or so itself.

    Raises:
        SourceFormatError: the first clips cannot be prepared.
        ModelError, InstallError: weights that a training starts from are not at hand.
    """
    clock = _Clock(work, device)
    bar = tqdm(steps, desc=f"timing, {device}", unit="step", leave=False, disable=None)
    return {step.name: clock.seconds(step) for step in bar}


class _Clock:
    """Times each kind of work once."""

    def __init__(self, work: Work, device: str) -> None:
        self._work, self._device = work, device
        self._costs: dict[str, Cost] = {}
        self._made: dict[int, tuple[list[Prepared], float]] = {}

    def seconds(self, step: Step) -> float:
        """Of a step."""
        work, recipe = self._work, self._work.recipe
        if step.name in (FACES, LARGE):
            size_px = LEARNER_SIZE_PX if step.name == FACES else recipe.size_px
            return self._faces(size_px)[1] * frames_of(work)
        if step.name == PAIRS:
            portraits = find_portraits(Path(work.request.pretrain))
            return time_drawing(portraits, work.request.pairs, recipe.motion.network.image_size_px)
        if step.name == MOTION:
            return self._motion()
        return sum(
            self._cost(run).total_s(run.clips, run.subjects) * run.times
            for run in trainings_of(work, step)
        )

    def _faces(self, size_px: int) -> tuple[list[Prepared], float]:
        if size_px not in self._made:
            self._made[size_px] = time_faces(self._work.data.clips, size_px)
        return self._made[size_px]

    def _cost(self, run: FoldWork) -> Cost:
        if run.cost not in self._costs:
            size_px = self._work.recipe.size_px if run.large else LEARNER_SIZE_PX
            made, epochs = self._faces(size_px)[0], self._work.request.epochs
            self._costs[run.cost] = time_model(run.model, made, epochs, self._device)
        return self._costs[run.cost]

    def _motion(self) -> float:
        recipe, data = self._work.recipe, Path(self._work.request.pretrain)
        frames, count = 0, self._work.request.pairs
        if recipe.source == "pairs":
            count = len(read_pairs(data))
        if recipe.source == "clips":
            clips = load_dataset(STAND_IN, data).clips
            count, frames = len(clips), sum(c.offset - c.onset + 1 for c in clips)
        steps = recipe.motion.epochs * steps_per_epoch(recipe.motion, count)
        tracked_s = self._faces(recipe.size_px)[1] * frames
        return tracked_s + steps * time_motion(recipe.motion, self._device)


def frames_of(work: Work) -> int:
    """Of all clips, from onset to offset."""
    return sum(clip.offset - clip.onset + 1 for clip in work.data.clips)


def trainings_of(work: Work, step: Step) -> list[FoldWork]:
    """Every run of a table or figure."""
    if step.name == FIGURE5:  # two trainings of one fold
        clips, subjects = count_of(work, data_for(work.request.sources, step.data))
        return [_of_selfme(work.recipe.run, clips, subjects, 2.0 / subjects)]
    if step.name == TABLE2:
        return _of_table2(work)
    experiment = experiment_of(work, step)
    clips, subjects = count_of(work, data_for(work.request.sources, step.data))
    start, seeds, found = to_mapping(work.recipe.run), work.request.seeds, []
    for row in experiment.rows:
        if row.model is not None:
            found.append(FoldWork(row.model, make_model(row.model), clips, subjects, seeds))
        elif row.set is not None:
            run = run_of(experiment, row, start, {})
            found.append(_of_selfme(run, clips, subjects, seeds))
    return found


def count_of(work: Work, name: str) -> tuple[int, int]:
    """Clips and subjects of a data set; of all of them for ""."""
    clips = [c for c in work.data.clips if name in ("", STAND_IN, c.dataset)]
    return len(clips), len({clip.group for clip in clips})


def _of_table2(work: Work) -> list[FoldWork]:
    found, seeds = [], work.request.seeds
    for row in load_bench(BENCH).rows:
        if why_not(row, frozenset({"maps", "pairs", "clips"}), ()):
            continue
        if row.method != "selfme":
            clips, subjects = count_of(work, "")
            found.append(FoldWork(row.method, make_model(row.method), clips, subjects, seeds))
            continue
        for name in work.request.sources:
            if name != "samm":
                found.append(_of_selfme(work.recipe.run, *count_of(work, name), seeds))
    return found


def _of_selfme(run: SelfmeRun, clips: int, subjects: int, times: float) -> FoldWork:
    """Rows of one kind of motion cost the same, whatever the learner starts from."""
    model = SelfmeModel(replace(run, start=None))
    return FoldWork(f"selfme {run.selfme.motion}", model, clips, subjects, times)
