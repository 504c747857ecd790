"""The command line; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.page_section import made_on
from benchmarks.reliability.faults import check_faults
from benchmarks.reliability.media import MediaPlan, check_media
from benchmarks.reliability.names import NAMES, check_names
from benchmarks.reliability.outcome import PartResult
from benchmarks.reliability.page import write_page
from benchmarks.reliability.plot import plot_soak
from benchmarks.reliability.settings import check_settings
from benchmarks.reliability.soak import check_soak
from benchmarks.reliability.urls import check_urls

PARTS = ("media", "names", "urls", "yaml", "faults", "soak")
_LIVE = ("faults", "soak")  # these mostly wait, and run beside the others
SCHEMA = "mer-stream/reliability/1"
_SILENT_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of each part."""

    media: MediaPlan
    names: int
    urls: int
    yaml: int
    soak_s: float
    gap_s: tuple[float, float]  # between two faults of the soak
    sample_every_s: float


SHORT = Plan(MediaPlan(300, command_every=3), len(NAMES), 104, 140, 60.0, (5.0, 12.0), 1.0)
LONG = Plan(MediaPlan(10_000, command_every=1), len(NAMES), 1000, 2000, 3660.0, (8.0, 40.0), 5.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts; returns 1 where a promise was broken."""
    options = _parse(arguments)
    if options.write:
        result = json.loads(options.write.read_text(encoding="utf-8"))
        print(f"docs/reliability.md: {', '.join(write_page(result))}")
        return 0
    wanted = [name.strip() for name in options.only.split(",")] if options.only else list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        raise SystemExit(f"--only {', '.join(sorted(unknown))}: parts are {', '.join(PARTS)}")
    plan = LONG if options.long else SHORT
    if options.soak_seconds:
        plan = replace(plan, soak_s=options.soak_seconds)
    if options.mutants:
        plan = replace(plan, media=replace(plan.media, count=options.mutants))
    with tempfile.TemporaryDirectory(prefix="mer-reliability-") as scratch:
        results = run_parts(wanted, plan, options.seed, Path(scratch), options.fault or ())
    result = _result(options, results)
    _report(results)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(result, indent=1) + "\n"
        (options.out / "result.json").write_text(text, encoding="utf-8")
        if "soak" in results:
            plot_soak(results["soak"].facts, options.out / "soak.png")
    return int(any(fails(part) for part in results.values()))


def fails(part: PartResult) -> bool:
    """Whether a part fails the run: any broken promise does, but for rare silent losses.

    Some containers do not say what they hold well enough to see every lost frame; those that are
    lost silently are listed, and may be one in a hundred.
    """
    silent = [outcome for outcome in part.broken if outcome.facts.get("kind") == "silent"]
    most = len(part.outcomes) * _SILENT_SHARE
    return len(part.broken) > len(silent) or len(silent) > most


def run_parts(
    wanted: Sequence[str], plan: Plan, seed: int, scratch: Path, rows: Sequence[str] = ()
) -> dict[str, PartResult]:
    """The wanted parts by name. Live ones run beside those that compute, one after another."""
    jobs: dict[str, Callable[[Path], PartResult]] = {
        "media": lambda folder: check_media(plan.media, seed, folder),
        "names": lambda folder: check_names(plan.names, seed, folder),
        "urls": lambda folder: check_urls(plan.urls, seed, folder),
        "yaml": lambda folder: check_settings(plan.yaml, seed, folder),
        "faults": lambda folder: check_faults(folder, seed, rows),
        "soak": lambda folder: check_soak(
            plan.soak_s, seed, folder, plan.gap_s, plan.sample_every_s
        ),
    }

    def run(name: str) -> PartResult:
        folder = scratch / name
        folder.mkdir()
        began_s = time.monotonic()
        found = replace(jobs[name](folder), wall_s=time.monotonic() - began_s)
        print(f"{name}: {len(found.outcomes)} cases in {found.wall_s:.0f} s", file=sys.stderr)
        return found

    with ThreadPoolExecutor(len(_LIVE)) as live, ThreadPoolExecutor(1) as working:
        started = {
            name: (live if name in _LIVE else working).submit(run, name)
            for name in PARTS
            if name in wanted
        }
        return {name: future.result() for name, future in started.items()}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability", description=__doc__.split("\n")[0]
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--short", action="store_true", help="for CI: under four minutes")
    length.add_argument("--long", action="store_true", help="10,000 mutants, an hour of live input")
    parser.add_argument("--only", default="", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--out", type=Path, help="folder for result.json and the plot")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--soak-seconds", type=float, help="another length of the live input")
    parser.add_argument("--mutants", type=int, help="another number of damaged recordings")
    parser.add_argument("--fault", action="append", help="only rows whose name holds this text")
    parser.add_argument("--write", type=Path, metavar="RESULT", help="write docs/reliability.md")
    options = parser.parse_args(arguments)
    if not (options.short or options.long or options.write):
        parser.error("give --short, --long, or --write RESULT.json")
    return options


def _result(options: argparse.Namespace, results: dict[str, PartResult]) -> dict[str, Any]:
    words = ["python -m benchmarks.reliability", "--long" if options.long else "--short"]
    words += [f"--only {options.only}"] if options.only else []
    words += [f"--soak-seconds {options.soak_seconds:g}"] if options.soak_seconds else []
    words += [f"--mutants {options.mutants}"] if options.mutants else []
    return {
        "schema": SCHEMA,
        "command": " ".join(words),
        **made_on(),
        "python": platform.python_version(),
        "seed": options.seed,
        "parts": {name: part.to_json() for name, part in results.items()},
    }


def _report(results: dict[str, PartResult]) -> None:
    for name, part in results.items():
        state = f"{len(part.broken)} broken" if part.broken else "all held"
        print(f"{name}: {len(part.outcomes)} cases, {state}, {part.wall_s:.0f} s")
        for outcome in part.broken:
            print(f"  {outcome.case}\n    {'; '.join(outcome.broken)[:600]}")
            print(f"    try: {outcome.reproduce[:300]}")


if __name__ == "__main__":
    sys.exit(main())
