"""Keypoints and attention of SelfME, worked out in a process that ends when nobody asks any more.

Torch takes hundreds of megabytes: kept out of the page's own process, they are given back.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from streamer.core.errors import MerError
from streamer.core.process.libraries import use_one_thread

_IDLE_S = 90.0
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Attention:
    """What one network says of a pair, and where it looked."""

    emotion: str
    probability: float
    picture: bytes  # PNG


@dataclass(frozen=True, slots=True)
class Explained:
    """SelfME's view of one onset-apex pair; pictures are PNG files."""

    keypoints: bytes | None
    reconstruction: bytes | None
    with_sc: Attention
    without_sc: Attention


class Explainer:
    """Explains strips, one at a time, in its process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._timer: threading.Timer | None = None

    def explain(self, strip: Path) -> Explained:
        """Of the strip in that file.

        Raises:
            InstallError: torch is not installed here. MerError: see `read_strip`; the process died
            or took too long.
        """
        with self._lock:
            self._stop_timer()
            try:
                answer = self._ask(strip)
            except (EOFError, OSError):
                self._end()
                raise MerError("The explanation could not be worked out. Try again.") from None
            finally:
                self._start_timer()
        if isinstance(answer, MerError):
            raise answer
        return answer

    def close(self) -> None:
        """End the process, also one that is at work."""
        process = self._process
        if process is not None:
            process.kill()  # whoever waits for it now gives the lock back
        with self._lock:
            self._stop_timer()
            self._end()

    def _ask(self, strip: Path) -> Explained | MerError:
        pipe = self._pipe or self._begin()
        pipe.send((explain_strip, strip))
        if not pipe.poll(_TIMEOUT_S):
            raise EOFError
        answer: Explained | MerError = pipe.recv()
        return answer

    def _begin(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        return self._pipe

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _start_timer(self) -> None:
        self._timer = threading.Timer(_IDLE_S, self.close)
        self._timer.daemon = True
        self._timer.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _serve(pipe: Connection) -> None:
    """Entry point of the process: (function, strip) in, what it returns or its MerError out."""
    if os.name == "posix":
        os.nice(5)
    use_one_thread()
    while True:
        try:
            explain, strip = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(explain(strip))
        except MerError as error:
            pipe.send(error)


def explain_strip(path: Path) -> Explained:
    """Runs in the process; torch is imported here."""
    from demo.pictures import encode
    from recognition.explain.pictures import draw_keypoints
    from streamer.outputs.aligned_faces import read_strip

    strip = read_strip(path)
    onset, apex = strip.images[strip.onset], strip.images[strip.apex]
    nets = _nets()
    from recognition.explain.selfme import explain

    with_sc = explain(nets.with_sc, onset, apex, painted=True)
    without_sc = explain(nets.without_sc, onset, apex)
    points = None
    if with_sc.keypoints is not None:
        points = encode(draw_keypoints(onset, *with_sc.keypoints))
    painted = with_sc.reconstruction
    return Explained(
        points,
        None if painted is None else encode(painted),
        _attention(onset, with_sc),
        _attention(onset, without_sc),
    )


def _attention(onset: Any, found: Any) -> Attention:
    from demo.pictures import encode
    from recognition.explain.pictures import draw_heat

    picture = encode(draw_heat(onset, found.attention))
    return Attention(found.emotion, float(found.probabilities.max()), picture)


_KEPT: dict[str, Any] = {}


def _nets() -> Any:
    from recognition.explain import load_explainers

    if "nets" not in _KEPT:
        _KEPT["nets"] = load_explainers()
    return _KEPT["nets"]
