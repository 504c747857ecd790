"""Runs the real command lines in forks of a process that has imported everything.

A start of Python with all libraries takes over a second; a fork takes milliseconds, so ten thousand
runs are affordable. A run is what `mer-stream` does between `main()` and its exit code; only the
start of the interpreter and its end (`atexit`) are left out.

This file is also the program of that process: requests come in as JSON lines, answers go out.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.reliability.process import environment, wait_for
from benchmarks.reliability.promises import MEMORY_MB, ROOT, Ended

# What a run imports sooner or later. ONNX Runtime starts its threads when a model is opened, not
# when it is imported, so a fork is safe.
_PRELOADED = (
    "streamer.cli.stream", "streamer.cli.batch", "streamer.run.in_turn", "streamer.batch.run",
    "streamer.run.pipeline", "streamer.outputs.video", "streamer.sources.files",
    "streamer.sources.images", "streamer.sources.network", "streamer.sources.pipe",
    "streamer.faces.tracker", "streamer.faces.alignment", "streamer.faces.search",
    "onnxruntime", "spotting.spotter", "recognition.loading",
)  # fmt: skip
_SPARE_MB = 2500  # of address space beyond the memory limit: stacks, arenas, mapped libraries


@dataclass(frozen=True, slots=True)
class Request:
    """One run. Names may hold surrogate escapes, as `os.fsdecode` gives them.

    program: `mer-stream`, `mer-batch`, `judge`, which only reads a file (see mutants.py), or
    `python`, which runs a snippet, for the tests of this harness.
    """

    arguments: tuple[str, ...]
    cwd: str
    program: str = "mer-stream"
    timeout_s: float = 30.0
    memory_mb: float = MEMORY_MB


class ForkServer:
    """One process that runs one request after another."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="mer-forks-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.reliability.forks", self._scratch.name],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, request: Request) -> Ended:
        """Run it to its end. Raises RuntimeError where the server itself has died."""
        assert self._process.stdin is not None and self._process.stdout is not None
        facts = {name: getattr(request, name) for name in Request.__dataclass_fields__}
        self._process.stdin.write(json.dumps(facts).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the fork server has died at {request.arguments}")
        answer = json.loads(line)
        texts = [(Path(self._scratch.name) / name).read_bytes() for name in ("out", "err")]
        return Ended(answer["code"], *texts, *answer["rest"])

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        self._scratch.cleanup()


class ForkPool:
    """Some servers for the threads of a caller."""

    def __init__(self, count: int) -> None:
        self._servers = [ForkServer() for _ in range(count)]
        self._free: queue.Queue[ForkServer] = queue.Queue()
        for server in self._servers:
            self._free.put(server)

    def run(self, request: Request) -> Ended:
        """Wait for a free server and run."""
        server = self._free.get()
        try:
            return server.run(request)
        finally:
            self._free.put(server)

    def close(self) -> None:
        """End all servers."""
        for server in self._servers:
            server.close()


@contextlib.contextmanager
def fork_pool(count: int) -> Iterator[ForkPool]:
    """A pool that is closed at the end."""
    pool = ForkPool(count)
    try:
        yield pool
    finally:
        pool.close()


def _serve(scratch: Path) -> None:
    """The loop of the server process."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    requests = os.fdopen(os.dup(0), "rb")
    os.nice(10)  # live parts run beside this, and their time is real time
    os.dup2(2, 1)  # nothing that a library prints may get among the answers
    _import_everything()
    for line in requests:
        request = json.loads(line)
        for name in ("out", "err"):
            (scratch / name).write_bytes(b"")
        began_s = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _become(request, scratch)
        code, peak_mb, late = wait_for(pid, request["timeout_s"])
        rest = [time.monotonic() - began_s, peak_mb, late]
        answers.write(json.dumps({"code": code, "rest": rest}).encode() + b"\n")


def _import_everything() -> None:
    from streamer.core.process.console import set_library_levels

    set_library_levels()
    for name in _PRELOADED:
        importlib.import_module(name)


def _become(request: dict[str, Any], scratch: Path) -> None:
    """The forked child: never returns."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name, flags in ((0, os.devnull, os.O_RDONLY), *_outputs(scratch)):
        handle = os.open(name, flags)
        os.dup2(handle, number)
        os.close(handle)
    os.chdir(request["cwd"])
    _limit_memory(request["memory_mb"])
    code = 1
    try:
        code = _main(request["program"], request["arguments"])
    except BaseException:  # noqa: BLE001  what the interpreter would do
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _outputs(scratch: Path) -> Iterator[tuple[int, str, int]]:
    yield 1, str(scratch / "out"), os.O_WRONLY | os.O_APPEND
    yield 2, str(scratch / "err"), os.O_WRONLY | os.O_APPEND


def _limit_memory(memory_mb: float) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + int((memory_mb + _SPARE_MB) * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main(program: str, arguments: Sequence[str]) -> int:
    from streamer.cli import batch as batch_cli
    from streamer.cli import stream as cli

    if program == "python":
        exec(arguments[0], {})
        return 0
    if program == "judge":
        from benchmarks.mutants import judge

        print(json.dumps(asdict(judge(Path(arguments[0]), int(arguments[1])))))
        return 0
    sys.argv = [program, *arguments]
    try:
        (batch_cli.main if program == "mer-batch" else cli.main)()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
