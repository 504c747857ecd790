"""`mer-train reproduce`, top to bottom: read, plan, estimate, ask, do what is not done, report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from streamer.core.files.atomic import remove_leftovers
from streamer.core.files.inside import read_json
from streamer.core.files.strict_json import Each
from streamer.core.settings import dump_yaml, to_mapping
from training.common.files import write_json, write_text
from training.reproduce.estimate import estimate
from training.reproduce.plan import Plan, Seconds, make_plan, plan_text
from training.reproduce.report import write_report
from training.reproduce.request import Request, facts_of, make_recipe
from training.reproduce.sources import digest_clips, load_sources
from training.reproduce.state import State, open_state
from training.reproduce.steps import Work, learner_file

ESTIMATE, SETTINGS = "estimate.json", "selfme.yaml"
Ask = Callable[[str], bool]  # a question -> whether to go on
Say = Callable[[str], object]


def reproduce(request: Request, say: Say, ask: Ask | None = None, dry_run: bool = False) -> None:
    """Runs what is not finished in the output folder; says plan, tables and where the page is.

    Args:
        ask: asked once, after the plan; None: goes on.
        dry_run: the plan and the estimate alone; nothing is written.

    Raises:
        UsageError, SourceNotFoundError, SourceFormatError: options or data that cannot be used.
        OutputError: the folder holds something else, or cannot be written.
    """
    recipe = make_recipe(request, learner_file(request.output))
    work = Work(request, recipe, load_sources(request.sources))
    plan = make_plan(work)
    facts = {
        **facts_of(request, recipe),
        "settings": to_mapping(recipe.run),
        "motion learner": asdict(recipe.motion) if recipe.pretrains else {},
        "clips": digest_clips(work.data.clips),
    }
    state = open_state(request.output, _plain(facts))
    estimates = _estimates(work, plan, state)
    say(plan_text(work, plan, estimates, tuple(state.finished)))
    if dry_run or (ask and not ask("Go on?")):
        return
    state.write()
    write_json(request.output / ESTIMATE, dict(estimates))
    write_text(request.output / SETTINGS, dump_yaml(recipe.run))
    remove_leftovers(request.output)
    _run(work, plan, state, estimates.get("cpu", {}), say)


def _run(work: Work, plan: Plan, state: State, estimated: Seconds, say: Say) -> None:
    for number, step in enumerate(plan.steps, start=1):
        if step.name in state.finished:
            continue
        print(f"[{number}/{len(plan.steps)}] {step.name}: {step.title}", file=sys.stderr)
        try:
            with state.timing(step.name):
                text = step.run(work)
        finally:
            write_report(work, plan, state, estimated)
        say(f"\n{text}")
    say(f"\n{write_report(work, plan, state, estimated)}")


def _estimates(work: Work, plan: Plan, state: State) -> Mapping[str, Seconds]:
    """By device. What an earlier session estimated is kept; what is new is timed."""
    held = _read_estimates(work.output / ESTIMATE)
    left = [step for step in plan.steps if step.name not in state.finished]
    found: dict[str, Seconds] = {}
    for device in _devices():
        known = held.get(device, {})
        lacking = [step for step in left if step.name not in known]
        found[device] = {**known, **(estimate(work, lacking, device) if lacking else {})}
    return found


def _devices() -> tuple[str, ...]:
    import torch

    return ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def _read_estimates(path: Path) -> Mapping[str, Seconds]:
    try:
        held: Mapping[str, Seconds] = read_json(path, Each(Each(float)))
    except (OSError, ValueError):
        return {}
    return held


def _plain(facts: Mapping[str, object]) -> dict[str, object]:
    """Paths as text; the place of the output folder does not count."""
    import json

    plain: dict[str, object] = json.loads(json.dumps(facts, default=str))
    settings = plain["settings"]
    if isinstance(settings, dict) and plain["pretrain"] != "bundled":
        settings["start"] = "pre-trained"
    return plain
