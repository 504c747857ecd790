"""Memory, threads and descriptors of mer-stream on a recording that never ends.

    python -m benchmarks.memory CLIP [--seconds 200] [--write]       as much as fits into 200 s
    python -m benchmarks.memory CLIP --hours 10 [--write]            ten hours of the stream

A real `mer-stream -` with events, signals and a summary is fed through its standard input with the
clip again and again, as fast as it reads, and watched from outside. Samples that follow each other
are nearly the same one, so the slope goes through the medians of twelve stretches of the time after
the warm-up. Its interval takes these as independent, which memory that comes and goes in steps is
not quite; and a run shorter than what it is extrapolated to gives a straight line, not a proof.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import av
import psutil

from benchmarks.fits import block_medians, fit_line
from benchmarks.performance_page import heading, made_by, picture_path, publish
from benchmarks.reliability.process import MER_STREAM, environment
from benchmarks.speed_plots import plot_memory
from training.common.markdown import table

LIMIT_MB = 450.0  # of one stream
_WARM_UP_SHARE = 0.2
_BLOCKS = 12
_HOURS = 10.0  # what a slope is extrapolated to


@dataclass(frozen=True, slots=True)
class Usage:
    """What the process holds after so much of the stream."""

    wall_s: float
    stream_s: float  # that was sent; what waits in the pipe is less than a second or two
    rss_mb: float
    threads: int
    descriptors: int


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--seconds", type=float, default=200.0, help="of the clock, at most")
    parser.add_argument("--hours", type=float, help="of the stream, however long it takes")
    parser.add_argument("--write", action="store_true", help="into demo/figures and the docs")
    args = parser.parse_args()
    facts = measure(args.clip, None if args.hours else args.seconds, args.hours)
    print(json.dumps({name: facts[name] for name in facts if name != "samples"}, indent=2))
    if args.write:
        plot_memory(facts, picture_path("memory"))
        publish("memory", facts, section(facts))


def measure(clip: Path, seconds: float | None, hours: float | None) -> dict[str, Any]:
    """Run it, and sum up. One of `seconds` of the clock and `hours` of the stream ends it."""
    option = f"--hours {hours:g}" if hours else f"--seconds {seconds:g}"
    head = heading(f"python -m benchmarks.memory CLIP {option} --write")
    with tempfile.TemporaryDirectory() as folder:
        samples, peak_mb, summary = watch(clip, Path(folder), seconds, 3600.0 * (hours or 1e6))
    return {
        **head,
        "clip": clip.name,
        "frames": summary.get("frames", 0),
        "peak_mb": round(peak_mb, 1),
        "limit_mb": LIMIT_MB,
        **summed_up(samples),
        "samples": [asdict(sample) for sample in samples],
    }


def summed_up(samples: Sequence[Usage]) -> dict[str, Any]:
    """Slopes per hour of the stream after the warm-up, and what there was at its end and the end.

    Raises:
        ValueError: too few samples for a slope.
    """
    settled = samples[int(_WARM_UP_SHARE * len(samples)) :]
    if len(settled) < 2 * _BLOCKS:
        raise ValueError(f"{len(settled)} samples after the warm-up say nothing: run it for longer")
    at_h = block_medians([s.stream_s / 3600.0 for s in settled], _BLOCKS)
    rss = fit_line(at_h.tolist(), block_medians([s.rss_mb for s in settled], _BLOCKS).tolist())
    first, last = settled[0], samples[-1]
    return {
        "stream_hours": round(last.stream_s / 3600.0, 3),
        "wall_s": round(last.wall_s - samples[0].wall_s, 1),
        "slope_mb_per_hour": round(rss.slope, 2),
        "slope_error_mb_per_hour": round(rss.error, 2),
        "extrapolated_mb": [
            round(_HOURS * (rss.slope + side * rss.error), 1) for side in (-1.0, 0.0, 1.0)
        ],
        "after_warm_up": asdict(first),
        "at_end": asdict(last),
    }


def watch(
    clip: Path, folder: Path, seconds: float | None, until_stream_s: float
) -> tuple[list[Usage], float, dict[str, Any]]:
    """Samples of a run until one of the limits, its peak memory in MB, and its summary."""
    summary = folder / "summary.json"
    words = ("-o", str(folder / "events.jsonl"), "--signals", str(folder / "signals.csv"))
    process = subprocess.Popen(
        [*MER_STREAM, "-", *words, "--summary", str(summary), "--quiet"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None and process.stderr is not None
    feed = Feed(clip, process.stdin, until_stream_s)
    samples, peak_mb = _sample(process.pid, feed, seconds)
    feed.stop()
    message = process.stderr.read().decode(errors="replace")
    if process.wait() != 0:
        raise RuntimeError(f"mer-stream ended with {process.returncode}: {message[-500:]}")
    return samples, peak_mb, json.loads(summary.read_text(encoding="utf-8"))["sources"][0]


def _sample(pid: int, feed: Feed, seconds: float | None) -> tuple[list[Usage], float]:
    """Look at the process until it has seen enough; samples become rarer as it takes longer."""
    watched, samples, peak_mb = psutil.Process(pid), [], 0.0
    begun_s = time.monotonic()
    every_s = 0.25 if seconds is not None else 2.0
    with contextlib.suppress(psutil.Error):
        while feed.sending and (seconds is None or time.monotonic() < begun_s + seconds):
            usage = _usage(watched, begun_s, feed.sent_s)
            if usage.stream_s > 0.0:
                samples.append(usage)
            peak_mb = max(peak_mb, usage.rss_mb, _peak_mb(pid))
            time.sleep(every_s)
    return samples, peak_mb


def _peak_mb(pid: int) -> float:
    """The most it has held so far, where the system keeps count (Linux)."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.is_file() else None
    return int(found[1]) / 1024 if found else 0.0


def _usage(watched: psutil.Process, begun_s: float, stream_s: float) -> Usage:
    with watched.oneshot():
        return Usage(
            round(time.monotonic() - begun_s, 2),
            round(stream_s, 1),
            round(watched.memory_info().rss / 2**20, 1),
            watched.num_threads(),
            watched.num_fds(),
        )


class Feed:
    """Sends the clip's packets as MPEG-TS again and again, as fast as they are read; a thread."""

    def __init__(self, clip: Path, target: IO[bytes], until_s: float) -> None:
        self._clip, self._target, self._until_s = clip, target, until_s
        self._stop = threading.Event()
        self.sent_s = 0.0
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    @property
    def sending(self) -> bool:
        """Whether there is more to come."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End the stream in good order."""
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        with contextlib.suppress(OSError), self._target, av.open(str(self._clip)) as source:
            video = source.streams.video[0]
            packets = [packet for packet in source.demux(video) if packet.size]
            step = packets[0].duration or 1
            length = max(p.pts for p in packets) - min(p.pts for p in packets) + step
            stamps = [(packet.pts, packet.dts) for packet in packets]
            with av.open(self._target, "w", format="mpegts") as out:
                copy = out.add_stream_from_template(video)
                start = 0
                while not self._stop.is_set():
                    for packet, (pts, dts) in zip(packets, stamps, strict=True):
                        packet.stream, packet.time_base = copy, video.time_base
                        packet.pts, packet.dts = pts + start, dts + start
                        out.mux(packet)
                        self.sent_s = float((pts + start) * video.time_base)
                        if self._stop.is_set() or self.sent_s >= self._until_s:
                            return
                    start += length


def section(facts: dict[str, Any]) -> str:
    """A table and what it does and does not say."""
    both = [facts[name] for name in ("after_warm_up", "at_end")]
    rows = [
        ["hours of the stream", *(f"{one['stream_s'] / 3600.0:.2f}" for one in both)],
        ["memory, MB", *(f"{one['rss_mb']:.0f}" for one in both)],
        ["threads", *(str(one["threads"]) for one in both)],
        ["descriptors", *(str(one["descriptors"]) for one in both)],
    ]
    low, _, high = facts["extrapolated_mb"]
    seen, error = facts["stream_hours"], facts["slope_error_mb_per_hour"]
    tells = "does not differ from none" if low <= 0.0 <= high else "differs from none"
    return (
        f"{made_by(facts)}\n\n"
        f"{table(['', 'after the warm-up', 'at the end'], rows)}\n\n"
        f"At most {facts['peak_mb']:.0f} MB (limit: {facts['limit_mb']:.0f}). Over {seen:.2f} "
        f"hours of the stream ({facts['frames']:,} frames in {facts['wall_s']:.0f} s) the slope "
        f"after the warm-up is {facts['slope_mb_per_hour']:+.1f} ± {error:.1f} MB an hour (95 %), "
        f"which {tells}.{_extrapolation(facts)}\n\n"
        "![Memory, threads and descriptors over the hours of the stream](performance-memory.png)"
    )


def _extrapolation(facts: dict[str, Any]) -> str:
    """What the slope would come to, where the run was shorter than that."""
    if (seen := facts["stream_hours"]) >= _HOURS:
        return ""
    low, middle, high = facts["extrapolated_mb"]
    return (
        f" Extrapolated to {_HOURS:.0f} hours that is {middle:+.0f} MB, between {low:+.0f} and "
        f"{high:+.0f}: a straight line through {seen:.2f} hours, not a measurement of "
        f"{_HOURS:.0f} (`--hours {_HOURS:.0f}` is one)."
    )


if __name__ == "__main__":
    main()
