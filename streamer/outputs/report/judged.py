"""What could be judged, as a table, as figures and in colours, for reports and for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from streamer.core.coverage import NO_FACE
from streamer.outputs.summary import RunRecord

_COLOURED = {
    "speech": "speech", "head turn": "turn", "blink": "blink", "covered": "cover", NO_FACE: "none",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """One line of the table: judged, or a reason; the share of the time of each half."""

    name: str
    css: str  # class of its colour
    upper: float
    lower: float


@dataclass(frozen=True, slots=True)
class CoverageTable:
    """Shares of the time of the recording, and a sentence for each face where there are several."""

    rows: Sequence[JudgedRow]
    faces: Sequence[str]


def coverage_table(record: RunRecord) -> CoverageTable | None:
    """None where nothing is known of it."""
    covered = record.coverage
    if covered is None:
        return None
    upper, lower = covered.any_face.upper, covered.any_face.lower
    lost = {
        why: (upper.not_judged_s.get(why, 0.0), lower.not_judged_s.get(why, 0.0))
        for why in (*upper.not_judged_s, *lower.not_judged_s)
    }
    time_s = max(covered.time_s, 1e-9)
    rows = [
        JudgedRow(why, reason_class(why), seconds[0] / time_s, seconds[1] / time_s)
        for why, seconds in sorted(lost.items(), key=lambda pair: -sum(pair[1]))
    ]
    judged = JudgedRow("judged", "yes", upper.share, lower.share)
    return CoverageTable([judged, *rows], covered.sentences()[1:])


def judged_figures(record: RunRecord) -> list[tuple[object, str]]:
    """The two shares, for the row of figures; none where they are not known."""
    upper, lower = record.upper_judged, record.lower_judged
    if upper is None or lower is None:
        return []
    return [(f"{upper:.0%}", "upper face judged"), (f"{lower:.0%}", "lower face judged")]


def judged_share(reasons: Counter[str]) -> tuple[str, float]:
    """The main reason against it ("": none), and the share that was judged, in quarters."""
    frames = reasons.total()
    if not frames:
        return "", 0.0
    lost = Counter({why: n for why, n in reasons.items() if why})
    share = round(4 * reasons[""] / frames) / 4
    return ("" if share == 1.0 else lost.most_common(1)[0][0]), share


def reason_class(reason: str) -> str:
    """The class that gives a reason its colour in the style sheets."""
    return _COLOURED.get(reason, "other")
