"""The notice of intended use: once, on a terminal, without waiting."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from streamer.cli.notice import show_notice_once


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path))
    return tmp_path


def test_it_is_told_once_on_a_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show_notice_once()
    said = capsys.readouterr()
    assert "AI Act, article 5(1)(f)" in said.err and said.out == ""
    show_notice_once()
    assert capsys.readouterr().err == ""


def test_a_pipe_hears_nothing_and_counts_for_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_notice_once()
    assert capsys.readouterr().err == ""
    assert list(home.iterdir()) == []


def test_a_home_that_cannot_be_written_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "file"))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show_notice_once()
    assert "AI Act" in capsys.readouterr().err
