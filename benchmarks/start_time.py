"""From the start of the process to the first result, with cold and with warm files.

Cold: no module has been compiled yet (an empty folder for byte code) and the files of Python and
its packages are out of the page cache, as far as the system lets go of them (Linux; files that
another process has mapped stay). Warm: the same command a moment later, everything compiled.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.reliability.process import environment

# As mer-stream does: a file is opened first, before a camera the models are loaded and warmed up.
_FIRST_RESULT = """
import sys, time
import streamer.cli.stream
from streamer.run.build import build_pipeline, warm_up
from streamer.run.recording import run_recording
from streamer.sources import open_source
live = sys.argv[2] == "live"
source = None if live else open_source(sys.argv[1])
pipeline = build_pipeline()
if live:
    warm_up(pipeline)
for result in run_recording(source or open_source(sys.argv[1]), pipeline):
    print(time.monotonic(), len(result.faces), flush=True)
    break
"""
KINDS = ("file", "live")


def measure_starts(clip: str, runs: int) -> dict[str, Any]:
    """Seconds from the start of the process to the first result, by kind; medians and the most."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            cold = [_cold(clip, kind, Path(folder) / f"{kind}{n}") for n in range(runs)]
            first_result_s(clip, kind)
            warm = [first_result_s(clip, kind) for _ in range(runs)]
            for name, values in (("cold", cold), ("warm", warm)):
                found[f"{kind}, {name}"] = {
                    "median": round(statistics.median(values), 2),
                    "max": round(max(values), 2),
                }
    return found


def first_result_s(clip: str, kind: str, more: Mapping[str, str] | None = None) -> float:
    """Seconds to the first result of a new process; the clock is that of the whole system."""
    begun_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_RESULT, clip, kind],
        env=environment(more),
        capture_output=True,
        text=True,
        check=True,
    )
    at_s, faces = done.stdout.split()
    if int(faces) < 1:
        raise ValueError(f"{clip} shows no face in its first picture: take another recording")
    return float(at_s) - begun_s


def _cold(clip: str, kind: str, bytecode: Path) -> float:
    evict_packages()
    return first_result_s(clip, kind, {"PYTHONPYCACHEPREFIX": str(bytecode)})


def evict_packages() -> int:
    """Ask the system to drop the packages' files from its page cache; returns how many it was."""
    if not hasattr(os, "posix_fadvise"):
        return 0
    count = 0
    for place in {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}:
        for path in Path(place).rglob("*"):
            if path.is_file() and not path.is_symlink():
                count += _evict(path)
    return count


def _evict(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    return True


def starts_row(starts: Mapping[str, Any], limit_s: float) -> str:
    """A sentence."""
    parts = [f"{name} {one['median']:.1f} s" for name, one in starts.items()]
    over = [name for name, one in starts.items() if one["max"] > limit_s]
    held = f"not held: {', '.join(over)}" if over else "held"
    return (
        f"From the start of the process to the first result (medians): {', '.join(parts)}; at most "
        f"{limit_s:g} s: {held}. Cold is the first start after an installation: nothing compiled, "
        "files out of the page cache as far as the system drops them."
    )
