"""Faults of disks, standard streams and models, on recordings."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.loop_video import loop_video
from benchmarks.reliability.camera import Camera
from benchmarks.reliability.fault import Fault, Measured
from benchmarks.reliability.film import SAMPLE
from benchmarks.reliability.live_run import LiveRun
from benchmarks.reliability.process import MER_STREAM, environment, run_process, wait_for
from benchmarks.reliability.promises import Ended, broken_promises
from benchmarks.reliability.watching import check_run, watch

_DISK_BYTES = 20_000


def _disk_full(folder: Path, seed: int) -> Measured:
    """A limit on the size of a file stands for the full disk: writing fails in the middle."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (_DISK_BYTES, _DISK_BYTES))

    words = (*MER_STREAM, str(SAMPLE), "-o", "e.jsonl", "--signals", "s.csv", "--summary", "s.json")
    ended = run_process(words, cwd=folder, preexec=limit)
    broken = list(broken_promises(ended, {8}))
    events = len((folder / "e.jsonl").read_text().splitlines())
    if not events:
        broken.append("the events known before are not in their file")
    return Measured(tuple(broken), f"exit code {ended.code}: {ended.complaint[:80]}", 3 - events, 3)


def _device_full(folder: Path, seed: int) -> Measured:
    """Every write fails with "no space left"."""
    broken, codes = [], []
    for words in (("-o", "/dev/full"), ("--format", "jsonl")):
        with Path("/dev/full").open("wb") as full:
            more = {"stdout": full} if words[0] == "--format" else {}
            ended = run_process((*MER_STREAM, str(SAMPLE), *words), cwd=folder, **more)
        broken += broken_promises(ended, {8})
        codes.append(ended.code)
    return Measured(tuple(broken), f"exit codes {codes}, one sentence each")


def _folder_removed(folder: Path, seed: int) -> Measured:
    """All outputs are deleted in the middle of a long recording."""
    long, out = folder / "long.mp4", folder / "out"
    loop_video(SAMPLE, 84.0, long)
    with LiveRun(str(long), out, ("--signals", str(out / "s.csv"))) as run:
        until_s = time.monotonic() + 60
        while not run.arrivals and run.alive and time.monotonic() < until_s:
            time.sleep(0.01)
        shutil.rmtree(out)
        ended = run.finish(60.0)
    broken = list(broken_promises(ended, {8}))
    return Measured(tuple(broken), f"exit code {ended.code}: {ended.complaint[:100]}")


def _closed_streams(folder: Path, seed: int) -> Measured:
    """Standard input, output or error is closed, as under some service managers."""
    broken, codes = [], []
    for closed in ((1,), (2,), (1, 2), (0, 1, 2)):

        def close(numbers: Sequence[int] = closed) -> None:
            for number in numbers:
                os.close(number)

        target = folder / f"e{len(codes)}.jsonl"
        ended = run_process((*MER_STREAM, str(SAMPLE), "-o", str(target)), preexec=close)
        broken += [f"{closed} closed: {each}" for each in broken_promises(ended, {0})]
        if not target.exists() or len(target.read_text().splitlines()) != 3:
            broken.append(f"{closed} closed: not all events are in the file")
        codes.append(ended.code)
    return Measured(tuple(broken), f"exit codes {codes}, all events in the file")


def _reader_gone(folder: Path, seed: int) -> Measured:
    """The reader of a pipe ends after the first line."""
    process = subprocess.Popen(
        (*MER_STREAM, str(SAMPLE)), cwd=folder, env=environment(), stdout=subprocess.PIPE,
        stderr=(folder / "err").open("wb"), start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    process.stdout.close()
    code, _, late = wait_for(process.pid, 30.0)
    process.returncode = code
    ended = Ended(code, line, (folder / "err").read_bytes(), 30.0, timed_out=late)
    return Measured(broken_promises(ended, {141}), f"exit code {code}, no traceback")


def _model_replaced(folder: Path, seed: int) -> Measured:
    """The model's file is overwritten in place while a live run uses it."""
    from recognition.files.model_file import BUNDLED

    for path in BUNDLED.parent.glob(f"{BUNDLED.stem}*"):
        shutil.copyfile(path, folder / path.name)
    model = folder / BUNDLED.name

    def replace(camera: Camera, run: LiveRun) -> None:
        while camera.time_s < 3.5 and run.alive:
            time.sleep(0.05)
        size = model.stat().st_size
        model.write_bytes(bytes(size))

    watched = watch(folder, seed=seed, meanwhile=replace, more=("--model", str(model)))
    broken = check_run(watched)
    without = [a.event["apex_s"] for a in watched.arrivals if a.event["emotion"] is None]
    if without:
        broken.append(f"events without an emotion at {without}")
    text = "goes on with the model that was loaded"
    return Measured(tuple(broken), text, watched.lost, len(watched.matches))


def file_faults() -> list[Fault]:
    """The rows, in the order of the table."""
    return [
        Fault("disk full", "exit code 8, one sentence; what fits is kept", _disk_full, live=False),
        Fault("device full", "exit code 8, one sentence", _device_full, live=False),
        Fault("output folder removed", "exit code 8: never a success", _folder_removed, live=False),
        Fault("standard streams closed", "runs as usual", _closed_streams, live=False),
        Fault("reader of a pipe gone", "exit code 141, no traceback", _reader_gone, live=False),
        Fault("model file replaced during a run", "the loaded model is used", _model_replaced),
    ]
