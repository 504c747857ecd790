"""The plan: which steps, on which data, what they will take, in what they differ from the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streamer.core.errors import UsageError
from training.common.options import one_of
from training.datasets.assemble import counts
from training.reproduce.deviations import deviations
from training.reproduce.sources import HOMES
from training.reproduce.steps import RESULTS, STEPS, Step, Work

Seconds = Mapping[str, float]  # step -> seconds; empty: not measured
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps to run, in order, and those that cannot be, with the reason."""

    steps: tuple[Step, ...]
    missing: Mapping[str, str]


def make_plan(work: Work) -> Plan:
    """What is asked for and the data at hand can feed.

    Raises:
        UsageError: an unknown step, or none that can be run.
    """
    for name in work.request.only:
        one_of("--only", name, RESULTS)
    steps, missing = [], {}
    for step in STEPS:
        if not step.wanted(work) or (
            step.result and work.request.only and (step.name not in work.request.only)
        ):
            continue
        if reason := step.missing(work):
            missing[step.name] = reason
        else:
            steps.append(step)
    if not any(step.result for step in steps):
        raise UsageError(f"nothing can be run: {_reasons(missing)}")
    return Plan(tuple(steps), missing)


def plan_text(
    work: Work, plan: Plan, estimates: Mapping[str, Seconds], finished: Sequence[str]
) -> str:
    """For the terminal. `estimates`: device -> seconds, "cpu" first."""
    lines = [f"Reproduction of SelfME in {work.output}, preset {work.request.preset}", ""]
    for name, emotions in counts(work.data).items():
        clips = [clip for clip in work.data.clips if clip.dataset == name]
        people = len({clip.group for clip in clips})
        named = ", ".join(f"{count} {emotion}" for emotion, count in emotions.items())
        title = HOMES[name].title if name in HOMES else name
        lines.append(f"{title}: {len(clips)} clips, {people} subjects ({named})")
    rows = [("step", "what", "CPU, this machine", "GPU")]
    for step in plan.steps:
        done = step.name in finished
        times = ("finished", "") if done else _times(estimates, step.name)
        rows.append((step.name, step.title, *times))
    left = [step.name for step in plan.steps if step.name not in finished]
    rows.append(("all", "what is left, one fold after the other", *_times(estimates, *left)))
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    lines += [
        "",
        *("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows),
    ]
    lines += [f"left out: {name}, {reason}" for name, reason in plan.missing.items()]
    lines += ["", *estimate_notes(work, estimates), "", "Not as in the paper:"]
    return "\n".join([*lines, *(f"- {text}" for text in deviations(work.request, work.recipe))])


def estimate_notes(work: Work, estimates: Mapping[str, Seconds]) -> list[str]:
    """How the figures came about."""
    notes = [
        "Estimated from a few timed steps of each kind on this machine, as it is busy now; "
        "resuming costs nothing of what is finished. Networks whose folds are trained together are "
        "estimated too high."
    ]
    if "cuda" not in estimates:
        notes.append(
            "GPU: not measured, as no CUDA device is here. The paper names one NVIDIA V100 and no "
            "times; nothing is assumed."
        )
    if work.request.jobs > 1:
        notes.append(f"--jobs {work.request.jobs} is not counted: at best, divide by it.")
    return notes


def _reasons(missing: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {reason}" for name, reason in missing.items())


def _times(estimates: Mapping[str, Seconds], *names: str) -> tuple[str, str]:
    return span(estimates.get("cpu", {}), *names), span(estimates.get("cuda", {}), *names)


def span(seconds: Seconds, *names: str) -> str:
    """A time in words of everyday, of some steps together."""
    if any(name not in seconds for name in names):
        return NOT_MEASURED
    return in_words(sum(seconds[name] for name in names))


def in_words(seconds: float) -> str:
    """ "40 s", "12 min", "3.5 h", "9 days"."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    if seconds < 5400.0:
        return f"{seconds / 60.0:.0f} min"
    if seconds < 48 * 3600.0:
        return f"{seconds / 3600.0:.1f} h"
    return f"{seconds / 86_400.0:.0f} days"
