"""Signals while the program is still loading: Ctrl-C always gives 130."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from benchmarks.reliability.fault import Fault, Measured
from benchmarks.reliability.film import SAMPLE
from benchmarks.reliability.process import MER_STREAM, environment, run_process, wait_for
from benchmarks.reliability.promises import Ended, broken_promises

SHARES = (1.3, 1.8, 2.5, 3.5, 5.0)  # of the time that `--version` takes


def _early_signal(folder: Path, seed: int) -> Measured:
    """SIGINT and SIGTERM in turn, from the moment at which the command line has begun.

    Before that the interpreter is still importing, and its own rules hold.
    """
    broken, codes, moments_s = [], [], []
    for place, share in enumerate(SHARES):
        moment_s = share * run_process((*MER_STREAM, "--version"), cwd=folder).wall_s
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
        broken += [f"{moment_s:.1f} s: {each}" for each in broken_promises(ended, {0, 130})]
        codes.append(code)
        moments_s.append(round(moment_s, 1))
    return Measured(tuple(broken), f"exit codes {codes} at {moments_s} s")


def start_faults() -> list[Fault]:
    """The row of the table."""
    promise = "exit code 130 (or 0 where it was done), no traceback"
    return [Fault("signal while models load", promise, _early_signal, live=False)]
