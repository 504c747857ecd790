"""A live run from the first frame to its end, and what holds in every one of them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.reliability.camera import Camera, Window
from benchmarks.reliability.film import LOOP_S, film
from benchmarks.reliability.live_run import Arrival, LiveRun
from benchmarks.reliability.matching import (
    Match,
    away_from_faults,
    expected_events,
    match_events,
)
from benchmarks.reliability.promises import Ended, broken_promises

QUICK = (
    "--set", "source.read_timeout_s=3", "--set", "source.reconnect_backoff_s=0.2",
    "--set", "source.reconnect_backoff_max_s=1",
)  # fmt: skip
START_S = 60.0  # a busy machine needs long to load the models
AFTER_S = 1.2  # of waiting after the film: the last event is known 1.0 s after its apex


@dataclass(frozen=True, slots=True)
class Watched:
    """A run that was watched from the first frame to its end."""

    ended: Ended
    summary: dict[str, Any]
    matches: tuple[Match, ...]
    made_up: int  # events that belong to no movement
    unexplained: tuple[Arrival, ...]  # those of them that are away from the fault
    arrivals: tuple[Arrival, ...]
    zero_wall_s: float
    connections: int

    @property
    def lost(self) -> int:
        """Movements without an event, whether or not a fault touched them."""
        return sum(match.arrival is None for match in self.matches)

    @property
    def lost_clean(self) -> list[float]:
        """Apex times of movements that no fault touched, without an event."""
        return [
            round(m.expected.apex_s, 2)
            for m in self.matches
            if m.expected.clean and m.arrival is None
        ]


def watch(
    folder: Path,
    faults: Sequence[Window] = (),
    form: str = "mpegts",
    ends_s: float = LOOP_S,
    seed: int = 0,
    meanwhile: Callable[[Camera, LiveRun], None] | None = None,
    more: Sequence[str] = (),
    number: int = signal.SIGTERM,
) -> Watched:
    """Play the film once with `faults`, then stop the run with a signal.

    meanwhile: called once the first frame was sent, in place of waiting for the end of the film.
    """
    with (
        Camera(faults, film(form), ends_s + AFTER_S, seed) as camera,
        LiveRun(camera.url, folder / "run", (*QUICK, *more)) as run,
    ):
        until_s = time.monotonic() + START_S
        while camera.time_s < 0 and run.alive and time.monotonic() < until_s:
            time.sleep(0.02)
        if meanwhile is not None:
            meanwhile(camera, run)
        while run.alive and not camera.over:
            time.sleep(0.02)
        if run.alive:
            run.signal(number)
        ended = run.finish(20.0)
        zero_s = camera.wall_of(0.0)
        matches, extra = match_events(
            expected_events(camera.sent, min(ends_s, camera.time_s), zero_s), run.arrivals, zero_s
        )
        return Watched(
            ended, run.summary(), tuple(matches), len(extra),
            tuple(away_from_faults(extra, faults, zero_s)), tuple(run.arrivals), zero_s,
            camera.connections,
        )  # fmt: skip


def check_run(watched: Watched, codes: set[int] | None = None) -> list[str]:
    """What holds in every live run: the way it ends, no clean movement lost, none made up."""
    broken = list(broken_promises(watched.ended, codes or {130}))
    if watched.lost_clean:
        broken.append(f"movements lost at {watched.lost_clean} s, which no fault touched")
    if watched.unexplained:
        found = [(a.event["kind"], a.event["apex_s"]) for a in watched.unexplained]
        broken.append(f"events that nobody made: {found}")
    if not watched.summary:
        broken.append("no summary was written")
    return broken
