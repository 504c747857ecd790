"""How much of a recording could be judged, as sentences and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamer.core.files.strict_json import Each, check_shape
from streamer.core.records import JsonObject

LOW = 0.5  # below this share of the time, "no events" says little
_SHOWN_REASONS = 4
_HALF = {"judged_s": float, "share": float, "not_judged_s": Each(float)}
_FACE = {"seen_s": float, "upper": _HALF, "lower": _HALF}
SHAPE = {"time_s": float, "any_face": _FACE, "faces": Each(_FACE)}


@dataclass(frozen=True, slots=True)
class HalfCoverage:
    """Of one half of the face: seconds in which it could be judged, and in which not, by reason."""

    judged_s: float
    share: float  # of the recording's time
    not_judged_s: Mapping[str, float]  # the longest first

    def reasons(self, time_s: float) -> str:
        """Why not in the rest, as in " (speech 47%, head turn 9%)"; "" where nothing is."""
        shares = [(why, s / max(time_s, 1e-9)) for why, s in self.not_judged_s.items()]
        shown = [f"{why} {share:.0%}" for why, share in shares[:_SHOWN_REASONS] if share >= 0.005]
        return f" ({', '.join(shown)})" if shown else ""


@dataclass(frozen=True, slots=True)
class FaceCoverage:
    """Of one face, or of whatever face could be judged best."""

    seen_s: float
    upper: HalfCoverage
    lower: HalfCoverage


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of a recording: of its pictures' time, gaps left out."""

    time_s: float
    any_face: FaceCoverage  # a half counts as judged where that of some face was
    faces: Mapping[int, FaceCoverage] = field(default_factory=dict)  # by id

    @property
    def is_low(self) -> bool:
        """Whether so little could be judged that few events, or none, say little."""
        return min(self.any_face.upper.share, self.any_face.lower.share) < LOW

    def sentences(self) -> list[str]:
        """One for the recording; where there are several faces, one for each of the first."""
        whole = self._sentence("", self.any_face)
        if len(self.faces) < 2:
            return [whole]
        longest = sorted(self.faces, key=lambda face: (-self.faces[face].seen_s, face))
        own = [self._sentence(f"face {face}: ", self.faces[face]) for face in sorted(longest[:4])]
        more = len(longest) - len(own)
        return [whole, *own, *([f"{more} more faces: in the record"] if more else [])]

    def nothing_found(self) -> str:
        """What "no events" means here, as in "no events in the 6.0 s (10%) in which ..."."""
        if not self.is_low:
            return "no events"
        upper, lower = self.any_face.upper, self.any_face.lower
        return (
            f"no events in what could be judged, which is little: the upper face for "
            f"{_length(upper.judged_s)} ({upper.share:.0%} of the time), the lower face for "
            f"{_length(lower.judged_s)} ({lower.share:.0%})"
        )

    def _sentence(self, start: str, face: FaceCoverage) -> str:
        upper, lower = face.upper, face.lower
        return (
            f"{start}upper face judged in {upper.share:.0%} of the time"
            f"{upper.reasons(self.time_s)}, lower face in {lower.share:.0%}"
            f"{lower.reasons(self.time_s)}"
        )

    def to_json(self) -> JsonObject:
        """As in `run.json` and the summary."""
        return {
            "time_s": self.time_s,
            "any_face": _face_json(self.any_face),
            "faces": {str(face): _face_json(one) for face, one in self.faces.items()},
        }


def coverage_of(table: Mapping[str, Any]) -> Coverage:
    """The inverse of `to_json`. Raises ValueError for what has another shape."""
    check_shape(table, SHAPE, "coverage")
    faces = {int(face): _face_of(one) for face, one in table["faces"].items()}
    return Coverage(table["time_s"], _face_of(table["any_face"]), faces)


def _face_json(face: FaceCoverage) -> JsonObject:
    halves = {
        name: {
            "judged_s": half.judged_s,
            "share": half.share,
            "not_judged_s": dict(half.not_judged_s),
        }
        for name, half in (("upper", face.upper), ("lower", face.lower))
    }
    return {"seen_s": face.seen_s, **halves}


def _face_of(table: Mapping[str, Any]) -> FaceCoverage:
    upper, lower = (
        HalfCoverage(one["judged_s"], one["share"], one["not_judged_s"])
        for one in (table["upper"], table["lower"])
    )
    return FaceCoverage(table["seen_s"], upper, lower)


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"
