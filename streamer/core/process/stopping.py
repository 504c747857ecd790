"""Stopping in good order: the open event is flushed and the files are closed."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn, TypeVar

from streamer.core.errors import EXIT_INTERRUPTED

PATIENCE_S = 5.0  # from the first signal to the end; what waits or hangs then is left
T = TypeVar("T")
_LEFT: list[threading.Thread] = []  # behind in a library, by `interruptible`
_LOOK_S = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopFlag:
    """Set by Ctrl-C, by SIGTERM or by the user's `q`; asked between two frames."""

    def __init__(self) -> None:
        self._set = False
        self.signalled = False
        self._patience_s: float | None = None
        self._timer: threading.Timer | None = None

    def __call__(self) -> bool:
        return self._set

    def stop(self) -> None:
        """Stop after the present frame."""
        self._set = True

    def check(self) -> None:
        """Raise the KeyboardInterrupt of a signal that has come: where it does no harm."""
        if self.signalled:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def catching(self, patience_s: float | None = None) -> Iterator[None]:
        """The first signal sets the flag; a second one is a KeyboardInterrupt at once.

        patience_s: so long after the first signal comes a second one by itself, for what waits in
        a system call (a reader of standard output that does not read); so long after that the
        process is ended.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        waited_s, self._patience_s = self._patience_s, patience_s or self._patience_s
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
            self._patience_s = waited_s
            if waited_s is None and self._timer is not None:
                self._timer.cancel()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.signalled:
            raise KeyboardInterrupt
        self.signalled = True
        self._set = True
        if self._patience_s is not None:
            self._start_timer(self._patience_s, self._insist)

    def _start_timer(self, wait_s: float, action: Callable[[], None]) -> None:
        self._timer = threading.Timer(wait_s, action)
        self._timer.daemon = True
        self._timer.start()

    def _insist(self) -> None:
        if self._patience_s is None:
            return
        self._start_timer(self._patience_s, lambda: os._exit(EXIT_INTERRUPTED))
        main = threading.main_thread().ident
        if hasattr(signal, "pthread_kill") and main is not None:
            signal.pthread_kill(main, signal.SIGINT)  # a system call ends, and the handler runs
        else:
            signal.raise_signal(signal.SIGINT)


def interruptible(action: Callable[[], T], stop: StopFlag, dispose: Callable[[T], None]) -> T:
    """The result of `action`, which may wait inside a library for seconds.

    It runs in a thread, so that a signal is a KeyboardInterrupt here at once. The thread is left
    behind then; what it still opens is given to `dispose`.
    """
    stop.check()
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
        if abandoned.is_set():
            dispose(result)

    thread = threading.Thread(target=work, name="open", daemon=True)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(_LOOK_S)
            stop.check()
    except BaseException:
        abandoned.set()
        _LEFT.append(thread)
        raise
    if errors:
        raise errors[0]
    return results[0]


@contextlib.contextmanager
def holding_signals() -> Iterator[None]:
    """A signal that comes within the block takes effect at its end.

    For what must not stop half-way, such as the start of a process that waits for what to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for late in came:
            signal.raise_signal(late)


def interrupt_on_sigterm() -> None:
    """Outside `catching`, let SIGTERM end the program as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def leave(code: int) -> NoReturn:
    """End the process: all is done, files are closed, and the exit code is known.

    A signal that still comes changes nothing: the end of the interpreter takes half a second, and
    puts the deadly defaults back. Where a thread was left behind in a library there is no such end,
    as the thread may come back in the middle of it, which crashes the process.
    """
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if not any(thread.is_alive() for thread in _LEFT):
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, full, or none
            stream.flush()
    os._exit(code)
