"""Which events of the film were found: arrivals against what the camera sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.reliability.camera import Sent, Window
from benchmarks.reliability.film import FPS, LOOP_FRAMES, LOOP_S, truths
from benchmarks.reliability.live_run import Arrival

LATEST_S = 3.0  # an event that comes so much later than it could be known is not matched
WARM_UP_S = 1.0  # of quiet, unbroken picture before an event, from which the reference comes
_NEAR_S = 2.0  # around a fault, for events that it may have made
TAIL_S = 1.0  # of unbroken picture after it: speech is told from expressions by it


@dataclass(frozen=True, slots=True)
class Expected:
    """One movement in front of the camera. Times of the camera, in seconds."""

    onset_s: float
    apex_s: float
    offset_s: float
    emotion: str
    apex_wall_s: float | None  # when its apex frame was sent; None: it never was
    clean: bool  # sent whole, over one connection, with what is needed around it


@dataclass(frozen=True, slots=True)
class Match:
    """An expected movement and the event that was reported for it."""

    expected: Expected
    arrival: Arrival | None

    @property
    def latency_s(self) -> float | None:
        """From the moment the apex frame was sent to the moment the line could be read."""
        if self.arrival is None or self.expected.apex_wall_s is None:
            return None
        return self.arrival.wall_s - self.expected.apex_wall_s


def expected_events(sent: Sequence[Sent], until_s: float, zero_wall_s: float) -> list[Expected]:
    """All movements whose end lies before `until_s` of the camera's time."""
    by_frame: dict[int, Sent] = {}
    for each in sent:
        by_frame.setdefault(each.frame, each)
    found = []
    for number in range(int(until_s / LOOP_S) + 1):
        for truth in truths():
            start_s = number * LOOP_S
            if start_s + truth.offset_s + TAIL_S > until_s:
                continue
            apex = by_frame.get(number * LOOP_FRAMES + round(truth.apex_s * FPS))
            first = round((start_s + max(0.0, truth.onset_s - WARM_UP_S)) * FPS)
            last = round((start_s + truth.offset_s + TAIL_S) * FPS)
            found.append(
                Expected(
                    start_s + truth.onset_s,
                    start_s + truth.apex_s,
                    start_s + truth.offset_s,
                    truth.emotion,
                    apex.wall_s if apex else None,
                    _is_clean(by_frame, first, last, zero_wall_s),
                )
            )
    return found


def _is_clean(by_frame: dict[int, Sent], first: int, last: int, zero_wall_s: float) -> bool:
    frames = [by_frame.get(number) for number in range(first, last + 1)]
    there = [frame for frame in frames if frame is not None]
    one = len({frame.connection for frame in there}) == 1
    on_time = all(abs(f.wall_s - zero_wall_s - f.frame / FPS) < 0.5 for f in there)
    return len(there) == len(frames) and one and on_time and all(f.whole for f in there)


def match_events(
    expected: Sequence[Expected], arrivals: Sequence[Arrival], zero_wall_s: float
) -> tuple[list[Match], list[Arrival]]:
    """(one match per expected movement, events that belong to none of them).

    An event cannot be known sooner after its apex than its own `emitted_s - apex_s`; the latest
    apex before that is taken, of the same emotion where there is one.
    """
    taken: dict[int, Arrival] = {}
    extra = []
    for arrival in sorted(arrivals, key=lambda each: each.wall_s):
        event = arrival.event
        own_s = max(0.0, float(event["emitted_s"]) - float(event["apex_s"]))
        latest_s = arrival.wall_s - zero_wall_s - own_s + 0.3
        near = [
            (e.emotion == event["emotion"], e.apex_s, place)
            for place, e in enumerate(expected)
            if place not in taken and latest_s - LATEST_S < e.apex_s <= latest_s
        ]
        if near and event["kind"] == "micro":
            taken[max(near)[2]] = arrival
        else:
            extra.append(arrival)
    return [Match(e, taken.get(place)) for place, e in enumerate(expected)], extra


def away_from_faults(
    extra: Sequence[Arrival], faults: Sequence[Window], zero_wall_s: float
) -> list[Arrival]:
    """Those of the made-up events that no fault explains.

    A picture that breaks off or is damaged can look like a movement; so can the first second after.
    """
    kept = []
    for arrival in extra:
        event = arrival.event
        own_s = max(0.0, float(event["emitted_s"]) - float(event["onset_s"]))
        latest_s = arrival.wall_s - zero_wall_s
        near = any(
            fault.start_s - _NEAR_S < latest_s and latest_s - own_s - _NEAR_S < fault.end_s
            for fault in faults
        )
        if not near:
            kept.append(arrival)
    return kept
