"""The steps in their order. Each calls the room whose command does the same by itself.

A step that was stopped goes on by its room's own means: clip by clip, from a checkpoint, fold by
fold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from streamer.core.settings import dump_yaml, to_mapping
from training.bench.definition import Bench, load_bench
from training.bench.run import run_bench
from training.common.files import write_text
from training.common.records import DataSet
from training.datasets.prepared import configs_of
from training.experiments.definition import Experiment, load_experiment
from training.experiments.run import run_experiment
from training.loso.config import LosoConfig
from training.prepare.run import PrepareConfig, prepare
from training.reproduce.deviations import deviations
from training.reproduce.figure5 import draw_figure5
from training.reproduce.request import LEARNER_SIZE_PX, VARIANTS, Recipe, Request
from training.reproduce.sources import data_for
from training.selfme.motion_run import LEARNER, MotionRequest, run_motion
from training.synthetic.pairs_run import PairsRun, run_pairs
from training.synthetic.video import find_portraits

FACES, LARGE, PAIRS, MOTION = "faces", "large-faces", "pairs", "motion"
TABLE2, FIGURE5 = "table2", "figure5"
BENCH = "selfme-table2"
TABLE2_NOTE = (
    "The printed figures of the methods compared with are those of models trained on the "
    "composite of three data sets (MEGC 2019), and so are ours, on the sets at hand; SelfME, "
    "printed and ours, is trained on each set by itself."
)
_CHECKPOINT_EVERY = 25  # steps of the motion learner: a kill costs a minute or two


@dataclass(frozen=True, slots=True)
class Work:
    """What every step is given."""

    request: Request
    recipe: Recipe
    data: DataSet

    @property
    def output(self) -> Path:
        """The folder of the reproduction."""
        return self.request.output

    @property
    def faces(self) -> Path:
        """The cache whose faces SelfME sees."""
        return self.output / (FACES if self.recipe.size_px == LEARNER_SIZE_PX else LARGE)

    def folder(self, step: str) -> Path:
        """Of a step's results."""
        return self.output / step


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the plan. `data`: the data set of the paper that it needs, "" for any."""

    name: str
    title: str
    run: Callable[[Work], str]
    data: str = ""
    result: bool = True  # a table or figure of the paper, not what these need
    wanted: Callable[[Work], bool] = lambda work: True

    def missing(self, work: Work) -> str:
        """Why it cannot be run on the data at hand; empty: it can."""
        if self.result and self.data and not data_for(work.request.sources, self.data):
            return f"needs --{self.data}"
        return ""


def experiment_of(work: Work, step: Step) -> Experiment:
    """The rows of a table or sweep; what differs from the paper stands below it."""
    found = load_experiment(step.name)
    own = " ".join(deviations(work.request, work.recipe))
    return replace(found, note=" ".join(part for part in (found.note, own) if part))


def loso_of(work: Work, step: Step) -> LosoConfig:
    """How its rows are run: leaving one subject out, the same epochs in every fold."""
    request = work.request
    return LosoConfig(
        dataset=data_for(request.sources, step.data),
        root=work.faces,
        model="selfme",
        output=work.folder(step.name),
        seeds=request.seeds,
        epochs=request.epochs,
        device=request.device,
        jobs=request.jobs,
    )


def bench_of(work: Work) -> Bench:
    """Table 2; what differs from the paper stands below it."""
    own = " ".join((TABLE2_NOTE, *deviations(work.request, work.recipe)))
    return replace(load_bench(BENCH), note=own)


def loso_of_table2(work: Work) -> tuple[LosoConfig, Mapping[str, Mapping[str, object]]]:
    """All data sets train together, as in MEGC 2019; SelfME on each by itself, as printed.

    SelfME's row has the settings of the other tables.
    """
    request, settings = work.request, work.output / "selfme.yaml"
    alone = ",".join(name for name in request.sources if name != "samm")
    config = LosoConfig(
        dataset=",".join(request.sources),
        root=work.output / FACES,
        model="",
        output=work.folder(TABLE2),
        seeds=request.seeds,
        epochs=request.epochs,
        device=request.device,
        jobs=request.jobs,
    )
    own = {
        **{"model": f"selfme@{settings}", "dataset": alone},
        **{"root": work.faces, "kind": "single"},
    }
    return config, {"selfme": own}


def _prepare_faces(work: Work) -> str:
    cache = work.output / FACES
    return prepare(work.data, cache, PrepareConfig(clips=True)).text(cache)


def _prepare_large(work: Work) -> str:
    faces, maps = configs_of(work.recipe.size_px)
    cache = work.output / LARGE
    return prepare(work.data, cache, PrepareConfig(faces, maps)).text(cache)


def _draw_pairs(work: Work) -> str:
    file = work.output / "pairs.npz"
    if file.is_file():  # written whole, in a session that was killed right after
        return f"{file} is there"
    portraits = tuple(find_portraits(Path(work.request.pretrain)))
    size_px = work.recipe.motion.network.image_size_px
    return run_pairs(
        PairsRun(portraits, file, work.request.pairs, variants=VARIANTS, size_px=size_px)
    )


def _learn_motion(work: Work) -> str:
    source, config = work.recipe.source, work.output / "motion.yaml"
    training = replace(work.recipe.motion, checkpoint_every=_CHECKPOINT_EVERY)
    write_text(config, dump_yaml(training))
    data = work.output / "pairs.npz" if source == "portraits" else Path(work.request.pretrain)
    dataset = "folder" if source == "clips" else ""
    return run_motion(
        MotionRequest(data, work.folder(MOTION), dataset, config, device=work.request.device)
    )


def _run_experiment(work: Work, name: str) -> str:
    step = step_of(name)
    start = to_mapping(work.recipe.run)
    return run_experiment(experiment_of(work, step), loso_of(work, step), start, {})


def _run_table2(work: Work) -> str:
    config, own = loso_of_table2(work)
    write_text(work.output / "selfme.yaml", dump_yaml(work.recipe.run))
    return run_bench(bench_of(work), config, (), own)


def _draw_figure5(work: Work) -> str:
    return draw_figure5(
        work.recipe.run,
        data_for(work.request.sources, step_of(FIGURE5).data),
        work.faces,
        work.folder(FIGURE5),
        work.request.device,
    )


def _experiment(name: str, title: str, data: str) -> Step:
    return Step(name, title, lambda work: _run_experiment(work, name), data)


def _large(work: Work) -> bool:
    return work.recipe.size_px != LEARNER_SIZE_PX


STEPS: tuple[Step, ...] = (
    Step(FACES, "faces of every clip, aligned as in a stream", _prepare_faces, result=False),
    Step(LARGE, "faces of the published size", _prepare_large, result=False, wanted=_large),
    Step(
        PAIRS,
        "onset-apex pairs drawn from portraits",
        _draw_pairs,
        result=False,
        wanted=lambda work: work.recipe.source == "portraits",
    ),
    Step(
        MOTION,
        "motion learner, pre-trained",
        _learn_motion,
        result=False,
        wanted=lambda work: work.recipe.pretrains,
    ),
    _experiment("table1", "B-spline, SC, MA (paper: CASME II)", "casme2"),
    Step(TABLE2, "against other methods (paper: both)", _run_table2),
    _experiment("table3", "TV-L1, TCAE or learned motion (paper: CASME II)", "casme2"),
    _experiment("table4", "gamma (paper: SMIC-HS)", "smic"),
    _experiment("figure4a", "omega (paper: SMIC-HS)", "smic"),
    _experiment("figure4b", "tau (paper: SMIC-HS)", "smic"),
    Step(
        FIGURE5,
        "motion and attention, with and without SC (paper: CASME II)",
        _draw_figure5,
        "casme2",
    ),
)
RESULTS = tuple(step.name for step in STEPS if step.result)
EXPERIMENTS = tuple(name for name in RESULTS if name not in (TABLE2, FIGURE5))


def step_of(name: str) -> Step:
    """The step of that name."""
    return next(step for step in STEPS if step.name == name)


def learner_file(output: Path) -> Path:
    """What pre-training writes and every fold starts from."""
    return output / MOTION / LEARNER
