"""Damaged recordings: seeded mutants of a small clip in every accepted container.

Each mutant is read by `open_source` in a process of its own, with limits of time and memory; a
stated share of them goes through the whole command line as well, faces and spotting included.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.mutants import FRAMES, UNDECLARED, make_clips, mutate
from benchmarks.reliability.forks import ForkPool, Request, fork_pool
from benchmarks.reliability.outcome import Outcome, PartResult
from benchmarks.reliability.promises import MEMORY_MB, Ended, broken_promises

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """How much is tried. command_every: 3 sends every third mutant of a container to mer-stream."""

    count: int = 300
    command_every: int = 3
    processes: int = 2
    memory_mb: float = MEMORY_MB
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Mutant:
    """One damaged file. whole: frames of the sound clip."""

    number: int
    container: str
    path: Path
    whole: int
    through_command: bool


def check_media(plan: MediaPlan, seed: int, folder: Path) -> PartResult:
    """All mutants; broken are crashes, hangs, tracebacks and frames missing without a report."""
    clips = make_clips(folder)
    with fork_pool(plan.processes) as pool, ThreadPoolExecutor(plan.processes) as threads:
        whole = {name: _frames_of(pool, path) for name, path in clips.items()}
        contents = {name: path.read_bytes() for name, path in clips.items()}
        names = list(clips)

        def check(number: int) -> list[Outcome]:
            name = names[number % len(names)]
            rng = np.random.default_rng((seed, number))
            path = folder / f"mutant-{number}.{name}"
            path.write_bytes(mutate(contents[name], rng))
            through = plan.command_every and number // len(names) % plan.command_every == 0
            mutant = Mutant(number, name, path, whole[name], bool(through))
            try:
                return list(_check(pool, plan, mutant, seed))
            finally:
                path.unlink()

        found = [outcome for each in threads.map(check, range(plan.count)) for outcome in each]
    return PartResult("media", tuple(found), _figures(found, plan))


def _check(pool: ForkPool, plan: MediaPlan, mutant: Mutant, seed: int) -> Iterator[Outcome]:
    limits: dict[str, Any] = {"timeout_s": plan.timeout_s, "memory_mb": plan.memory_mb}
    again = f"mutate(clip.{mutant.container}, default_rng(({seed}, {mutant.number})))"
    request = Request((str(mutant.path), str(mutant.whole)), str(mutant.path.parent), "judge")
    yield judge_reading(pool.run(replaced(request, **limits)), mutant, plan.memory_mb, again)
    if not mutant.through_command:
        return
    summary = mutant.path.with_name(f"{mutant.number}.json")
    events = mutant.path.with_name(f"{mutant.number}.jsonl")
    arguments = (str(mutant.path), "-o", str(events), "--summary", str(summary))
    ended = pool.run(Request((*arguments,), str(mutant.path.parent), **limits))
    yield judge_command(ended, mutant, summary, events, plan.memory_mb, again)
    for path in (summary, events):
        path.unlink(missing_ok=True)


def judge_reading(ended: Ended, mutant: Mutant, memory_mb: float, again: str) -> Outcome:
    """The verdict of `mutants.judge`, or how its process ended."""
    broken = list(broken_promises(ended, {0}, memory_mb))
    kind = "crash"
    if not broken:
        verdict = json.loads(ended.stdout)
        kind = _unless_raw(verdict["kind"], mutant)
        if kind in ("silent", "defect"):
            broken.append(
                f"{verdict['frames']} of {verdict['declared']} frames, {verdict['sentence']!r}"
            )
    facts = {"way": "read", "container": mutant.container, "kind": kind}
    return Outcome(f"{mutant.number} {mutant.container}", tuple(broken), again, facts)


def judge_command(
    ended: Ended, mutant: Mutant, summary: Path, events: Path, memory_mb: float, again: str
) -> Outcome:
    """Whether the exit code, the summary and the events of a run agree with each other."""
    broken = list(broken_promises(ended, None, memory_mb))
    kind = f"exit {ended.code}"
    if not broken and ended.code in (0, 10):
        row = json.loads(summary.read_text(encoding="utf-8"))["sources"][0]
        if ended.code == 0 and row["frames"] < mutant.whole:
            kind = _unless_raw("silent", mutant)
            if kind == "silent":
                broken.append(f"{row['frames']} of {mutant.whole} frames with exit code 0")
        if bool(row["truncated"]) != (ended.code == 10):
            broken.append(f"truncated: {row['truncated']}, but exit code {ended.code}")
        if not events.exists():
            broken.append("no file of events")
        else:
            for line in events.read_text(encoding="utf-8").splitlines():
                json.loads(line)
    facts = {"way": "command", "container": mutant.container, "kind": kind}
    return Outcome(f"{mutant.number} {mutant.container} mer-stream", tuple(broken), again, facts)


def _unless_raw(kind: str, mutant: Mutant) -> str:
    """Fewer frames of a raw stream, which declares nothing, cannot be told from a shorter one."""
    return "undeclared" if kind == "silent" and mutant.container in UNDECLARED else kind


def replaced(request: Request, **changes: Any) -> Request:
    """The request with other limits."""
    facts = {name: getattr(request, name) for name in Request.__dataclass_fields__}
    return Request(**(facts | changes))


def _frames_of(pool: ForkPool, path: Path) -> int:
    ended = pool.run(Request((str(path), str(FRAMES)), str(path.parent), "judge"))
    return int(json.loads(ended.stdout)["frames"])


def _figures(found: list[Outcome], plan: MediaPlan) -> dict[str, Any]:
    per: dict[str, Counter[str]] = {"read": Counter(), "command": Counter()}
    for outcome in found:
        per[outcome.facts["way"]][outcome.facts["kind"]] += 1
    silent = Counter(
        o.facts["container"] for o in found if o.facts["kind"] == "silent" and o.broken
    )
    return {
        "mutants": plan.count,
        "through_mer_stream": sum(per["command"].values()),
        "memory_limit_mb": plan.memory_mb,
        "time_limit_s": plan.timeout_s,
        "outcomes": {way: dict(sorted(counts.items())) for way, counts in per.items()},
        "silent_by_container": dict(sorted(silent.items())),
        "processes": min(plan.processes, os.cpu_count() or 1),
    }
