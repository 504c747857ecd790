"""What mer-batch claims, shown on this machine, as JSON.

    python -m benchmarks.batch forty   CLIPS... [--seconds 30]   37 logs, 3 errors, also if killed
    python -m benchmarks.batch kill    CLIP [--minutes 5 --kills 10]   killed and resumed == clean
    python -m benchmarks.batch workers CLIP [--seconds 60]         throughput of 1 and 2 workers
    python -m benchmarks.batch memory  CLIP [--minutes 180]        memory over a long recording
    python -m benchmarks.batch cost    CLIP [--seconds 120 --hours 100000 --price 0.04]

`cost` counts processor seconds, which say more than the clock on a machine that others use too.
All recordings are made from the given clips by repeating their packets (see loop_video.py).
"""

from __future__ import annotations

import argparse
import contextlib
import filecmp
import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.loop_video import loop_video

FORMATS = "jsonl,csv,srt,vtt,eaf,boris,parquet,html"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mode", choices=["forty", "kill", "workers", "memory", "cost"])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--hours", type=float, default=100_000.0)
    parser.add_argument("--price", type=float, default=0.04, help="of one core for one hour")
    parser.add_argument("--folder", type=Path, help="keep the files here")
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="mer-batch-"))
    folder.mkdir(parents=True, exist_ok=True)
    modes = {"forty": forty, "kill": kill, "workers": workers, "memory": memory, "cost": cost}
    result = modes[args.mode](args, folder)
    print(
        json.dumps({"mode": args.mode, "cores": len(os.sched_getaffinity(0)), **result}, indent=2)
    )
    if args.folder is None:
        shutil.rmtree(folder)


def forty(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """40 recordings, 3 of them broken in different ways."""
    inputs = folder / "inputs"
    make_forty(args.clips, inputs, args.seconds)
    wall_s, code = run(inputs, folder / "results", "--formats", FORMATS)
    killed: dict[str, Any] = {}
    if args.kills:
        after_s, _ = kill_and_resume(inputs, folder / "killed", args, wall_s, "--formats", FORMATS)
        killed = {"killed_after_s": after_s, **compare(folder / "results", folder / "killed")}
    table = json.loads((folder / "results" / "manifest.json").read_text())
    rows = table["recordings"]
    logs = [r for r in rows if (folder / "results" / r["folder"] / "events.jsonl").exists()]
    return {
        "recordings": len(rows),
        "logs": len(logs),
        "errors": [r["error"].replace(str(inputs), ".") for r in rows if r["status"] == "failed"],
        "exit_code": code,
        "media_minutes": round(sum(r["duration_s"] for r in rows) / 60, 2),
        "wall_s": round(wall_s, 1),
        "realtime_factor": round(sum(r["duration_s"] for r in rows) / wall_s, 2),
        **killed,
    }


def make_forty(clips: list[Path], inputs: Path, seconds: float) -> None:
    """37 good recordings of different length, in two folders, and 3 bad ones."""
    for number in range(37):
        clip = clips[number % len(clips)]
        place = inputs / ("a" if number % 2 else "b")
        place.mkdir(parents=True, exist_ok=True)
        loop_video(clip, seconds, place / f"interview{number // 2:02d}.mp4", skip=number)
    good = inputs / "a" / "interview00.mp4"
    (inputs / "broken-cut.mp4").write_bytes(good.read_bytes()[:20_000])  # its index is gone
    (inputs / "broken-empty.mp4").write_bytes(b"")
    (inputs / "broken-playlist.mp4").write_text("ffconcat version 1.0\nfile a/interview00.mp4\n")


def kill(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Killed at random moments and resumed, against one run that was left alone."""
    inputs = folder / "inputs"
    inputs.mkdir()
    for number in range(2):
        loop_video(args.clips[0], 60 * args.minutes, inputs / f"long{number}.mp4", skip=number)
    more = ("--formats", FORMATS, "--images", "--checkpoint-every", "1")
    wall_s, _ = run(inputs, folder / "clean", *more)
    after_s, code = kill_and_resume(inputs, folder / "killed", args, wall_s, *more)
    return {
        "media_minutes": 2 * args.minutes,
        "clean_wall_s": round(wall_s, 1),
        "killed_after_s": after_s,
        "exit_code": code,
        **compare(folder / "clean", folder / "killed"),
    }


def kill_and_resume(
    inputs: Path, output: Path, args: argparse.Namespace, wall_s: float, *more: str
) -> tuple[list[float], int]:
    """Seconds after which each run was killed with all its processes; exit code of the last run.

    wall_s: of a run that is left alone; the kills are spread over about as much.
    """
    chance, longest_s = random.Random(args.seed), 1.6 * wall_s / args.kills
    after_s: list[float] = []
    while len(after_s) < args.kills:
        wait_s = chance.uniform(0.05, longest_s)
        with started(inputs, output, "--resume", *more) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(wait_s)
                break
            os.killpg(process.pid, signal.SIGKILL)
            after_s.append(round(wait_s, 1))
    return after_s, run(inputs, output, "--resume", *more)[1]


def workers(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Media seconds per second of one and of two workers, and of one worker on two threads."""
    inputs = folder / "inputs"
    inputs.mkdir()
    for number in range(4):
        loop_video(args.clips[0], args.seconds, inputs / f"clip{number}.mp4", skip=number)
    kinds = {"1 worker": (1, 1), "2 workers": (2, 1), "1 worker, 2 threads": (1, 2)}
    speeds: dict[str, list[float]] = {name: [] for name in kinds}
    spent: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(3):
        for name, (count, threads) in kinds.items():
            place = folder / f"results-{count}-{threads}-{turn}"
            before_s = _cpu_s()
            run(inputs, place, "--workers", str(count), "--threads", str(threads))
            spent[name].append(round(_cpu_s() - before_s, 2))
            speeds[name].append(speed_of(place))
    ratios = [two / one for one, two in zip(speeds["1 worker"], speeds["2 workers"], strict=True)]
    return {
        "realtime_factor": speeds,
        "processor_s": spent,
        "two_over_one": [round(ratio, 3) for ratio in ratios],
        "two_over_one_median": round(statistics.median(ratios), 3),
    }


def memory(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Resident memory of the worker, sampled every two seconds."""
    inputs = folder / "inputs"
    inputs.mkdir()
    loop_video(args.clips[0], 60 * args.minutes, inputs / "long.mp4")
    samples: list[tuple[float, float]] = []
    begun = time.monotonic()
    with started(inputs, folder / "results", "--workers", "1") as process:
        while process.poll() is None:
            time.sleep(2.0)
            samples.append((time.monotonic() - begun, worker_mb(process.pid)))
    wall_s = time.monotonic() - begun
    known = [(at, mb) for at, mb in samples if mb > 0]
    tenth = max(1, len(known) // 10)
    first = max(mb for _, mb in known[tenth : 2 * tenth])
    last = max(mb for _, mb in known[-tenth - 1 : -1])
    return {
        "media_minutes": args.minutes,
        "wall_s": round(wall_s, 1),
        "second_tenth_mb": round(first, 1),
        "last_tenth_mb": round(last, 1),
        "growth_percent": round(100 * (last / first - 1), 2),
        "peak_mb": round(max(mb for _, mb in known), 1),
        "samples_mb": [round(mb) for _, mb in known[:: max(1, len(known) // 30)]],
    }


def cost(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Core hours for many hours of such recordings, from the processor time of two lengths.

    The difference between the two leaves out what a batch costs once, such as loading the models.
    """
    spent, lengths, bytes_out, bytes_in = [], [], 0, 0
    for number, seconds in enumerate((args.seconds / 4, args.seconds)):
        inputs = folder / f"inputs{number}"
        inputs.mkdir()
        loop_video(args.clips[0], seconds, inputs / "clip.mp4")
        before = _cpu_s()
        run(inputs, folder / f"results{number}", "--workers", "1")
        spent.append(_cpu_s() - before)
        table = json.loads((folder / f"results{number}" / "manifest.json").read_text())
        lengths.append(table["recordings"][0]["duration_s"])
        bytes_out = sum(p.stat().st_size for p in (folder / f"results{number}").rglob("*.*"))
        bytes_in = (inputs / "clip.mp4").stat().st_size
    share = (spent[1] - spent[0]) / (lengths[1] - lengths[0])  # core seconds a second
    core_hours = args.hours * share
    return {
        "core_seconds_per_media_second": round(share, 4),
        "once_core_seconds": round(spent[0] - share * lengths[0], 1),
        "hours": args.hours,
        "core_hours": round(core_hours),
        "days_on_1000_cores": round(core_hours / 1000 / 24, 2),
        "price_per_core_hour": args.price,
        "price": round(core_hours * args.price),
        "input_gb": round(args.hours * 3600 * bytes_in / lengths[1] / 1e9),
        "output_gb": round(args.hours * 3600 * bytes_out / lengths[1] / 1e9),
    }


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(inputs: Path, output: Path, *more: str) -> tuple[float, int]:
    """(seconds, exit code) of a batch."""
    begun = time.monotonic()
    with started(inputs, output, *more) as process:
        process.wait()
    return time.monotonic() - begun, process.returncode


@contextlib.contextmanager
def started(inputs: Path, output: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """mer-batch in a process group of its own."""
    command = [sys.executable, "-m", "streamer.cli.batch", str(inputs), "--output", str(output)]
    log = (output.parent / f"{output.name}.log").open("ab")
    with (
        log,
        subprocess.Popen(
            [*command, "--no-progress", *more], stderr=log, start_new_session=True
        ) as process,
    ):
        yield process


def speed_of(results: Path) -> float:
    """Media seconds per second of the working time, model loading left out."""
    table = json.loads((results / "manifest.json").read_text())["recordings"]
    walls = [
        json.loads((results / row["folder"] / "run.json").read_text())["timing"] for row in table
    ]
    span_s = max(w["ended_at_s"] for w in walls) - min(w["began_at_s"] for w in walls)
    return round(sum(row["duration_s"] for row in table) / span_s, 3)


def worker_mb(parent: int) -> float:
    """Resident megabytes of the largest child; 0 where there is none."""
    with contextlib.suppress(OSError, ValueError):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        pages = [int(Path(f"/proc/{c}/statm").read_text().split()[1]) for c in children]
        return max(pages, default=0) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Files that differ byte for byte; of `run.json` the timing is left out."""
    names = {
        p.relative_to(f).as_posix() for f in (first, second) for p in f.rglob("*") if p.is_file()
    }
    different = [n for n in sorted(names) if not same(first / n, second / n)]
    return {"files": len(names), "different": different}


def same(first: Path, second: Path) -> bool:
    """Whether both files are there and equal."""
    if not (first.exists() and second.exists()):
        return False
    if first.name != "run.json":
        return filecmp.cmp(first, second, shallow=False)
    ours, theirs = (json.loads(p.read_text()) for p in (first, second))
    return ours | {"timing": None} == theirs | {"timing": None}


if __name__ == "__main__":
    main()
