"""What a reader sees: event lines, the summary, the progress bar, the window."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamer.core.errors import OutputError
from streamer.core.records import ActionUnit, FrameResult, SourceInfo, SourceReport
from streamer.outputs import window
from streamer.outputs.summary import Counts, format_summary, write_summary
from streamer.outputs.terminal import ProgressBar, TextWriter, format_clock, format_event
from tests.streamer.outputs.fakes import REGIONS, make_event, make_result, with_units

REPORT = SourceReport(3, 4, 1, True, {"backward_pts": 3, "late_first_pts": 1}, ("a note.",))


@pytest.mark.parametrize(
    ("time_s", "clock"),
    [(0, "00:00.000"), (61.0006, "01:01.001"), (59.9996, "01:00.000"), (3600, "1:00:00.000")],
)
def test_clock(time_s: float, clock: str) -> None:
    assert format_clock(time_s) == clock


def test_event_lines() -> None:
    assert format_event(make_event()) == (
        "00:01.167  micro  face 1  surprise 62%    0.30 s long  mouth, brow left"
    )
    assert "face 1  -  " in format_event(make_event(recognised=False))


def test_event_lines_tell_units() -> None:
    event = make_event()
    assert format_event(with_units(event, because="1+L2+R7", prototype=None)) == (
        "00:01.167  micro  face 1  surprise 62%    0.30 s long  because 1+L2+R7  mouth, brow left"
    )
    line = format_event(with_units(event))
    assert "long  AU 1+L2+R7, because 1+L2 [reads as surprise]  mouth" in line
    line = format_event(with_units(event, because="", prototype=None))
    assert "long  AU 1+L2+R7  mouth" in line
    assert "long  mouth" in format_event(with_units(event, (), "", None))


def test_units_are_counted_by_event() -> None:
    units = (ActionUnit("12", "L", 0.9, 1.0), ActionUnit("14", "both", 0.9, 1.0))
    left, counts = with_units(make_event(), units), Counts()
    counts.write(FrameResult(None, events=(with_units(make_event()), left, left)))
    counts.write(make_result(0, 0.0, events=[make_event(recognised=False), make_event()]))
    record = counts.summarise("a.mp4")
    assert list(record.units.items()) == [("1", 1), ("L2", 1), ("R7", 1), ("L12", 2), ("14", 2)]
    told = "\n  action units: 1 (1), L2 (1), R7 (1), L12 (2), 14 (2)"
    assert format_summary(record).endswith(told)
    assert "action units" not in format_summary(counted().summarise("a.mp4"))


def test_text_writer_leaves_the_stream_open() -> None:
    stream = io.StringIO()
    sink = TextWriter(stream)
    sink.write(FrameResult(None, events=(make_event(), make_event(onset_frame=60))))
    sink.close()
    assert stream.getvalue().count("\n") == 2


def counted() -> Counts:
    """Three frames at 0, 1 and 2 s: no face, one face, two faces; one event each kind."""
    counts = Counts()
    counts.write(make_result(0, 0.0))
    counts.write(make_result(1, 1.0, (0,), [make_event()]))
    counts.write(make_result(2, 2.0, (0, 1)))
    counts.write(FrameResult(None, events=(make_event(kind="macro", recognised=False),)))
    return counts


def test_summary_counts_by_hand() -> None:
    summary = counted().summarise("a.mp4", REPORT)
    assert (summary.frames, summary.frames_with_face, summary.faces) == (3, 2, 2)
    assert summary.duration_s == 3.0  # 2 s between first and last frame, and the last one's second
    assert summary.events == {"micro": 1, "macro": 1}
    assert summary.emotions == {"surprise": 1}
    text = format_summary(summary)
    for part in (
        "a.mp4: 3 frames, 3.0 s in",
        "2 faces in 67% of the frames",
        "2 events (1 micro, 1 macro; 1 surprise)",
        "4 frames dropped to keep up; 1 reconnect; repaired: backward_pts 3, late_first_pts 1",
        "truncated",
        "note: a note.",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("degrees", "turned_deg", "says"),
    [
        ([0.0, 0.0, 180.0], 0, None),
        (
            [178.0, -178.0, 5.0],
            180,
            "upside down in the picture and were followed so; --rotate 180",
        ),
        ([80.0], 90, "turned by 90 degrees in the picture and were followed so; --rotate 270 "),
        ([-91.0], 270, "turned by 270 degrees in the picture and were followed so; --rotate 90 "),
        ([44.0], 0, None),
        ([0.0, 180.0], 0, None),
    ],
)
def test_faces_that_stand_turned_are_told(
    degrees: list[float], turned_deg: int, says: str | None
) -> None:
    """By the roll that the alignment takes back; only where more than half of them stand so."""
    counts = Counts()
    for index, angle in enumerate(np.radians(degrees)):
        result = make_result(index, float(index), (0,))
        back = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0]])
        (face,) = result.faces
        counts.write(replace(result, faces=(replace(face, frame_to_face=0.5 * back),)))
    summary = counts.summarise("a.mp4", REPORT)
    assert summary.turned_deg == turned_deg
    text = format_summary(summary)
    assert ("--rotate" in text) == (says is not None)
    assert says is None or says in text


def test_summary_of_nothing() -> None:
    summary = Counts().summarise("a.mp4", exit_code=3, error="a.mp4: not there.")
    assert format_summary(summary) == "a.mp4: a.mp4: not there."
    assert summary.duration_s == 0.0
    one_frame = Counts()
    one_frame.write(make_result(0, 0.0))
    assert "no face found, no events" in format_summary(one_frame.summarise("a.mp4"))


def test_summary_file(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    write_summary(path, [counted().summarise("a.mp4", REPORT)], overwrite=False)
    data = json.loads(path.read_text())
    assert data["schema"] == "mer-stream/summary/1"
    assert data["sources"][0]["repairs"] == {"backward_pts": 3, "late_first_pts": 1}
    assert data["sources"][0]["truncated"] is True
    with pytest.raises(OutputError):
        write_summary(path, [], overwrite=False)


@pytest.mark.parametrize("declared_s", [3.0, None, 0.5])
def test_progress_bar_survives_lying_and_missing_lengths(
    declared_s: float | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.outputs.terminal._EVERY_S", 0.0)
    info = SourceInfo("clip.mp4", "file", False, 64, 48, 1.0, None, declared_s)
    bar = ProgressBar(info)
    for index in range(3):
        bar.write(make_result(index, float(index), events=[make_event()]))
    bar.close()
    shown = capsys.readouterr().err
    assert "clip.mp4" in shown and "events" in shown
    assert ("left" in shown) == (declared_s is not None)


def test_no_screen_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(window, "has_screen", lambda: False)
    with caplog.at_level(logging.WARNING):
        assert window.open_window(REGIONS, lambda: None) is None
    assert "no screen" in caplog.text


class FakeCv2:
    """Drawing is real; the window is a list of pictures."""

    def __init__(self, key: int) -> None:
        import cv2

        self._cv2 = cv2
        self.key = key
        self.shown: list[tuple[int, ...]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._cv2, name)

    def imshow(self, title: str, image: object) -> None:
        self.shown.append(image.shape)  # type: ignore[attr-defined]

    def waitKey(self, wait: int) -> int:  # noqa: N802
        return self.key

    def destroyAllWindows(self) -> None:  # noqa: N802
        pass


@pytest.mark.parametrize(("key", "stops"), [(ord("q"), True), (27, True), (-1, False)])
def test_window_shows_frames_and_q_stops(
    key: int, stops: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeCv2(key)
    monkeypatch.setattr(window, "import_cv2", lambda: fake)
    calls: list[None] = []
    shown = window.LiveWindow(REGIONS, lambda: calls.append(None))
    shown.write(make_result(0, 0.0, (0,), [make_event(onset_frame=0)]))
    shown.write(FrameResult(None))
    shown.close()
    assert len(fake.shown) == 1
    assert bool(calls) == stops
