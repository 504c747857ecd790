"""What happened to each source: in a few lines for the reader, as JSON for a script."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from streamer.core.printable import printable, to_json
from streamer.core.records import FrameResult, JsonObject, SourceReport
from streamer.outputs.files import open_output, writing

SCHEMA = "mer-stream/summary/1"
NOTHING_READ = SourceReport(
    frames=0, dropped=0, reconnects=0, truncated=False, repairs={}, errors=()
)


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """The figures of one source. `error` is the sentence that ended it, if one did."""

    source: str
    exit_code: int
    error: str | None
    interrupted: bool
    frames: int
    duration_s: float
    frames_with_face: int
    faces: int
    events: dict[str, int]  # per kind
    emotions: dict[str, int]
    dropped: int
    reconnects: int
    truncated: bool
    repairs: dict[str, int]
    warnings: tuple[str, ...]
    wall_s: float

    @property
    def realtime_factor(self) -> float:
        """Seconds of video per second of work."""
        return self.duration_s / self.wall_s if self.wall_s > 0 else 0.0


@dataclass(slots=True)
class Counts:
    """A sink that counts."""

    frames: int = 0
    frames_with_face: int = 0
    faces: set[int] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    emotions: Counter[str] = field(default_factory=Counter)
    first_s: float = 0.0
    last_s: float = 0.0
    started: float = field(default_factory=time.monotonic)

    def start_clock(self) -> None:
        """Count the time of work from now."""
        self.started = time.monotonic()

    def write(self, result: FrameResult) -> None:
        for event in result.events:
            self.kinds[event.spot.kind] += 1
            if event.recognition is not None:
                self.emotions[event.recognition.emotion] += 1
        if result.frame is None:
            return
        if self.frames == 0:
            self.first_s = result.frame.time_s
        self.last_s = result.frame.time_s
        self.frames += 1
        ids = {aligned.face.face_id for aligned in result.faces}
        self.frames_with_face += bool(ids)
        self.faces |= ids

    def close(self) -> None:
        """Nothing to close."""

    @property
    def duration_s(self) -> float:
        """From the first frame to the end of the last, which lasts as long as the average."""
        span_s = self.last_s - self.first_s
        return span_s * self.frames / (self.frames - 1) if self.frames > 1 else 0.0

    def summarise(
        self,
        source: str,
        report: SourceReport = NOTHING_READ,
        *,
        exit_code: int = 0,
        error: str | None = None,
        interrupted: bool = False,
    ) -> SourceSummary:
        """The figures so far, with the source's own report."""
        return SourceSummary(
            source=source,
            exit_code=exit_code,
            error=error,
            interrupted=interrupted,
            frames=self.frames,
            duration_s=round(self.duration_s, 6),
            frames_with_face=self.frames_with_face,
            faces=len(self.faces),
            events={"micro": self.kinds["micro"], "macro": self.kinds["macro"]},
            emotions=dict(sorted(self.emotions.items())),
            dropped=report.dropped,
            reconnects=report.reconnects,
            truncated=report.truncated,
            repairs=dict(report.repairs),
            warnings=tuple(report.errors),
            wall_s=round(time.monotonic() - self.started, 3),
        )


def format_summary(summary: SourceSummary) -> str:
    """The figures as a few lines; what did not happen is not mentioned."""
    head = f"{printable(summary.source)}: "
    if summary.frames == 0:
        return head + printable(summary.error or "no frames were read.")
    lines = [head + ", ".join([_amount(summary), _faces(summary), _events(summary)])]
    lines += [f"  {line}" for line in (_losses(summary), _ending(summary)) if line]
    lines += [f"  note: {printable(warning)}" for warning in summary.warnings]
    if summary.error:
        lines.append(f"  ended by an error: {printable(summary.error)}")
    return "\n".join(lines)


def write_summary(path: Path, summaries: Sequence[SourceSummary], *, overwrite: bool) -> None:
    """Write the figures of all sources as one JSON object."""
    stream = open_output(path, overwrite=overwrite)
    with writing(path), stream:
        stream.write(to_json(summaries_to_json(summaries), indent=2) + "\n")


def summaries_to_json(summaries: Sequence[SourceSummary]) -> JsonObject:
    """The figures of all sources as plain data."""
    rows = [asdict(s) | {"realtime_factor": round(s.realtime_factor, 3)} for s in summaries]
    return {"schema": SCHEMA, "sources": rows}


def _amount(summary: SourceSummary) -> str:
    speed = f"{summary.realtime_factor:.1f}x real time"
    return (
        f"{summary.frames} frames, {summary.duration_s:.1f} s in {summary.wall_s:.1f} s ({speed})"
    )


def _faces(summary: SourceSummary) -> str:
    if summary.faces == 0:
        return "no face found"
    share = summary.frames_with_face / summary.frames
    return f"{_count(summary.faces, 'face')} in {share:.0%} of the frames"


def _events(summary: SourceSummary) -> str:
    total = sum(summary.events.values())
    if total == 0:
        return "no events"
    kinds = ", ".join(f"{n} {kind}" for kind, n in summary.events.items() if n)
    said = ", ".join(f"{n} {printable(emotion)}" for emotion, n in summary.emotions.items())
    return f"{_count(total, 'event')} ({kinds}{'; ' if said else ''}{said})"


def _losses(summary: SourceSummary) -> str:
    parts = []
    if summary.dropped:
        parts.append(f"{summary.dropped} frames dropped to keep up")
    if summary.reconnects:
        parts.append(_count(summary.reconnects, "reconnect"))
    if summary.repairs:
        named = ", ".join(f"{name} {count}" for name, count in sorted(summary.repairs.items()))
        parts.append(f"repaired: {named}")
    return "; ".join(parts)


def _ending(summary: SourceSummary) -> str:
    parts = ["interrupted"] if summary.interrupted else []
    if summary.truncated:
        parts.append("truncated: the recording is cut short or damaged; what came before is kept")
    return "; ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
