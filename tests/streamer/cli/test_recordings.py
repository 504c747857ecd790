"""Recordings as labs and phones make them, through the whole command line. One test per case."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from xml.etree import ElementTree

import av
import pytest

from streamer import read_events, stream
from streamer.cli.stream import app

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
    assert event.spot.apex_s == pytest.approx(1.7, abs=1 / 30)
    told = capsys.readouterr().err
    assert "120 frames, 4.0 s" in told
    assert "30 frames a second are assumed" in told and "--capture-fps RATE" in told


def test_slow_motion_of_a_phone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """120 frames a second shown as 30, with Android's tag: 1.74 s of capture, 6.9 s of play."""
    pytest.importorskip("pympi")
    assert run(SLOW, "-o", tmp_path / "e.jsonl", "--save-video", tmp_path / "v.mp4") == 0
    told = capsys.readouterr().err
    assert "120 frames a second were taken, and it shows 30" in told
    record = json.loads((tmp_path / "e.jsonl").read_text())
    assert record["emotion"] == "surprise"
    assert record["apex_s"] == pytest.approx(1.74, abs=1 / 30)
    frame = record["apex_frame"]
    assert record["apex_s"] == pytest.approx(frame / 120, abs=1e-6)
    assert record["apex_media_s"] == pytest.approx(frame / 30, abs=1e-6)
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.duration == pytest.approx(473 / 30 * 1e6, abs=2e5)

    # Subtitles and ELAN go by the player, and a table has every clock.
    names = [tmp_path / "e.eaf", tmp_path / "e.csv"]
    for name in names:
        assert run(SLOW, "-o", name, "-q", "--time-of-day", "10:00:00") == 0
    tree = ElementTree.parse(names[0])
    slots = [int(slot.attrib["TIME_VALUE"]) for slot in tree.iter("TIME_SLOT")]
    assert slots == [round(1000 * record[f"{m}_media_s"]) for m in ("onset", "offset")]
    (event,) = read_events(names[1])
    assert event.media is not None and event.day is not None
    assert event.day[1] == f"10:00:0{record['apex_s']:.3f}"


def test_the_python_interface_tells_of_an_assumed_rate(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (event,) = stream(PI, recognise=False)
    assert event.spot.apex_s == pytest.approx(1.7, abs=1 / 30)
    assert "30 frames a second are assumed" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        list(stream(PI, recognise=False, source={"capture_fps": 60.0}))
    assert "assumed" not in caplog.text and "60 a second, as asked for" in caplog.text
