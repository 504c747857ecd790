"""The live window (`--show`). Without a screen a warning is logged and the run continues."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from streamer.core.process.libraries import import_cv2
from streamer.core.records import EmotionEvent, FrameResult
from streamer.outputs.draw import AFTERGLOW_S, Annotator

_LOG = logging.getLogger(__name__)
_TITLE = "mer-stream (q or Esc stops)"
_STOP_KEYS = (ord("q"), ord("Q"), 27)
_PROBE = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1); cv2.destroyAllWindows()"
_PROBE_TIMEOUT_S = 20.0


def has_screen() -> bool:
    """Whether a window can be opened.

    Tried in a process of its own: without a screen, the window library ends its process.
    """
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, timeout=_PROBE_TIMEOUT_S
        )
    except (subprocess.TimeoutExpired, OSError):
        return False
    return probe.returncode == 0


class LiveWindow:
    """Shows each frame as it is worked on. An event appears when it is known, with its age."""

    def __init__(self, regions: Sequence[str], stop: Callable[[], None]) -> None:
        self._cv2: Any = import_cv2()
        self._regions = regions
        self._stop = stop
        self._annotator = Annotator(regions)
        self._events: list[EmotionEvent] = []
        self._open = True

    def write(self, result: FrameResult) -> None:
        self._events.extend(result.events)
        if result.frame is None:  # the end of a source: the next may have another size
            self._annotator = Annotator(self._regions)
            self._events = []
            return
        if not self._open:
            return
        canvas = self._annotator.draw(result)
        now_s = result.frame.time_s
        self._events = [e for e in self._events if e.emitted_s >= now_s - AFTERGLOW_S]
        self._annotator.draw_banners(canvas, now_s, self._events)
        self._show(canvas)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._cv2.destroyAllWindows()

    def _show(self, canvas: Any) -> None:
        try:
            self._cv2.imshow(_TITLE, canvas[..., ::-1])
            key = self._cv2.waitKey(1) & 0xFF
        except self._cv2.error as error:
            _LOG.warning("The window was lost (%s); going on without it.", error)
            self._open = False
            return
        if key in _STOP_KEYS:
            self._stop()


def open_window(regions: Sequence[str], stop: Callable[[], None]) -> LiveWindow | None:
    """The live window, or None with a warning where there is no screen."""
    if has_screen():
        return LiveWindow(regions, stop)
    _LOG.warning("--show: no screen to open a window on; going on without it.")
    return None
