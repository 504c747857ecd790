"""mer-batch: killed and resumed, bad files beside good ones, a worker that dies."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import psutil

from benchmarks.batch import compare
from benchmarks.loop_video import loop_video
from benchmarks.reliability.fault import Fault, Measured
from benchmarks.reliability.film import SAMPLE
from benchmarks.reliability.process import (
    MER_BATCH,
    environment,
    kill_group,
    run_process,
    wait_for,
)
from benchmarks.reliability.promises import broken_promises

_FORMATS = ("--formats", "jsonl,csv,srt,eaf,parquet,html", "--checkpoint-every", "0.2")
_KILLS = 1
_LARGE_PX = 7600


def _killed_and_resumed(folder: Path, seed: int, number: int, resume: bool = True) -> Measured:
    """Signals at random moments, then resumed; byte for byte as a run that was left alone."""
    inputs = folder / "in"
    inputs.mkdir()
    for place, seconds in enumerate((28.0, 14.0)):  # a checkpoint is taken at 20 s
        loop_video(SAMPLE, seconds, inputs / f"long{place}.mp4", skip=place)
    command = (*MER_BATCH, str(inputs), *_FORMATS, "--workers", "2")
    clean = run_process((*command, "-o", str(folder / "clean")), timeout_s=120)
    broken = list(broken_promises(clean, {0}))
    chance, codes = random.Random(seed), []
    for _ in range(_KILLS):
        wait_s = chance.uniform(0.4, 0.9) * clean.wall_s
        codes.append(
            _stopped_after(wait_s, (*command, "-o", str(folder / "cut"), "--resume"), number)
        )
    if number != signal.SIGKILL and set(codes) - {0, 130}:
        broken.append(f"stopped with exit codes {codes}")
    last = run_process((*command, "-o", str(folder / "cut"), "--resume"), timeout_s=120)
    broken += broken_promises(last, {0})
    compared = compare(folder / "clean", folder / "cut")
    different = [name for name in compared["different"] if not name.endswith(".lock")]
    if different:
        broken.append(f"files differ: {different[:5]}")
    events = _events(folder / "clean"), _events(folder / "cut")
    text = f"{compared['files']} files, {len(different)} different after the kill"
    return Measured(tuple(broken), text, events[0] - events[1], events[0])


def _stopped_after(wait_s: float, command: Sequence[str], number: int) -> int:
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            return process.wait(wait_s)
        except subprocess.TimeoutExpired:
            pass
        if number == signal.SIGKILL:
            kill_group(process.pid)
        else:
            process.send_signal(number)
        code, _, late = wait_for(process.pid, 20.0)
        process.returncode = code
        return -999 if late else code


def _events(results: Path) -> int:
    return sum(len(p.read_text().splitlines()) for p in results.glob("*/events.jsonl"))


def _bad_beside_good(folder: Path, seed: int) -> Measured:
    """A FIFO, a link to /dev/zero, an empty file, a cut one: the good one is done."""
    inputs = folder / "in"
    inputs.mkdir()
    loop_video(SAMPLE, 14.0, inputs / "good.mp4")
    os.mkfifo(inputs / "fifo.mp4")
    (inputs / "zero.mp4").symlink_to("/dev/zero")
    (inputs / "empty.mp4").write_bytes(b"")
    (inputs / "cut.mp4").write_bytes(SAMPLE.read_bytes()[:20_000])
    command = (*MER_BATCH, str(inputs), "-o", str(folder / "out"), "--workers", "2")
    ended = run_process(command, timeout_s=60.0)
    broken = list(broken_promises(ended, {3, 4, 5, 10}))
    events = _events(folder / "out")
    if events != 3:
        broken.append(f"{events} of 3 events of the good recording")
    return Measured(
        tuple(broken), f"exit code {ended.code}; the good one has its events", 3 - events, 3
    )


def _worker_killed(folder: Path, seed: int) -> Measured:
    """A worker process dies (as by the kernel for want of memory): its recording is tried again."""
    inputs = folder / "in"
    inputs.mkdir()
    for place in range(2):
        loop_video(SAMPLE, 28.0, inputs / f"long{place}.mp4", skip=place)
    command = (*MER_BATCH, str(inputs), "-o", str(folder / "out"), "--workers", "2")
    with (
        (folder / "err").open("wb") as errors,
        subprocess.Popen(
            command, env=environment(), stderr=errors, start_new_session=True
        ) as batch,
    ):
        victim = None
        until_s = time.monotonic() + 60
        while victim is None and batch.poll() is None and time.monotonic() < until_s:
            time.sleep(0.1)
            busy = [child for child in _children(batch.pid) if _cpu_s(child) > 1.6]
            victim = busy[0] if busy else None
        if victim is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        code, _, late = wait_for(batch.pid, 90.0)
        batch.returncode = code
    events = _events(folder / "out")
    broken = [f"exit code {code}"] if code or late else []
    if victim is None:
        broken.append("no worker was seen at work")
    if events != 12:
        broken.append(f"{events} of 12 events")
    return Measured(tuple(broken), f"exit code {code}, tried again and done", 12 - events, 12)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _cpu_s(process: psutil.Process) -> float:
    """Processor time so far; 0 where it is gone."""
    try:
        return float(process.cpu_times().user)
    except psutil.NoSuchProcess:
        return 0.0


def _memory_limit(folder: Path, seed: int) -> Measured:
    """A recording with pictures of 58 megapixels beside a good one, in workers of 900 MB."""
    inputs = folder / "in"
    inputs.mkdir()
    _write_large(inputs / "large.gif")
    shutil.copyfile(SAMPLE, inputs / "good.mp4")
    command = (*MER_BATCH, str(inputs), "-o", str(folder / "out"), "--workers", "1")
    ended = run_process((*command, "--worker-memory", "900"), timeout_s=90.0)
    # A library that runs out of memory may crash its worker, whose stack is shown then.
    broken = [each for each in broken_promises(ended) if not each.startswith("traceback")]
    if ended.code == 0 or b"memory" not in ended.stderr:
        broken.append("the large recording is not reported as one that needs more memory")
    events = _events(folder / "out")
    if events != 3:
        broken.append(f"{events} of 3 events of the good recording")
    text = f"exit code {ended.code}; the good one has its events"
    return Measured(tuple(broken), text, 3 - events, 3)


def _write_large(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("gif", rate=25)
        stream.width = stream.height = _LARGE_PX
        stream.pix_fmt = "gray"
        for shade in range(0, 120, 20):
            picture = np.full((_LARGE_PX, _LARGE_PX), shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray")))
        container.mux(stream.encode(None))


def batch_faults() -> list[Fault]:
    """The rows, in the order of the table."""

    def killed(folder: Path, seed: int) -> Measured:
        return _killed_and_resumed(folder, seed, signal.SIGKILL)

    def stopped(folder: Path, seed: int) -> Measured:
        return _killed_and_resumed(folder, seed, signal.SIGTERM)

    same = "after --resume every byte as in a run that was left alone"
    return [
        Fault("mer-batch: kill -9", same, killed, live=False),
        Fault("mer-batch: SIGTERM", f"exit code 130; {same}", stopped, live=False),
        Fault("mer-batch: bad files beside a good one", "the good one is done", _bad_beside_good,
              live=False),
        Fault("mer-batch: a worker is killed", "its recording is done again", _worker_killed,
              live=False),
        Fault("mer-batch: memory limit of a worker", "that recording fails in a sentence, the "
              "others are done", _memory_limit, live=False),
    ]  # fmt: skip
