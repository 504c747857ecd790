"""What happened to each source: in a few lines for the reader, as JSON for a script."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from streamer.core.files.writing import open_output, writing
from streamer.core.printable import printable, to_json
from streamer.core.records import AlignedFace, FrameResult, JsonObject, SourceReport
from streamer.outputs.coverage import Coverage
from streamer.outputs.coverage_count import CoverageCount
from streamer.outputs.no_faces import NoFaceCount, NoFaceReason, no_face_line
from streamer.outputs.units import in_order

SCHEMA = "mer-stream/summary/1"
Status = Literal["done", "kept", "failed", "interrupted"]
_FIGURES = (
    "frames", "duration_s", "frames_with_face", "faces", "turned_deg", "events", "emotions",
    "units", "dropped", "reconnects", "truncated", "repairs", "warnings", "wall_s",
)  # fmt: skip
NOTHING_READ = SourceReport(
    frames=0, dropped=0, reconnects=0, truncated=False, repairs={}, errors=()
)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What came of one recording; run.json, the summary, the report and the tables are views of it.

    `kept` is of a batch: it was done before with the same settings.
    """

    name: str  # as it may be shown
    folder: str = ""  # in the output of a batch
    status: Status = "done"
    exit_code: int = 0
    error: str | None = None  # the sentence that ended it, if one did
    frames: int = 0
    duration_s: float = 0.0
    frames_with_face: int = 0
    no_face: tuple[NoFaceReason, ...] = ()  # why not in the others, the commonest first
    coverage: Coverage | None = None  # None: no pictures, or written by an older version
    faces: int = 0
    turned_deg: int = 0  # how far most faces stand turned clockwise in the picture: 0, 90, ...
    events: Mapping[str, int] = field(default_factory=lambda: {"micro": 0, "macro": 0})
    emotions: Mapping[str, int] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)  # events by unit in FACS notation
    dropped: int = 0
    reconnects: int = 0
    truncated: bool = False
    repairs: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    sha256: str = ""  # of the input
    wall_s: float = field(default=0.0, compare=False)

    @property
    def failed(self) -> bool:
        """Whether there is no log of it."""
        return self.status == "failed"

    @property
    def micro(self) -> int:
        """How many micro-expressions."""
        return self.events["micro"]

    @property
    def macro(self) -> int:
        """How many macro-expressions."""
        return self.events["macro"]

    @property
    def face_share(self) -> float:
        """Share of the frames with a face."""
        return self.frames_with_face / max(self.frames, 1)

    @property
    def upper_judged(self) -> float | None:
        """Share of the time in which the upper face could be judged; None: not known."""
        return None if self.coverage is None else self.coverage.any_face.upper.share

    @property
    def lower_judged(self) -> float | None:
        """The same of the lower face."""
        return None if self.coverage is None else self.coverage.any_face.lower.share

    @property
    def micro_a_minute(self) -> float:
        """Of the recording's own time."""
        return self.micro / max(self.duration_s / 60.0, 1e-9)

    @property
    def realtime_factor(self) -> float:
        """Seconds of video per second of work."""
        return self.duration_s / self.wall_s if self.wall_s > 0 else 0.0


@dataclass(slots=True)
class Counts:
    """A sink that counts."""

    frames: int = 0
    frames_with_face: int = 0
    no_face: NoFaceCount = field(default_factory=NoFaceCount)
    coverage: CoverageCount = field(default_factory=CoverageCount)
    faces: set[int] = field(default_factory=set)
    rolls: list[int] = field(default_factory=lambda: [0, 0, 0, 0])  # faces by quarter turns
    kinds: Counter[str] = field(default_factory=Counter)
    emotions: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
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
                self.units.update(unit.text for unit in event.recognition.units or ())
        self.coverage.write(result)
        if result.frame is None:
            return
        if self.frames == 0:
            self.first_s = result.frame.time_s
        self.last_s = result.frame.time_s
        self.frames += 1
        ids = {aligned.face.face_id for aligned in result.faces}
        self.frames_with_face += bool(ids)
        self.faces |= ids
        for aligned in result.faces:
            self.rolls[_quarter_turns(aligned)] += 1
        self.no_face.write(result)

    def close(self) -> None:
        """Nothing to close."""

    @property
    def duration_s(self) -> float:
        """From the first frame to the end of the last, which lasts as long as the average."""
        span_s = self.last_s - self.first_s
        return span_s * self.frames / (self.frames - 1) if self.frames > 1 else 0.0

    @property
    def turned_deg(self) -> int:
        """The roll of more than half of the faces that were seen, 0 where there is none."""
        most = max(range(4), key=lambda quarter: self.rolls[quarter])
        return 90 * most if 2 * self.rolls[most] > sum(self.rolls) else 0

    def summarise(
        self,
        name: str,
        report: SourceReport = NOTHING_READ,
        *,
        exit_code: int = 0,
        error: str | None = None,
        interrupted: bool = False,
    ) -> RunRecord:
        """The figures so far, with the source's own report."""
        return RunRecord(
            name=name,
            status="interrupted" if interrupted else "done",
            exit_code=exit_code,
            error=error,
            frames=self.frames,
            duration_s=round(self.duration_s, 6),
            frames_with_face=self.frames_with_face,
            no_face=self.no_face.reasons(),
            coverage=self.coverage.coverage(),
            faces=len(self.faces),
            turned_deg=self.turned_deg,
            events={"micro": self.kinds["micro"], "macro": self.kinds["macro"]},
            emotions=dict(sorted(self.emotions.items())),
            units={unit: self.units[unit] for unit in in_order(self.units)},
            dropped=report.dropped,
            reconnects=report.reconnects,
            truncated=report.truncated,
            repairs=dict(report.repairs),
            warnings=tuple(report.errors),
            wall_s=round(time.monotonic() - self.started, 3),
        )


def format_summary(record: RunRecord) -> str:
    """The figures as a few lines; what did not happen is not mentioned."""
    head = f"{printable(record.name)}: "
    if record.frames == 0:
        return head + printable(record.error or "no frames were read.")
    lines = [head + ", ".join([_amount(record), _faces(record), _events(record)])]
    details = (
        *(_units(record), *coverage_lines(record)),
        *(_roll(record), _losses(record), _ending(record)),
    )
    lines += [f"  {line}" for line in details if line]
    lines += [f"  note: {printable(warning)}" for warning in record.warnings]
    if record.error:
        lines.append(f"  ended by an error: {printable(record.error)}")
    return "\n".join(lines)


def coverage_lines(record: RunRecord) -> list[str]:
    """What could be judged of it, and why no face was found where none was."""
    missing = no_face_line(record.no_face, record.frames - record.frames_with_face, record.frames)
    judged = record.coverage.sentences() if record.coverage and record.faces else []
    return [line for line in (missing, *judged) if line]


def write_summary(path: Path, records: Sequence[RunRecord], *, overwrite: bool) -> None:
    """Write the figures of all sources as one JSON object."""
    stream = open_output(path, overwrite=overwrite)
    table = {"schema": SCHEMA, "sources": [_summary(record) for record in records]}
    with writing(path), stream:
        stream.write(to_json(table, indent=2) + "\n")


def _summary(record: RunRecord) -> JsonObject:
    return {
        "source": record.name,
        "exit_code": record.exit_code,
        "error": record.error,
        "interrupted": record.status == "interrupted",
        **{name: getattr(record, name) for name in _FIGURES},
        "no_face": [reason.to_json() for reason in record.no_face],
        "coverage": None if record.coverage is None else record.coverage.to_json(),
        "realtime_factor": round(record.realtime_factor, 3),
    }


def _amount(record: RunRecord) -> str:
    speed = f"{record.realtime_factor:.1f}x real time"
    return f"{record.frames} frames, {record.duration_s:.1f} s in {record.wall_s:.1f} s ({speed})"


def _faces(record: RunRecord) -> str:
    if record.faces == 0:
        return "no face found"
    return f"{_count(record.faces, 'face')} in {record.face_share:.0%} of the frames"


def _roll(record: RunRecord) -> str:
    if record.turned_deg == 0:
        return ""
    how = "upside down" if record.turned_deg == 180 else f"turned by {record.turned_deg} degrees"
    return (
        f"the faces are {how} in the picture and were followed so; "
        f"--rotate {360 - record.turned_deg} turns the picture"
    )


def _quarter_turns(aligned: AlignedFace) -> int:
    """How far a face stands turned clockwise in the picture, by how it was turned back."""
    cos, sin = aligned.frame_to_face[0, :2]
    return round(math.degrees(math.atan2(sin, cos)) / 90) % 4


def _events(record: RunRecord) -> str:
    total = sum(record.events.values())
    if total == 0:
        judged = record.coverage if record.faces else None
        return "no events" if judged is None else judged.nothing_found()
    kinds = ", ".join(f"{n} {kind}" for kind, n in record.events.items() if n)
    emotions = ", ".join(f"{n} {printable(emotion)}" for emotion, n in record.emotions.items())
    return f"{_count(total, 'event')} ({kinds}{'; ' if emotions else ''}{emotions})"


def _units(record: RunRecord) -> str:
    """How many events have which unit."""
    counts = ", ".join(f"{printable(unit)} ({n})" for unit, n in record.units.items())
    return f"action units: {counts}" if counts else ""


def _losses(record: RunRecord) -> str:
    parts = []
    if record.dropped:
        parts.append(f"{record.dropped} frames dropped to keep up")
    if record.reconnects:
        parts.append(_count(record.reconnects, "reconnect"))
    if record.repairs:
        named = ", ".join(f"{name} {count}" for name, count in sorted(record.repairs.items()))
        parts.append(f"repaired: {named}")
    return "; ".join(parts)


def _ending(record: RunRecord) -> str:
    parts = ["interrupted"] if record.status == "interrupted" else []
    if record.truncated:
        parts.append("truncated: the recording is cut short or damaged; what came before is kept")
    return "; ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
