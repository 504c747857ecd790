"""Coverage made by hand."""

from __future__ import annotations

from collections.abc import Mapping

from streamer.outputs.coverage import Coverage, FaceCoverage, HalfCoverage


def coverage(time_s: float, upper: Mapping[str, float], lower: Mapping[str, float]) -> Coverage:
    """Of one face, by the seconds of each reason; "": judged."""
    seen_s = time_s - upper.get("no face", 0.0)
    face = FaceCoverage(seen_s, half(time_s, upper), half(time_s, lower))
    return Coverage(time_s, face, {0: face})


def half(time_s: float, seconds: Mapping[str, float]) -> HalfCoverage:
    judged_s = seconds.get("", 0.0)
    lost = {why: s for why, s in seconds.items() if why}
    return HalfCoverage(judged_s, round(judged_s / time_s, 4), lost)
