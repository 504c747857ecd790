"""How far the events of a part are those of the whole recording, by the length of the warm-up.

    python -m benchmarks.parts RECORDING... [--length 20] [--warm-up 0,5,15,30]

Each recording is run whole, then in parts; an event of the whole whose apex lies in a part is found
again where the part has one of the same kind with its apex within one frame.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from streamer.core.records import EmotionEvent
from streamer.run.build import stream
from streamer.run.config import StreamConfig
from streamer.sources import open_source


def main() -> None:
    """Print one row for each length of the warm-up."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recordings", nargs="+")
    parser.add_argument("--length", type=float, default=20.0)
    parser.add_argument("--warm-up", default="0,5,15,30")
    options = parser.parse_args()
    wholes = {name: list(stream(name)) for name in options.recordings}
    print("| warm-up, s | events of the whole | found | same frames and class | beside them |")
    print("|---|---|---|---|---|")
    for warm_up_s in map(float, options.warm_up.split(",")):
        rows = [
            compare(whole, name, start_s, options.length, warm_up_s)
            for name, whole in wholes.items()
            for start_s in starts(name, options.length)
        ]
        cells = " | ".join(str(sum(column)) for column in zip(*rows, strict=True))
        print(f"| {warm_up_s:g} | {cells} |", flush=True)


def starts(name: str, length_s: float) -> Iterator[float]:
    """Of the parts that tile a recording, but for the first, which has nothing before it."""
    with open_source(name) as source:
        whole_s = source.info.declared_duration_s or 0.0
    yield from (number * length_s for number in range(1, int(whole_s // length_s) + 1))


def compare(
    whole: list[EmotionEvent], name: str, start_s: float, length_s: float, warm_up_s: float
) -> tuple[int, int, int, int]:
    """(events of the whole in the part, found, of these the same, other events of the part)."""
    source = {"start_s": start_s, "end_s": start_s + length_s, "warm_up_s": warm_up_s}
    part = list(stream(name, StreamConfig(), source=source))
    inside = [event for event in whole if start_s <= event.spot.apex_s < start_s + length_s]
    pairs = [(one, match) for one in inside if (match := find(one, part)) is not None]
    same = sum(facts(one) == facts(match) for one, match in pairs)
    return len(inside), len(pairs), same, len(part) - len(pairs)


def find(event: EmotionEvent, among: list[EmotionEvent]) -> EmotionEvent | None:
    """The event of the same kind at the same apex, within a frame."""
    for other in among:
        near = abs(other.spot.apex_frame - event.spot.apex_frame) <= 1
        if near and other.spot.kind == event.spot.kind:
            return other
    return None


def facts(event: EmotionEvent) -> tuple[object, ...]:
    """What the log says of when and what."""
    spot = event.spot
    emotion = None if event.recognition is None else event.recognition.emotion
    return spot.onset_frame, spot.apex_frame, spot.offset_frame, emotion


if __name__ == "__main__":
    main()
