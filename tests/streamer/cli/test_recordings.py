"""Recordings as labs and phones make them, through the whole command line. One test per case."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import av
import pytest

from streamer import read_events, stream
from streamer.cli.stream import app
from streamer.outputs.formats import write_events
from streamer.outputs.formats.event_text import Media

CASES = Path(__file__).parents[2] / "cases"
PI, SLOW = CASES / "pi_30fps_no_timing.h264", CASES / "slowmo_android_120as30.mp4"


def run(*args: object) -> int:
    code = app([str(arg) for arg in (*args, "--no-progress")], standalone_mode=False)
    return code if isinstance(code, int) else 0


def test_a_raspberry_pi_without_timing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Taken at 30 a second; FFmpeg's packet durations make 2 s of it. Surprise at 1.700 s."""
    assert run(PI, "--output", tmp_path / "e.jsonl") == 0
    (event,) = read_events(tmp_path / "e.jsonl")
    assert event.recognition is not None and event.recognition.emotion == "surprise"
    assert event.spot.apex_s == pytest.approx(1.7, abs=1 / 30 + 1e-6)
    told = capsys.readouterr().err
    assert "120 frames, 4.0 s" in told
    assert "30 frames a second are assumed" in told and "--capture-fps RATE" in told


def test_slow_motion_of_a_phone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """120 frames a second shown as 30, with Android's tag: 1.74 s of capture, 6.9 s of play."""
    log, video = tmp_path / "e.jsonl", tmp_path / "v.mp4"
    assert run(SLOW, "-o", log, "--save-video", video, "--time-of-day", "10:00:00") == 0
    told = capsys.readouterr().err
    assert "120 frames a second were taken, and it shows 30" in told
    record = json.loads(log.read_text())
    assert record["emotion"] == "surprise"
    assert record["apex_s"] == pytest.approx(1.74, abs=1 / 30 + 1e-6)
    frame = record["apex_frame"]
    assert record["apex_s"] == pytest.approx(frame / 120, abs=1e-6)
    assert record["apex_media_s"] == pytest.approx(frame / 30, abs=1e-6)
    assert record["apex_at"] == f"10:00:0{record['apex_s']:.3f}"
    with av.open(str(video)) as container:
        assert container.duration == pytest.approx(473 / 30 * 1e6, abs=2e5)
    srt = tmp_path / "e.srt"
    write_events("srt", list(read_events(log)), srt, Media(SLOW.name))
    onset_ms = round(1000 * record["onset_media_s"])
    assert f"00:00:0{onset_ms // 1000},{onset_ms % 1000:03d} --> " in srt.read_text()


def test_the_python_interface_tells_of_an_assumed_rate(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (event,) = stream(PI, recognise=False, source={"time_of_day": "10:00"})
    assert event.spot.apex_s == pytest.approx(1.7, abs=1 / 30 + 1e-6)
    assert event.day is not None and event.day[1].startswith("10:00:01.7")
    assert "30 frames a second are assumed" in caplog.text
