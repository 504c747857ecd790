"""Settings of the whole process for two threads that share the cores, for as long as they run."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

from streamer.core.process.libraries import import_cv2

_SWITCH_INTERVAL_S = 0.0005


class _TwoThreadSettings:
    """Counts who needs the settings: the first sets them, the last puts back what was there.

    Several recordings may run side by side in one process, and begin and end in any order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = (0.0, 0)  # switch interval, OpenCV's threads

    def enter(self) -> None:
        cv2 = import_cv2()
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._before = (sys.getswitchinterval(), cv2.getNumThreads())
                sys.setswitchinterval(min(self._before[0], _SWITCH_INTERVAL_S))
                cv2.setNumThreads(1)

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                sys.setswitchinterval(self._before[0])
                import_cv2().setNumThreads(self._before[1])


_SETTINGS = _TwoThreadSettings()


@contextlib.contextmanager
def two_busy_threads() -> Iterator[None]:
    """One thread for OpenCV, and quick changes between Python's threads; put back at the end.

    OpenCV's own threads would only get in the way of the two, and Python's 5 ms of patience before
    another thread may run would cost a fifth of the speed.
    """
    _SETTINGS.enter()
    try:
        yield
    finally:
        _SETTINGS.leave()
