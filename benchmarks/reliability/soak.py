"""Live input for a long time with faults at random: what it costs, what is found, how late."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmarks.reliability.camera import Camera, Kind, Window
from benchmarks.reliability.film import film
from benchmarks.reliability.live_run import LiveRun, Usage
from benchmarks.reliability.matching import (
    Match,
    away_from_faults,
    expected_events,
    match_events,
)
from benchmarks.reliability.outcome import Outcome, PartResult
from benchmarks.reliability.promises import broken_promises
from benchmarks.reliability.watching import QUICK, START_S

_MORE = (*QUICK, "--set", "source.reconnect_attempts=20")
_WARM_UP_SHARE = 0.2  # of the run: libraries allocate what they keep
_PERCENTILES = (50, 90, 95, 99, 100)


@dataclass(frozen=True, slots=True)
class SoakLimits:
    """What counts as a broken promise. Growth: median of the last fifth over that of the second."""

    rss_growth_mb: float = 40.0
    descriptor_growth: float = 4.0
    thread_growth: float = 4.0
    clean_lost_share: float = 0.05  # and never one movement alone
    latency_p95_s: float = 4.0
    extra_share: float = 0.05


def random_faults(seconds: float, seed: int, gap_s: tuple[float, float]) -> list[Window]:
    """Faults of every kind, half a second to four seconds long, with pauses between them."""
    chance = random.Random(seed)
    kinds: tuple[Kind, ...] = get_args(Kind)
    faults, now_s = [], 6.0
    while now_s < seconds - 8.0:
        length_s = chance.uniform(0.5, 4.0)
        faults.append(Window(round(now_s, 2), round(now_s + length_s, 2), chance.choice(kinds)))
        now_s += length_s + chance.uniform(*gap_s)
    return faults


def check_soak(
    seconds: float,
    seed: int,
    folder: Path,
    gap_s: tuple[float, float] = (5.0, 12.0),
    every_s: float = 2.0,
    limits: SoakLimits | None = None,
) -> PartResult:
    """Run it, then judge. The facts hold the samples, for the plot."""
    faults = random_faults(seconds, seed, gap_s)
    samples: list[Usage] = []
    with (
        Camera(faults, film("mpegts"), seconds + 1.5, seed) as camera,
        LiveRun(camera.url, folder / "soak", _MORE) as run,
    ):
        until_s = time.monotonic() + START_S
        while camera.time_s < 0 and run.alive and time.monotonic() < until_s:
            time.sleep(0.05)
        next_s = 0.0
        while run.alive and not camera.over:
            if camera.time_s >= next_s and (usage := run.usage()) is not None:
                samples.append(usage)
                next_s += every_s
            time.sleep(0.05)
        alive_at_end = run.alive
        played_s = camera.time_s
        run.signal()
        ended, summary = run.finish(30.0), run.summary()
        zero_s = camera.wall_of(0.0)
        matches, extra = match_events(
            expected_events(camera.sent, min(seconds, played_s), zero_s), run.arrivals, zero_s
        )
    facts = _figures(matches, summary, samples, faults, seconds)
    facts["made_up"] = [  # kind, its own time of the apex, the camera's time of its arrival
        [a.event["kind"], a.event["apex_s"], round(a.wall_s - zero_s, 2)] for a in extra
    ]
    facts["events"]["made_up"] = len(extra)
    facts["events"]["unexplained"] = len(away_from_faults(extra, faults, zero_s))
    broken = list(broken_promises(ended, {130}))
    if not alive_at_end:
        broken.append(f"it ended by itself after {played_s:.0f} s: {ended.complaint[:200]}")
    broken += judge_soak(facts, limits or SoakLimits())
    again = f"python -m benchmarks.reliability --only soak --soak-seconds {seconds:g} --seed {seed}"
    return PartResult("soak", (Outcome("soak", tuple(broken), again),), facts)


def judge_soak(facts: dict[str, Any], limits: SoakLimits) -> list[str]:
    """The limits that were passed."""
    broken = []
    for name, most in (
        ("rss_mb", limits.rss_growth_mb),
        ("descriptors", limits.descriptor_growth),
        ("threads", limits.thread_growth),
    ):
        grown = facts["growth"][name]
        if grown > most:
            broken.append(f"{name} grew by {grown:g}, more than {most:g}")
    events = facts["events"]
    lost = events["clean_expected"] - events["clean_found"]
    if lost > max(1.0, limits.clean_lost_share * events["clean_expected"]):
        broken.append(f"{lost} of {events['clean_expected']} movements that no fault touched lost")
    if events["unexplained"] > max(1.0, limits.extra_share * events["expected"]):
        broken.append(f"{events['unexplained']} events that nobody made, away from any fault")
    late = facts["latency_s"].get("p95")
    if late is not None and late > limits.latency_p95_s:
        broken.append(f"95 % of the events within {late:.1f} s of their apex, not 4 s")
    return broken


def _figures(
    matches: Sequence[Match],
    summary: dict[str, Any],
    samples: Sequence[Usage],
    faults: Sequence[Window],
    seconds: float,
) -> dict[str, Any]:
    clean = [m for m in matches if m.expected.clean]
    late = [m.latency_s for m in matches if m.latency_s is not None]
    shown = {
        f"p{p}": round(float(np.percentile(late, p)), 3) for p in _PERCENTILES if len(late) > 0
    }
    return {
        "seconds": seconds,
        "faults": dict(sorted(Counter(fault.kind for fault in faults).items())),
        "events": {
            "expected": len(matches),
            "found": sum(m.arrival is not None for m in matches),
            "clean_expected": len(clean),
            "clean_found": sum(m.arrival is not None for m in clean),
            "right_emotion": sum(
                m.arrival is not None and m.arrival.event["emotion"] == m.expected.emotion
                for m in matches
            ),
        },
        "latency_s": shown,
        "frames": summary.get("frames"),
        "dropped": summary.get("dropped"),
        "reconnects": summary.get("reconnects"),
        "repairs": summary.get("repairs"),
        "growth": {name: growth(samples, name) for name in ("rss_mb", "descriptors", "threads")},
        "slope_per_hour": {
            name: slope_per_hour(samples, name) for name in ("rss_mb", "descriptors", "threads")
        },
        "peak": {
            name: max((getattr(u, name) for u in samples), default=None)
            for name in ("rss_mb", "descriptors", "threads")
        },
        "cpu_share": _cpu_share(samples),
        "samples": [asdict(usage) for usage in samples],
        "latencies": [
            [round(m.expected.apex_s, 2), round(m.latency_s, 3)]
            for m in matches
            if m.latency_s is not None
        ],
        "windows": [[fault.start_s, fault.end_s, fault.kind] for fault in faults],
    }


def _settled(samples: Sequence[Usage]) -> Sequence[Usage]:
    return samples[int(len(samples) * _WARM_UP_SHARE) :]


def growth(samples: Sequence[Usage], name: str) -> float:
    """Median of the last fifth of the samples less that of the second fifth; 0 for too few."""
    settled = _settled(samples)
    fifth = len(samples) // 5
    if fifth < 2:
        return 0.0
    first = np.median([getattr(usage, name) for usage in settled[:fifth]])
    last = np.median([getattr(usage, name) for usage in settled[-fifth:]])
    return round(float(last - first), 2)


def slope_per_hour(samples: Sequence[Usage], name: str) -> float | None:
    """Least squares through what came after the warm-up; None for too few samples."""
    settled = _settled(samples)
    if len(settled) < 10:
        return None
    times_h = np.array([usage.time_s for usage in settled]) / 3600
    values = [getattr(usage, name) for usage in settled]
    return round(float(np.polyfit(times_h, values, 1)[0]), 3)


def _cpu_share(samples: Sequence[Usage]) -> float | None:
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    return round((last.cpu_s - first.cpu_s) / max(1e-9, last.time_s - first.time_s), 3)
