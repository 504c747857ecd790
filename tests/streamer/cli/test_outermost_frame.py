"""Whatever a command meets, it ends with a sentence and a documented code."""

from __future__ import annotations

import errno
import os
import signal
import sys

import pytest
import typer

from streamer.cli.common import logging_to, run_app
from streamer.core.errors import InternalError, MerError, ModelError, OutputError, UsageError

CASES: list[tuple[BaseException, int, str]] = [
    (ValueError("odd\nvalue"), 1, "internal error (ValueError: odd value)"),
    (TypeError("x"), 1, "internal error (TypeError: x)"),
    (KeyError("x"), 1, "internal error (KeyError: 'x')"),
    (OverflowError("x"), 1, "internal error (OverflowError"),
    (RecursionError("deep"), 1, "internal error (RecursionError"),
    (MemoryError(), 1, "internal error (MemoryError)"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd"), 1, "internal error (UnicodeDecodeError"),
    (OSError(errno.EIO, "Input/output error"), 1, "internal error (OSError"),
    (AssertionError(), 1, "internal error (AssertionError)"),
    (OSError(errno.ENOSPC, "No space left", "out/events.jsonl"), 8, "the disk is full"),
    (ModelError("the model is odd."), 7, "the model is odd."),
    (OutputError("no room."), 8, "no room."),
    (KeyboardInterrupt(), 130, ""),
]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MER_VERBOSE", raising=False)
    monkeypatch.setattr(sys, "argv", ["mer-x"])


def run(error: BaseException) -> int:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run_app(app, "mer-x")
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(("error", "code", "part"), CASES, ids=lambda v: type(v).__name__)
def test_an_error_is_a_sentence_and_a_code(
    error: BaseException, code: int, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(error) == code
    said = capsys.readouterr().err
    assert part in said and "Traceback" not in said
    assert said.count("\n") == (1 if part else 0)
    assert not part or said.startswith("mer-x: error: ")


def test_the_details_are_shown_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MER_VERBOSE", "1")
    assert run(ValueError("odd value")) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said and "in command" in said and "please report it" in said


def test_the_report_hides_what_urls_hide(capsys: pytest.CaptureFixture[str]) -> None:
    run(ValueError("rtsp://ann:geheim@camera/x"))
    assert "geheim" not in capsys.readouterr().err


def test_an_internal_error_is_one_of_ours() -> None:
    error = InternalError(ValueError("x" * 5000))
    assert isinstance(error, MerError) and error.exit_code == 1 and len(str(error)) < 600


@pytest.mark.parametrize("asked", ["option", "environment", "no"])
def test_verbose_lets_native_libraries_speak_and_only_while_it_runs(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("MER_VERBOSE", "GLOG_minloglevel", "TF_CPP_MIN_LOG_LEVEL")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    if asked == "environment":
        monkeypatch.setenv("MER_VERBOSE", "1")
    with logging_to(False, asked == "option", None) as speaks:
        told = [os.environ.get(name) for name in names]
    assert speaks == (asked != "no")
    assert told == (["1", "0", "0"] if speaks else [None] * 3)
    assert [name in os.environ for name in names] == [asked == "environment", False, False]


def test_contradictions_are_refused() -> None:
    for options in ((True, True, None), (True, False, None, True)):
        with pytest.raises(UsageError, match="choose one of them"), logging_to(*options):
            pass


def test_a_signal_after_the_end_changes_nothing() -> None:
    run(SystemExit(0))
    assert {signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)} == {signal.SIG_IGN}
