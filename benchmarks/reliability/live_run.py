"""One run of mer-stream on a live source, watched from outside."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.reliability.process import MER_STREAM, environment, kill_group, wait_for
from benchmarks.reliability.promises import ROOT, Ended
from streamer.core.closing import Closing

_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event, and `time.monotonic()` when its line was there to read."""

    wall_s: float
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """What the process holds at a moment; seconds since its start."""

    time_s: float
    rss_mb: float
    descriptors: int
    threads: int
    cpu_s: float


class LiveRun(Closing):
    """`mer-stream SOURCE -o FOLDER/events.jsonl --summary FOLDER/summary.json ...`.

    stdout: a descriptor that takes the events in place of the file.
    """

    def __init__(
        self,
        source: str,
        folder: Path,
        more: Sequence[str] = (),
        command: Sequence[str] = MER_STREAM,
        stdout: int | None = None,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.events_path, self.summary_path = folder / "events.jsonl", folder / "summary.json"
        self._err = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        self._began_s = time.monotonic()
        target = "-" if stdout is not None else str(self.events_path)
        words = ("-o", target, "--summary", str(self.summary_path), *more)
        self._process = subprocess.Popen(
            [*command, source, *words],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if stdout is None else stdout,
            stderr=self._err,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._watched = psutil.Process(self.pid)
        self.arrivals: list[Arrival] = []
        self._ended = threading.Event()
        self._tail = threading.Thread(target=self._follow, daemon=True)
        self._tail.start()

    @property
    def alive(self) -> bool:
        """Whether the process is there and no zombie."""
        with contextlib.suppress(psutil.Error):
            return self._watched.status() != psutil.STATUS_ZOMBIE
        return False

    def usage(self) -> Usage | None:
        """Memory, descriptors, threads; None once it has ended."""
        with contextlib.suppress(psutil.Error), self._watched.oneshot():
            times = self._watched.cpu_times()
            return Usage(
                round(time.monotonic() - self._began_s, 1),
                round(self._watched.memory_info().rss / 2**20, 1),
                self._watched.num_fds(),
                self._watched.num_threads(),
                round(times.user + times.system, 2),
            )
        return None

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send a signal to the process alone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def finish(self, timeout_s: float = 20.0) -> Ended:
        """Wait for its end."""
        code, peak_mb, late = wait_for(self.pid, timeout_s)
        self._process.returncode = code
        self._ended.set()
        self._tail.join()
        self._err.seek(0)
        wall_s = time.monotonic() - self._began_s
        return Ended(code, b"", self._err.read(), wall_s, peak_mb, late)

    def summary(self) -> dict[str, Any]:
        """The figures of the source; empty where no summary was written."""
        try:
            return dict(json.loads(self.summary_path.read_text(encoding="utf-8"))["sources"][0])
        except (OSError, ValueError, LookupError):
            return {}

    def close(self) -> None:
        """Kill it where it still runs."""
        if self._process.returncode is None and self._process.poll() is None:
            kill_group(self.pid)
            self._process.wait()
        self._ended.set()
        self._tail.join()
        self._err.close()

    def _follow(self) -> None:
        """Note every whole line of the events with the time at which it was seen."""
        rest, place = b"", 0
        while True:
            last = self._ended.is_set()
            with contextlib.suppress(OSError), self.events_path.open("rb") as stream:
                stream.seek(place)
                data = stream.read()
                place += len(data)
                *lines, rest = (rest + data).split(b"\n")
                now_s = time.monotonic()
                self.arrivals += [Arrival(now_s, json.loads(line)) for line in lines]
            if last:
                return
            time.sleep(_LOOK_S)
