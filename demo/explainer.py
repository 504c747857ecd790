"""Keypoints and attention of SelfME, worked out in a process that ends when nobody asks any more.

Torch takes hundreds of megabytes: kept out of the page's own process, they are given back.
"""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamer.errors import MerError

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
        self._pool: ProcessPoolExecutor | None = None
        self._timer: threading.Timer | None = None

    def explain(self, strip: Path) -> Explained:
        """Of the strip in that file.

        Raises:
            InstallError: torch is not installed here. MerError: see `read_strip`; the process died.
        """
        with self._lock:
            self._stop_timer()
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_prepare)
            try:
                return self._pool.submit(explain_strip, strip).result(_TIMEOUT_S)
            except (BrokenProcessPool, TimeoutError):
                self._end()
                raise MerError("The explanation could not be worked out. Try again.") from None
            finally:
                self._start_timer()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop_timer()
            self._end()

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _start_timer(self) -> None:
        self._timer = threading.Timer(_IDLE_S, self.close)
        self._timer.daemon = True
        self._timer.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def explain_strip(path: Path) -> Explained:
    """Runs in the process; torch is imported here."""
    from demo.pictures import encode
    from recognition.explain.pictures import draw_keypoints
    from streamer.jobs.faces import read_strip

    strip = read_strip(path)
    onset, apex = strip.images[strip.onset], strip.images[strip.apex]
    nets = _nets()
    from recognition.explain.selfme import explain

    with_sc = explain(nets.with_sc, onset, apex)
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


def _prepare() -> None:
    import os

    os.nice(5)
    os.environ["OMP_NUM_THREADS"] = "1"
