"""Devices: a missing CUDA is quiet with "auto" and a clear sentence with "cuda"."""

from __future__ import annotations

import logging

import pytest

from recognition import session
from recognition.files.model_file import BUNDLED, read_model
from streamer.core.errors import InstallError
from streamer.core.process import onnx_sessions


def test_auto_without_a_driver_runs_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(onnx_sessions, "cuda_device_there", lambda: False)
    with caplog.at_level(logging.INFO):
        opened = session.open_session(read_model(BUNDLED), "auto", 1)
    assert opened.get_providers() == ["CPUExecutionProvider"]
    assert "recognition runs on CPU" in caplog.text
    assert capfd.readouterr() == ("", "")


def test_auto_with_a_driver_whose_cuda_libraries_are_missing_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whether CUDA works here or not, nothing is printed and the session is usable."""
    monkeypatch.setattr(onnx_sessions, "cuda_device_there", lambda: True)
    opened = session.open_session(read_model(BUNDLED), "auto", 1)
    assert opened.get_providers()[-1] == "CPUExecutionProvider"
    assert capfd.readouterr() == ("", "")


def test_cuda_by_name_must_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_sessions, "cuda_device_there", lambda: False)
    with pytest.raises(InstallError, match=r"CUDA cannot be used .*pip install"):
        session.open_session(read_model(BUNDLED), "cuda", 1)
