"""Signals around what must not stop half-way."""

from __future__ import annotations

import signal
import threading

import pytest

from streamer.core.process.stopping import holding_signals


@pytest.fixture(autouse=True)
def _interrupting() -> None:
    """As a command line sets it; the handlers of before come back by themselves."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_takes_effect_at_the_end_of_the_block(number: signal.Signals) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), holding_signals():
        signal.raise_signal(number)
        done.append("all")
    assert done == ["all"]
    assert signal.getsignal(number) is signal.default_int_handler


def test_without_a_signal_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGINT)
    with holding_signals():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_it_does_nothing() -> None:
    seen = []
    before = signal.getsignal(signal.SIGINT)

    def work() -> None:
        with holding_signals():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
