"""Stopping in good order: the open event is flushed and the files are closed."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeVar

from streamer.closing import Closing

T = TypeVar("T")
_LOOK_S = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopFlag:
    """Set by Ctrl-C, by SIGTERM or by the user's `q`; asked between two frames."""

    def __init__(self) -> None:
        self._set = False
        self.signalled = False

    def __call__(self) -> bool:
        return self._set

    def stop(self) -> None:
        """Stop after the present frame."""
        self._set = True

    @contextlib.contextmanager
    def catching(self) -> Iterator[None]:
        """The first signal sets the flag; a second one is a KeyboardInterrupt at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.signalled:
            raise KeyboardInterrupt
        self.signalled = True
        self._set = True


def interruptible(action: Callable[[], T]) -> T:
    """The result of `action`, which may wait inside a library for seconds.

    It runs in a thread, so that a signal is a KeyboardInterrupt here at once. The thread is left
    behind then; what it still opens is closed.
    """
    if threading.current_thread() is not threading.main_thread():
        return action()
    results: list[T] = []
    errors: list[BaseException] = []
    abandoned = threading.Event()

    def work() -> None:
        try:
            result = action()
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            errors.append(error)
            return
        results.append(result)
        if abandoned.is_set() and isinstance(result, Closing):
            result.close()

    thread = threading.Thread(target=work, name="open", daemon=True)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(_LOOK_S)
    except BaseException:
        abandoned.set()
        raise
    if errors:
        raise errors[0]
    return results[0]


def interrupt_on_sigterm() -> None:
    """Outside `catching`, let SIGTERM end the program as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
