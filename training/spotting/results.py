"""What the observations of a set add up to."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from training.spotting.analysis import set_facts
from training.spotting.megc import SetScore, score_set
from training.spotting.observation import Observation
from training.spotting.people_score import people_facts
from training.spotting.sets import SpotSet
from training.spotting.spotters import SPOTTERS
from training.spotting.tables import SpotRow


def spotter_facts(
    name: str, spot_set: SpotSet, observations: Sequence[Observation]
) -> dict[str, Any]:
    """Scores of one spotter over a set, false micro events, latency and cost.

    `false_micro_per_minute` counts over all recordings; `..._quiet` over those without any true
    movement. `known_after_offset_s` is stream time from the reported offset to the moment at which
    the event was known.
    """
    facts = {} if not spot_set.people else {"people": people_facts(name, spot_set, observations)}
    observations = judged(spot_set, observations)
    rows = [found.row(o.video) for o in observations for found in o.runs[name].found]
    score = score_set(spot_set.truth, rows)
    moving = {row.video for row in spot_set.truth}
    quiet = [o for o in observations if o.video not in moving]
    frames = sum(o.frames for o in observations)
    return {
        "about": SPOTTERS[name].about,
        "streams": SPOTTERS[name].streams,
        **set_facts(score, spot_set.fps),
        "recall_by_strength_iod": _recall_by_strength(score),
        "false_micro_per_minute": per_minute(_false_micros(score), observations),
        "false_micro_per_minute_quiet": per_minute(_micros(name, quiet), quiet),
        "known_after_offset_s": _latency(name, observations),
        "wall_ms_per_frame": round(
            1e3 * sum(o.runs[name].wall_s for o in observations) / max(frames, 1), 3
        ),
        **facts,
    }


def judged(spot_set: SpotSet, observations: Sequence[Observation]) -> list[Observation]:
    """Without recordings that may hold movements of their own and are only there to compare."""
    people = spot_set.people
    return [o for o in observations if not people or people[o.video].content != "own"]


def set_size(spot_set: SpotSet, observations: Sequence[Observation]) -> dict[str, Any]:
    """How much was looked at."""
    frames = sum(o.frames for o in observations)
    return {
        "recordings": len(observations),
        "recordings_without_truth": len(
            {o.video for o in observations} - {row.video for row in spot_set.truth}
        ),
        "minutes": round(sum(o.seconds for o in observations) / 60, 3),
        "frames": frames,
        "face_share": round(sum(o.face_frames for o in observations) / max(frames, 1), 4),
        "true_micro": sum(row.kind == "micro" for row in spot_set.truth),
        "true_macro": sum(row.kind == "macro" for row in spot_set.truth),
        "track_ms_per_frame": round(1e3 * sum(o.track_s for o in observations) / max(frames, 1), 3),
    }


def _recall_by_strength(score: SetScore) -> dict[str, dict[str, Any]]:
    if score.micro is None:
        return {}
    hit = {id(pair.truth) for pair in score.micro.pairs}
    groups: dict[float, list[SpotRow]] = {}
    for row in score.micro.truth:
        if row.strength_iod is not None:
            groups.setdefault(row.strength_iod, []).append(row)
    return {
        f"{strength:g}": {
            "n": len(rows),
            "recall": round(sum(id(row) in hit for row in rows) / len(rows), 4),
        }
        for strength, rows in sorted(groups.items())
    }


def _false_micros(score: SetScore) -> int:
    return score.micro.score.fp if score.micro else 0


def _micros(name: str, observations: Sequence[Observation]) -> int:
    return sum(found.kind == "micro" for o in observations for found in o.runs[name].found)


def per_minute(count: int, observations: Sequence[Observation]) -> float | None:
    """How many in a minute of the recordings; None where there are none."""
    minutes = sum(o.seconds for o in observations) / 60
    return round(count / minutes, 3) if minutes else None


def _latency(name: str, observations: Sequence[Observation]) -> dict[str, float] | None:
    """None for spotters that do not stream."""
    late = [
        found.emitted_s - found.offset_s
        for o in observations
        for found in o.runs[name].found
        if found.kind == "micro"
    ]
    if not late or not SPOTTERS[name].streams:
        return None
    return {"median": round(statistics.median(late), 3), "max": round(max(late), 3)}
