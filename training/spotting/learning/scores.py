"""What the left-out recordings say: the calibration, and figures by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spotting.micro.calibration import Calibration
from streamer.core.errors import UsageError
from training.spotting.learning.evaluate import Seen, total
from training.spotting.learning.examples import Example

_TAIL_PER_MINUTE = 8.0  # the tail that is fitted: so many false peaks a minute
_LEAST_PEAKS = 5
_STRONG_IOD = 0.05
_RATES = (0.25, 0.5, 1.0, 2.0, 4.0)


def minutes_of(examples: Sequence[Example]) -> float:
    """How long faces are followed in them."""
    return sum(example.minutes for example in examples)


def calibrate(seen: Sequence[Seen], false_per_minute: float) -> Calibration:
    """From what was found in controls: filmed people into whose recordings nothing was put.

    Where there are none, from what is found beside the truth of all recordings.

    Raises:
        UsageError: there are too few false peaks to say anything.
    """
    controls = [one for one in seen if one.example.control]
    logits = [p.logit for one in controls or seen for p in _false(one)]
    minutes = minutes_of([one.example for one in controls or seen])
    peaks = max(min(round(_TAIL_PER_MINUTE * minutes), len(logits) // 2), _LEAST_PEAKS)
    try:
        return Calibration.fit(logits, minutes, peaks).with_rate(false_per_minute)
    except ValueError as error:
        raise UsageError(
            f"{minutes:.1f} minutes of controls with {len(logits)} false peaks ({error}): "
            "give longer sets"
        ) from None


def _false(one: Seen) -> list[Any]:
    """Peaks that do not touch anything that is known to be there."""
    return [
        peak
        for peak in one.peaks
        if not any(a < peak.offset_s and peak.onset_s < b for a, _, b in one.example.truth_s)
    ]


def seen_facts(seen: Sequence[Seen], calibration: Calibration) -> dict[str, Any]:
    """Figures of filmed people and of portraits, native recordings, at the calibrated output."""
    groups = {
        "people": [s for s in seen if s.example.real and s.example.native],
        "people, variants": [s for s in seen if s.example.real and not s.example.native],
        "portraits": [s for s in seen if not s.example.real],
    }
    return {name: _facts(some, calibration) for name, some in groups.items() if some}


def _facts(seen: Sequence[Seen], calibration: Calibration) -> dict[str, Any]:
    least = calibration.logit_at(calibration.false_per_minute)
    injected = [s for s in seen if not s.example.control]
    controls = [s for s in seen if s.example.control]
    score = total(injected, least)
    return {
        "n": score.tp + score.fn,
        "tp": score.tp,
        "fp": score.fp,
        "f1": round(score.f1, 4),
        "recall_upper_strong": _recall_upper_strong(injected, least),
        "false_per_minute_controls": _rate(controls, least),
        "false_by_allowed": {
            f"{allowed:g}": _rate(controls, calibration.logit_at(allowed)) for allowed in _RATES
        },
        "f1_by_allowed": {
            f"{allowed:g}": round(total(injected, calibration.logit_at(allowed)).f1, 4)
            for allowed in _RATES
        },
    }


def _recall_upper_strong(seen: Sequence[Seen], least: float) -> float | None:
    """Of visible events of brows and lids at 0.05 IOD."""
    found: list[bool] = []
    for one in seen:
        e = one.example
        wanted = ~e.hidden & e.upper & (e.strength_iod >= _STRONG_IOD)
        found += one.hits(least)[1][wanted].tolist()
    return round(float(np.mean(found)), 4) if found else None


def _rate(seen: Sequence[Seen], least: float) -> float | None:
    minutes = minutes_of([s.example for s in seen])
    if minutes <= 0.0:
        return None
    return round(sum(len(s.above(least)) for s in seen) / minutes, 3)
