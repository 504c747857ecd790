"""Faults of a camera or network, each in the middle of 14 s of live input with three movements."""

from __future__ import annotations

import fcntl
import functools
import json
import os
import signal
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.reliability.camera import Camera, Kind, Window
from benchmarks.reliability.fault import Fault, Measured
from benchmarks.reliability.film import LOOP_S, film
from benchmarks.reliability.live_run import LiveRun
from benchmarks.reliability.process import MER_STREAM, run_process
from benchmarks.reliability.promises import broken_promises
from benchmarks.reliability.watching import QUICK, Watched, check_run, watch

_STARTS = 3
_READER_SLEEPS_S = 14.0  # none is dropped in the first 10 s of a connection
_OPEN_END_S = 1.9  # the offset of the first movement


def _interrupted(
    folder: Path,
    seed: int,
    kind: Kind,
    seconds: float = 2.0,
    form: str = "mpegts",
    more: Sequence[str] = (),
) -> Measured:
    """The connection fails between two movements and comes back."""
    watched = watch(folder, [Window(3.0, 3.0 + seconds, kind)], form, seed=seed, more=more)
    broken = check_run(watched)
    reconnects = watched.summary.get("reconnects", 0)
    if reconnects < 1:
        broken.append("it did not connect again")
    found = [m.latency_s for m in watched.matches if m.latency_s is not None]
    late = f", events {max(found):.1f} s after their apex at most" if found else ""
    text = f"connected again after {seconds:g} s without a picture{late}"
    return _row(watched, broken, text)


def _row(watched: Watched, broken: Sequence[str], text: str) -> Measured:
    summary = watched.summary
    facts = {key: summary.get(key) for key in ("frames", "dropped", "reconnects", "repairs")}
    dropped = f"; {summary['dropped']} frames dropped" if summary.get("dropped") else ""
    dropped += f"; {watched.made_up} events that nobody made" if watched.made_up else ""
    return Measured(tuple(broken), text + dropped, watched.lost, len(watched.matches), facts)


def _lost_in_a_movement(folder: Path, seed: int) -> Measured:
    """The picture breaks off while the first movement is open, and stays away for 3 s."""
    watched = watch(folder, [Window(_OPEN_END_S, 5.0, "lost")], seed=seed)
    broken = check_run(watched)
    back_s = watched.zero_wall_s + 5.0
    early = [a for a in watched.arrivals if a.wall_s < back_s]
    text = "no event before the camera came back"
    if not early:
        broken.append("the open movement was not reported before the camera was back")
    else:
        event = early[0].event
        text = (
            f"reported {early[0].wall_s - watched.zero_wall_s - _OPEN_END_S:.1f} s after the loss"
        )
        if event["emotion"] is None:
            broken.append("the movement that was open at the loss has no emotion")
        if event.get("cut") is not True:
            broken.append("the movement that was open at the loss is not marked `cut`")
    return _row(watched, broken, text)


def _damaged(folder: Path, seed: int, kind: Kind) -> Measured:
    """Part of the stream is damaged between two movements; the connection stays."""
    watched = watch(folder, [Window(3.0, 5.5, kind)], seed=seed)
    broken = check_run(watched)
    repairs = watched.summary.get("repairs", {})
    if not repairs and not watched.summary.get("reconnects"):
        broken.append("the damage is not counted in the summary")
    counted = ", ".join(f"{name} {count}" for name, count in sorted(repairs.items()))
    return _row(watched, broken, f"2.5 s damaged; counted as: {counted or 'nothing'}")


def _clock_jump(folder: Path, seed: int, kind: Kind) -> Measured:
    """Time stamps jump between two movements; times of the events must go on as the clock does."""
    watched = watch(folder, [Window(4.0, 4.5, kind)], seed=seed)
    broken = check_run(watched)
    wrong_s = [
        abs(float(m.arrival.event["apex_s"]) - m.expected.apex_s)
        for m in watched.matches
        if m.arrival is not None
    ]
    if wrong_s and max(wrong_s) > 1.5:
        broken.append(f"times of events are wrong by {max(wrong_s):.1f} s")
    text = f"times of events within {max(wrong_s, default=0.0):.2f} s of the camera's clock"
    return _row(watched, broken, text)


def _start(folder: Path, seed: int) -> Measured:
    """No fault: nothing may be dropped while models load, and the first frame comes soon.

    A source that is opened before the models drops frames every time; a busy machine does not.
    """
    for attempt in range(_STARTS):
        watched = watch(folder / str(attempt), seed=seed)
        broken = check_run(watched)
        dropped = watched.summary.get("dropped", 0)
        if not dropped:
            break
    else:
        broken.append(f"{dropped} frames were dropped")
    found = [m.latency_s for m in watched.matches if m.latency_s is not None]
    return _row(watched, broken, f"events {max(found, default=0):.1f} s after their apex at most")


def _stopped(folder: Path, seed: int, number: int) -> Measured:
    """A signal after the first event: files whole, 130."""
    watched = watch(folder, ends_s=3.5, seed=seed, number=number)
    if number == signal.SIGKILL:
        broken = [] if watched.ended.code == -signal.SIGKILL else [f"code {watched.ended.code}"]
        if watched.lost_clean:
            broken.append("an event that was known is not in the file")
        return Measured(
            tuple(broken), "events known before it are in the file", watched.lost,
            len(watched.matches),
        )  # fmt: skip
    broken = check_run(watched)
    if not watched.summary.get("interrupted"):
        broken.append("the summary does not say that it was interrupted")
    return _row(watched, broken, "exit code 130, files closed, summary says interrupted")


def _never_there(folder: Path, seed: int, answer: Kind | None, codes: set[int]) -> Measured:
    """From the start nobody listens, or the server answers with an error."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/live"
    with Camera([Window(-2.0, 1e9, answer)] if answer else (), film("mpegts")) as camera:
        url = camera.url if answer else nobody
        limit = ("--set", "source.reconnect_attempts=2")
        ended = run_process((*MER_STREAM, url, *QUICK, *limit), timeout_s=60.0, cwd=folder)
    broken = list(broken_promises(ended, codes))
    return Measured(tuple(broken), f"exit code {ended.code} after {ended.wall_s:.0f} s")


def _slow_reader(folder: Path, seed: int) -> Measured:
    """Nobody reads standard output for some seconds, and it is full: frames drop, and are counted.

    The pipe is made small and filled beforehand, so that the first event blocks the writer.
    """
    reading, writing = os.pipe()
    size = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b" " * (size - 1) + b"\n")
    with (
        os.fdopen(reading, "rb") as stream,
        ThreadPoolExecutor(1) as threads,
        Camera((), film("mpegts"), 1.7 * LOOP_S, seed) as camera,
        LiveRun(camera.url, folder / "run", QUICK, stdout=writing) as run,
    ):
        os.close(writing)
        while camera.time_s < _READER_SLEEPS_S and run.alive:
            time.sleep(0.05)
        text = threads.submit(stream.read)
        while run.alive and not camera.over:
            time.sleep(0.02)
        run.signal()
        ended, summary = run.finish(20.0), run.summary()
        events = [json.loads(line) for line in text.result().split(b"\n") if line.strip()]
    broken = list(broken_promises(ended, {130}))
    dropped = summary.get("dropped", 0)
    if not dropped:
        broken.append("no dropped frame was counted")
    if len(events) < 2:
        broken.append(f"{len(events)} events came through")
    what = f"{dropped} frames dropped and counted; the run goes on"
    return Measured(tuple(broken), what, 5 - len(events), 5)


def live_faults() -> list[Fault]:
    """The rows, in the order of the table."""
    part = functools.partial
    return [
        Fault("live start", "models first, then the camera: no frame dropped, no event lost",
              _start),
        *(Fault(f"camera lost and back ({form})", "connects again; counted; times go on",
                part(_interrupted, kind="lost", form=form))
          for form in ("mpegts", "flv", "mpjpeg")),
        Fault("camera lost during a movement",
              "reported at the loss, with its emotion, marked `cut`", _lost_in_a_movement),
        Fault("stalled read", "given up after `read_timeout_s`, connects again",
              part(_interrupted, kind="silent", seconds=3.2,
                   more=("--set", "source.read_timeout_s=1.5"))),
        Fault("server killed and restarted", "connects again with growing pauses",
              part(_interrupted, kind="lost", seconds=3.0)),
        Fault("404 for a while", "tried again, up to the stated limit",
              part(_interrupted, kind="404")),
        Fault("503 for a while", "tried again, up to the stated limit",
              part(_interrupted, kind="503")),
        Fault("accepted and closed for a while", "tried again, up to the stated limit",
              part(_interrupted, kind="slam")),
        Fault("refused from the start", "one sentence, exit code 6",
              part(_never_there, answer=None, codes={6})),
        Fault("503 from the start", "one sentence, exit code 6",
              part(_never_there, answer="503", codes={6})),
        Fault("404 from the start", "one sentence, exit code 3 (or 6 after retries)",
              part(_never_there, answer="404", codes={3, 6})),
        Fault("30 % of the transport packets lost", "the run goes on; damage is counted",
              part(_damaged, kind="loss")),
        Fault("bytes changed", "the run goes on; damage is counted",
              part(_damaged, kind="garbage")),
        Fault("clock jumps ahead by an hour", "times of events follow the receiver's clock",
              part(_clock_jump, kind="ahead")),
        Fault("clock jumps back by 5 s", "times of events follow the receiver's clock",
              part(_clock_jump, kind="back")),
        Fault("slow consumer", "the oldest frames are dropped and counted; memory stays bounded",
              _slow_reader),
        Fault("SIGTERM", "the open event is flushed, files closed, exit code 130",
              part(_stopped, number=signal.SIGTERM)),
        Fault("SIGINT", "the open event is flushed, files closed, exit code 130",
              part(_stopped, number=signal.SIGINT)),
        Fault("kill -9", "events that were known are in the file",
              part(_stopped, number=signal.SIGKILL)),
    ]  # fmt: skip
