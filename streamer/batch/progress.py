"""All recordings of a batch in one view, with the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from streamer.batch.job import Job, Progress
from streamer.core.printable import printable
from streamer.outputs.no_faces import no_face_line
from streamer.outputs.summary import RunRecord
from streamer.outputs.terminal import format_clock

_BAR = "{desc} {percentage:3.0f}%|{bar:24}| {unit}"  # tqdm's own postfix begins with a comma


class BatchView:
    """A bar for the batch and one for each recording that is worked on; or lines in a log.

    Work is measured in bytes of input, which are known of all recordings before they are opened.
    """

    def __init__(self, jobs: Sequence[Job], slots: int, *, bars: bool, quiet: bool) -> None:
        self._sizes = {job.folder: max(job.size_bytes, 1) for job in jobs}
        self._shares: dict[str, float] = {}
        self._count = len(jobs)
        self._over = self._failed = 0
        self._kept_bytes = 0.0
        self._started = time.monotonic()
        self._quiet = quiet
        self._bars: dict[str, Any] = {}
        self._free = list(range(1, slots + 1))
        self._total = _bar("all", 0) if bars and not quiet else None

    def move(self, job: Job, progress: Progress) -> None:
        """A recording has come further."""
        self._shares[job.folder] = progress.share
        if self._total is not None:
            self._show_bar(job, progress)
        self._show()

    def end(self, job: Job, outcome: RunRecord) -> None:
        """A recording is over."""
        self._over += 1
        self._failed += outcome.failed
        self._shares[job.folder] = 1.0
        if outcome.status in ("kept", "failed"):
            self._kept_bytes += self._sizes[job.folder]
        bar = self._bars.pop(job.folder, None)
        if bar is not None:
            self._free.append(-bar.pos)
            bar.close()
        if not self._quiet and self._total is None:
            print(f"[{self._over}/{self._count}] {_line(outcome)}; {self._left()}", file=sys.stderr)
            for warning in outcome.warnings:
                print(f"  note: {printable(warning)}", file=sys.stderr)
        self._show()

    def close(self) -> None:
        """Take the bars away."""
        for bar in [*self._bars.values(), self._total]:
            if bar is not None:
                bar.close()

    def _show(self) -> None:
        if self._total is None:
            return
        done = sum(self._sizes[name] * share for name, share in self._shares.items())
        self._total.n = done / sum(self._sizes.values())
        failed = f", {self._failed} failed" if self._failed else ""
        self._total.unit = f"{self._over} of {self._count}{failed}, {self._left()}"
        self._total.refresh()

    def _show_bar(self, job: Job, progress: Progress) -> None:
        bar = self._bars.get(job.folder)
        if bar is None and self._free:
            bar = self._bars[job.folder] = _bar(printable(job.folder)[-28:], min(self._free))
            self._free.remove(min(self._free))
        if bar is not None:
            bar.n = progress.share
            bar.unit = f"{format_clock(progress.time_s)[:-4]}, events: {progress.events}"
            bar.refresh()

    def _left(self) -> str:
        """Time left, by the bytes worked through so far."""
        total = sum(self._sizes.values())
        done = sum(self._sizes[name] * share for name, share in self._shares.items())
        worked = done - self._kept_bytes
        if worked <= 0:
            return "time left unknown" if total > done else "nothing left"
        left_s = (time.monotonic() - self._started) * (total - done) / worked
        return f"{format_clock(left_s)[:-4]} left"


def format_totals(outcomes: Sequence[RunRecord], wall_s: float) -> str:
    """The batch in a few lines, with a sentence for each recording that failed."""
    done = [o for o in outcomes if o.status in ("done", "kept")]
    kept = sum(o.status == "kept" for o in outcomes)
    failed = [o for o in outcomes if o.failed]
    hours = sum(o.duration_s for o in done) / 3600
    worked_s = sum(o.duration_s for o in done if o.status == "done")
    speed = f", {worked_s / wall_s:.1f}x real time" if wall_s > 0 and worked_s else ""
    events = sum(o.micro + o.macro for o in done)
    parts = [f"{len(done)} of {len(outcomes)} recordings, {hours:.2f} h{speed}, {events} events"]
    if kept:
        parts.append(f"{kept} were done before")
    if any(o.truncated for o in done):
        parts.append(f"{sum(o.truncated for o in done)} are cut short or damaged")
    little = sum(o.coverage.is_low for o in done if o.coverage is not None)
    if little:
        parts.append(f"in {little} less than half of the time could be judged")
    noted = sum(bool(o.warnings) for o in done)
    if noted:
        parts.append(f"notes on {noted} are in their reports")
    lines = ["; ".join(parts)]
    if any(o.status == "interrupted" for o in outcomes):
        lines.append("Stopped. Run the same command with --resume to continue.")
    if failed:
        lines.append(f"{len(failed)} failed:")
        lines += [f"  {printable(o.error)}" for o in failed]
    return "\n".join(lines)


def _line(outcome: RunRecord) -> str:
    if outcome.failed:
        return printable(f"failed: {outcome.error}")
    what = "done before" if outcome.status == "kept" else outcome.status
    found = f"{outcome.name}: {what}, {outcome.micro} micro, {outcome.macro} macro"
    return printable(found + _judged(outcome))


def _judged(outcome: RunRecord) -> str:
    """How much could be judged; or why no face was found in most of it."""
    without = outcome.frames - outcome.frames_with_face
    if 2 * without > outcome.frames:
        line = no_face_line(outcome.no_face, without, outcome.frames)
        return f", {line or f'no face in {without / outcome.frames:.0%} of the frames'}"
    upper, lower = outcome.upper_judged, outcome.lower_judged
    if upper is None or lower is None:
        return ""
    return f", judged: upper face {upper:.0%}, lower face {lower:.0%} of the time"


def _bar(name: str, position: int) -> Any:
    from tqdm import tqdm

    return tqdm(
        desc=f"{name:28}", total=1.0, bar_format=_BAR, unit="", file=sys.stderr, position=position,
        leave=False, dynamic_ncols=True, mininterval=0.2,
    )  # fmt: skip
