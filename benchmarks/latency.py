"""How late results of live pictures come, how old pictures get in the queue, how long a start is.

    python -m benchmarks.latency [CLIP] [--seconds 40] [--write]

A camera of 30 and one of 200 pictures a second are played in real time by the film of the clip
(H.264, pictures between two frames are blends), decoded when they are due in the thread that reads
a network camera, and go through the live source, its queue and the live loop. A picture's delay is
the time from when it was due to its result. An event becomes known with the picture at `emitted_s`,
a stated wait after its apex (stream time); the delay of that picture is what computing adds to it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clips import at_rate, pictures, write_clip
from benchmarks.loop_video import loop_video
from benchmarks.paced_camera import PacedCapture, WatchedPipeline
from benchmarks.performance_page import heading, made_by, picture_path, publish
from benchmarks.speed_plots import PLACES, plot_latency
from benchmarks.start_time import measure_starts, starts_row
from streamer.core.errors import CameraError
from streamer.core.records import EmotionEvent, SourceInfo
from streamer.run.build import build_pipeline, warm_up
from streamer.run.config import StreamConfig, load_config
from streamer.run.recording import run_recording
from streamer.sources import open_source
from streamer.sources.live import LiveSource
from training.common.markdown import table

LIMIT_MS, LIMIT_START_S = 100.0, 3.0
RATES = (30.0, 200.0)
SPOTTERS = {"rule": None, "learned": "bundled"}
_FILM_S = 14.0  # of the clip, then again
_AFTER_S = 2.0  # of film more than is watched, so that its end is never met


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clip", nargs="?", default="sample")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each of the four runs")
    parser.add_argument("--starts", type=int, default=3, help="runs of each kind of start")
    parser.add_argument("--write", action="store_true", help="into demo/figures and the docs")
    args = parser.parse_args()
    facts = measure(args.clip, args.seconds, args.starts)
    print(json.dumps({name: facts[name] for name in facts if name != "delays_ms"}, indent=2))
    if args.write:
        plot_latency(facts, LIMIT_MS, picture_path("latency"))
        publish("latency", facts, section(facts))


def measure(clip: str, seconds: float, starts: int) -> dict[str, Any]:
    """Starts, then every rate with every spotter."""
    facts: dict[str, Any] = {
        **heading(f"python -m benchmarks.latency --seconds {seconds:g} --write"),
        "clip": Path(clip).name,
        "seconds": seconds,
        "start_s": measure_starts(clip, starts),
        "live": {},
        "delays_ms": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for fps in RATES:
            film = make_film(clip, fps, seconds + _AFTER_S, Path(folder))
            for name, model in SPOTTERS.items():
                overrides = [("spotter_model", model)] if model else []
                one, delays_ms = watch_live(film, fps, seconds, load_config(None, overrides))
                key = f"{fps:.0f} fps, {name}"
                facts["live"][key] = {**one, "stated_wait_s": stated_wait_s(name, fps)}
                facts["delays_ms"][key] = [
                    round(float(v), 2) for v in np.percentile(delays_ms, PLACES)
                ]
    return facts


def make_film(clip: str, fps: float, seconds: float, folder: Path) -> Path:
    """The clip's first seconds at a rate, again and again, as one file."""
    once = write_clip(at_rate(pictures(clip, _FILM_S), fps), folder / f"{fps:.0f}-once.mp4", fps)
    film = folder / f"{fps:.0f}.mp4"
    loop_video(once, seconds + _FILM_S, film)
    return film


def watch_live(
    film: Path, fps: float, seconds: float, config: StreamConfig
) -> tuple[dict[str, Any], list[float]]:
    """Figures of one live run, and the delay of every picture in ms."""
    capture = PacedCapture(film, fps)
    with closing(build_pipeline(config)) as pipeline:
        warm_up(pipeline)
        watched = WatchedPipeline(pipeline)
        source = LiveSource(capture, _no_other, _info(film, fps), config.source)
        arrived: list[tuple[int, float]] = []
        events: list[tuple[EmotionEvent, float]] = []
        for result in run_recording(source, watched, max_seconds=seconds):
            if result.frame is None:
                continue  # the end of the run, which nobody waits for
            number = round(result.frame.time_s * fps)
            delay_s = time.monotonic() - capture.due_s[number]
            arrived.append((number, 1e3 * delay_s))
            events += [(event, 1e3 * delay_s) for event in result.events]
        dropped = source.report.dropped
    numbers = [number for number, _ in arrived]
    in_queue_ms = [
        1e3 * (taken - capture.queued_s[number])
        for number, taken in zip(numbers, watched.taken_s, strict=False)
    ]
    delays_ms = [delay for _, delay in arrived]
    return {
        "pictures": len(arrived),
        "dropped": dropped,
        "delay_ms": _summary(delays_ms),
        "in_queue_ms": _summary(in_queue_ms),
        "events": len(events),
        "event_compute_ms": _summary([delay for _, delay in events]),
        "micro_wait_s": round(
            max(
                (e.emitted_s - e.spot.apex_s for e, _ in events if e.spot.kind == "micro"),
                default=0.0,
            ),
            3,
        ),
    }, delays_ms


def stated_wait_s(spotter: str, fps: float) -> float:
    """The longest time of the stream from an apex to its event: docs/spotting.md."""
    from spotting.config import SpotterConfig
    from spotting.micro import learned, rule
    from spotting.micro.learned_inputs import INPUTS
    from spotting.micro.learned_network import load_net
    from spotting.micro.learned_ticks import RATE_HZ

    if spotter == "rule":
        return round(rule.latency_s(SpotterConfig()) + 1.0 / fps, 3)
    net = load_net(learned.BUNDLED, INPUTS, learned.OUTPUTS, learned.SETTINGS)
    return round(learned.latency_s(net) + 1.0 / fps + 1.0 / RATE_HZ, 3)


def _summary(values_ms: Sequence[float]) -> dict[str, float]:
    if not values_ms:
        return {}
    p50, p99, most = np.percentile(values_ms, (50, 99, 100))
    return {"p50": round(p50, 1), "p99": round(p99, 1), "max": round(most, 1)}


def _info(film: Path, fps: float) -> SourceInfo:
    with open_source(str(film)) as source:
        width_px, height_px = source.info.width_px, source.info.height_px
    return SourceInfo("camera", "camera", True, width_px, height_px, fps, None, None)


def _no_other() -> PacedCapture:
    raise CameraError("the film is over")


def section(facts: dict[str, Any]) -> str:
    """Starts, a table of the runs, the picture."""
    rows = []
    for name, one in facts["live"].items():
        rows.append(
            [
                name,
                _row(one["delay_ms"], "p50", "p99", "max"),
                _row(one["in_queue_ms"], "p99", "max"),
                f"{one['dropped']} of {one['pictures'] + one['dropped']}",
                f"{one['events']}",
                _row(one["event_compute_ms"], "p99", "max"),
                f"{one['micro_wait_s']:.2f} (stated: {one['stated_wait_s']:.2f})",
            ]
        )
    head = [
        "camera, spotter", "delay of a picture, ms: median / 99 % / most",
        "of it in the queue, ms: 99 % / most", "dropped", "events",
        "an event after its wait, ms: 99 % / most", "longest wait after the apex, s",
    ]  # fmt: skip
    return (
        f"{made_by(facts)}\n\n{table(head, rows)}\n\n"
        f"{_verdict(facts)} {starts_row(facts['start_s'], LIMIT_START_S)}\n\n"
        "![Share of the pictures whose result comes later than so many milliseconds]"
        "(performance-latency.png)"
    )


def _row(values: Mapping[str, float], *names: str) -> str:
    return " / ".join(f"{values[name]:.0f}" for name in names) if values else "-"


def _verdict(facts: dict[str, Any]) -> str:
    """Which of the promises held."""
    runs = facts["live"].items()
    late = [n for n, one in runs if one["event_compute_ms"].get("p99", 0.0) > LIMIT_MS]
    old = [n for n, one in runs if one["in_queue_ms"]["max"] > LIMIT_MS]
    long = [n for n, one in runs if one["micro_wait_s"] > one["stated_wait_s"] + 1e-3]
    return " ".join(
        f"{promise}: {'not held at ' + '; '.join(names) if names else 'held'}."
        for names, promise in (
            (late, "99 % of the events come within 100 ms of computing after their wait"),
            (old, "No picture is older than 100 ms in the queue"),
            (long, "No event waits longer than stated"),
        )
    )


if __name__ == "__main__":
    main()
