"""Signals while the program is still loading: Ctrl-C always gives 130."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from benchmarks.reliability.fault import Fault, Measured
from benchmarks.reliability.film import SAMPLE
from benchmarks.reliability.process import MER_STREAM, environment, wait_for
from benchmarks.reliability.promises import Ended, broken_promises

MOMENTS_S = (0.4, 0.8, 1.2, 1.6, 2.0)  # after the start of the process


def _early_signal(folder: Path, seed: int) -> Measured:
    """One run per moment, SIGINT and SIGTERM in turn. Before `main` the interpreter's own rules
    hold, so the first moment is after the start of Python."""
    broken, codes = [], []
    for place, moment_s in enumerate(MOMENTS_S):
        number = (signal.SIGINT, signal.SIGTERM)[(place + seed) % 2]
        words = (*MER_STREAM, str(SAMPLE), "-o", str(folder / f"{place}.jsonl"))
        with (folder / f"{place}.err").open("wb") as errors:
            process = subprocess.Popen(
                words, env=environment(), stderr=errors, start_new_session=True
            )
            time.sleep(moment_s)
            process.send_signal(number)
            code, _, late = wait_for(process.pid, 20.0)
            process.returncode = code
        text = (folder / f"{place}.err").read_bytes()
        ended = Ended(code, b"", text, moment_s, timed_out=late)
        broken += [f"{moment_s} s: {each}" for each in broken_promises(ended, {0, 130})]
        codes.append(code)
    return Measured(tuple(broken), f"exit codes {codes} at {list(MOMENTS_S)} s")


def start_faults() -> list[Fault]:
    """The row of the table."""
    promise = "exit code 130 (or 0 where it was done), no traceback"
    return [Fault("signal while models load", promise, _early_signal, live=False)]
