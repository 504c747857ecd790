"""`report.html`: every table beside the printed one, the curves, figure 5, and what it all is.

One file without scripts, pictures inside; it is written anew after every step, so that a run that
was stopped has a page too.
"""

from __future__ import annotations

import base64
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from streamer.core.files.atomic import write_file
from streamer.core.files.inside import read_json
from streamer.core.files.strict_json import Each
from streamer.outputs.report.templates import render_page
from training.bench import table as bench_table
from training.bench.definition import load_bench
from training.bench.run import FIGURES as BENCH_FIGURES
from training.experiments import run as experiment_run
from training.experiments.definition import load_experiment
from training.reproduce.deviations import deviations
from training.reproduce.figure5 import FACTS, PICTURE, caption
from training.reproduce.plan import NOT_MEASURED, Plan, in_words
from training.reproduce.sources import data_for
from training.reproduce.state import State
from training.reproduce.steps import (
    BENCH,
    EXPERIMENTS,
    FIGURE5,
    STEPS,
    TABLE2,
    TABLE2_NOTE,
    Step,
    Work,
)

PAGE = "report.html"
TITLE = "SelfME, reproduced"
_SEE = "Not as in the paper: see the list at the top."


@dataclass(frozen=True, slots=True)
class Section:
    """A table or figure of the paper on the page."""

    name: str
    title: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()
    pictures: Sequence[str] = ()  # data URIs
    command: str = ""
    right: Sequence[int] = field(default=())  # columns of figures


def write_report(work: Work, plan: Plan, state: State, estimated: Mapping[str, float]) -> Path:
    """Writes the page of what is there by now.

    Raises:
        OutputError: it cannot be written.
    """
    steps = [step for step in STEPS if step.wanted(work)]
    wanted = [step for step in steps if step.result]
    done = [step.name for step in wanted if step.name in state.finished]
    page = render_page(
        "reproduction.html",
        TITLE,
        package="training",
        figures=_figures(work, len(done), len(wanted)),
        state=_state(state, plan, done, wanted),
        deviations=deviations(work.request, work.recipe),
        sections=[section_of(work, plan, state, step) for step in wanted],
        times=[_time_row(step, plan, state, estimated) for step in steps],
        time_note=_time_note(),
    )
    path = work.output / PAGE
    write_file(path, page)
    return path


def section_of(work: Work, plan: Plan, state: State, step: Step) -> Section:
    """What is known of a table or figure."""
    title = f"{step.name.replace('table', 'Table ').replace('figure', 'Figure ')}: {step.title}"
    if step.name in plan.missing:
        return Section(step.name, title, notes=[f"Left out: {plan.missing[step.name]}."])
    folder = work.folder(step.name)
    if step.name in EXPERIMENTS:
        return _of_experiment(work, step, title, folder, step.name in state.finished)
    return _of_table2(work, title, folder) if step.name == TABLE2 else _of_figure5(title, folder)


def _of_experiment(work: Work, step: Step, title: str, folder: Path, whole: bool) -> Section:
    experiment = load_experiment(step.name)
    found = _read(folder / experiment_run.FIGURES, {"title": str, "rows": dict}).get("rows", {})
    head, rows = experiment_run.cells_of(experiment, found)
    notes = [*experiment_run.notes_of(experiment, found), _SEE]
    if not whole:
        own = [row for row in experiment.rows if row.set is not None or row.model is not None]
        notes = [f"Not finished: {len(found)} of {len(own)} rows.", *notes]
    plot = folder / experiment_run.PLOT
    verb = "ablate" if experiment.x is None else "sweep"
    dataset = data_for(work.request.sources, step.data)
    command = (
        f"mer-train {verb} {step.name} --dataset {dataset} --root {work.faces.name} --config "
        f"selfme.yaml --output {step.name} --seeds {work.request.seeds}"
    )
    return Section(
        step.name, title, head, rows, notes, _pictures(plot), command, tuple(range(1, len(head)))
    )


def _of_table2(work: Work, title: str, folder: Path) -> Section:
    shape = {"title": str, "rows": dict, "missing": Each(str)}
    held, bench = _read(folder / BENCH_FIGURES, shape), load_bench(BENCH)
    bench = replace(bench, note=TABLE2_NOTE)
    head, rows = bench_table.cells_of(bench, held.get("rows", {}))
    notes = bench_table.notes_of(bench, held.get("rows", {}), held.get("missing", {}))
    notes = [*notes, _SEE]
    names = ",".join(work.request.sources)
    command = f"mer-train bench {BENCH} --dataset {names} --root faces --output {TABLE2}"
    return Section(TABLE2, title, head, rows, notes, (), command, tuple(range(3, len(head))))


def _of_figure5(title: str, folder: Path) -> Section:
    facts = _read(folder / FACTS, dict)
    notes = [caption(facts)] if facts else ["Not finished."]
    return Section(FIGURE5, title, notes=notes, pictures=_pictures(folder / PICTURE))


def _read(path: Path, shape: Any) -> Mapping[str, Any]:
    """What a step wrote; nothing where it has not yet."""
    try:
        held: Mapping[str, Any] = read_json(path, shape)
    except (OSError, ValueError):
        return {}
    return held


def _pictures(path: Path) -> list[str]:
    if not path.is_file():
        return []
    return [f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"]


def _figures(work: Work, done: int, wanted: int) -> list[tuple[str, str]]:
    clips = work.data.clips
    sets = ", ".join(sorted({clip.dataset for clip in clips}))
    return [
        (f"{done} of {wanted}", "tables and figures"),
        (str(len(clips)), f"clips: {sets}"),
        (str(len({clip.group for clip in clips})), "subjects, each left out once"),
        (str(len(work.data.rejected)), "rows left out, see faces/rejected.csv"),
        (work.request.preset, "settings"),
        (str(work.request.seeds), "seed(s)"),
    ]


def _state(state: State, plan: Plan, done: Sequence[str], wanted: Sequence[Step]) -> str:
    lacking = [s.name for s in wanted if s.name not in done and s.name not in plan.missing]
    if lacking:
        return (
            f"Not finished: {', '.join(lacking)}. The same command goes on where it was stopped; "
            "what is below is what is there by now."
        )
    return f"Finished {max(state.finished.values(), default='')}."


def _time_row(
    step: Step, plan: Plan, state: State, estimated: Mapping[str, float]
) -> tuple[str, ...]:
    taken = in_words(state.seconds[step.name]) if step.name in state.seconds else ""
    guess = in_words(estimated[step.name]) if step.name in estimated else NOT_MEASURED
    how = "finished" if step.name in state.finished else "begun" if taken else "not begun"
    return step.name, step.title, plan.missing.get(step.name, how), guess, taken


def _time_note() -> str:
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA device"
    return (
        f"On {platform.machine()}, {platform.system()}, Python {platform.python_version()}, torch "
        f"{torch.__version__}, {device}. Taken: over all sessions; what a kill cut off is not "
        "counted. Estimated before the start from a few timed steps."
    )
