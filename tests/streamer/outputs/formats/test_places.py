"""Events that a player shows at another time than that of capture: files go by the player."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest

from streamer.core.records import Frame, FrameResult, Moments
from streamer.outputs.formats import write_events
from streamer.outputs.formats.boris import boris_rows
from streamer.outputs.formats.event_text import Media
from streamer.outputs.terminal import format_event
from streamer.outputs.video import VideoWriter
from tests.streamer.outputs.fakes import REGIONS, make_event

DAY = ("10:00:03.500", "10:00:03.667", "10:00:03.800")
# Captured at 1.000 to 1.300 s; the pictures begin 2.5 s after the sound.
LATE = replace(make_event(), media=Moments(3.5, 3.5 + 5 / 30, 3.8), day=DAY)
MEDIA = Media("p01.mp4", "clips/p01.mp4")


def test_subtitles(tmp_path: Path) -> None:
    write_events("srt", [LATE], tmp_path / "e.srt", MEDIA)
    assert "00:00:03,500 --> 00:00:03,800" in (tmp_path / "e.srt").read_text()
    write_events("vtt", [LATE], tmp_path / "e.vtt", MEDIA)
    assert "00:00:03.500 --> 00:00:03.800" in (tmp_path / "e.vtt").read_text()


def test_elan_has_the_times_of_the_media_and_its_origin(tmp_path: Path) -> None:
    pytest.importorskip("pympi")
    origins = []
    for name, event in (("late.eaf", LATE), ("same.eaf", make_event())):
        write_events("eaf", [event], tmp_path / name, MEDIA)
        tree = ElementTree.parse(tmp_path / name)
        times = [int(slot.attrib["TIME_VALUE"]) for slot in tree.iter("TIME_SLOT")]
        (linked,) = tree.iter("MEDIA_DESCRIPTOR")
        origins.append((times, linked.get("TIME_ORIGIN")))
        text = " ".join(node.text or "" for node in tree.iter("ANNOTATION_VALUE"))
        assert ("captured at 1.167 s" in text) is (name == "late.eaf")
    # ELAN adds the origin to the time of an annotation: the sum is the place in the media.
    assert origins == [([3500, 3800], "0"), ([1000, 1300], None)]


def test_boris_gets_the_place_and_the_time_of_day(tmp_path: Path) -> None:
    rows = boris_rows([LATE])
    assert [(row[0], row[-1]) for row in rows] == [(3.5, DAY[0]), (3.8, DAY[2])]
    assert rows[0][4].startswith("START; ")  # type: ignore[union-attr]
    assert "apex 3.667 s; captured at 1.167 s" in str(rows[0][4])
    write_events("boris", [LATE], tmp_path / "e.tsv", MEDIA)
    head, first, _ = (tmp_path / "e.tsv").read_text().splitlines()
    assert head.split("\t") == ["time", "subject", "code", "modifier", "comment", "time of day"]
    assert first.split("\t")[0] == "3.500" and first.split("\t")[-1] == DAY[0]
    assert all(len(row) == 5 for row in boris_rows([replace(LATE, day=None)]))


def test_parquet_has_every_clock(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_events("parquet", [LATE, make_event()], tmp_path / "e.parquet", MEDIA)
    rows = parquet.read_table(tmp_path / "e.parquet").to_pylist()
    assert sorted(row["onset_media_s"] for row in rows) == [1.0, 3.5]
    assert {row["apex_at"] for row in rows} == {DAY[1], None}


def test_a_terminal_shows_both() -> None:
    line = format_event(LATE)
    assert line.startswith("00:01.167") and "(in the file 00:03.667)  10:00:03.667" in line
    assert "in the file" not in format_event(make_event())


@pytest.mark.parametrize(("start_s", "speed"), [(2.5, 1.0), (0.0, 4.0), (1.25, 2.0)])
def test_the_annotated_video_is_shown_where_the_recording_is(
    tmp_path: Path, start_s: float, speed: float
) -> None:
    path = tmp_path / "annotated.mp4"
    writer = VideoWriter(path, REGIONS)
    picture = np.full((48, 64, 3), 90, np.uint8)
    wanted = [start_s + speed * n / 30 for n in range(12)]
    for n, media_s in enumerate(wanted):
        writer.write(FrameResult(Frame(n, n / 30, picture, media_s)))
    writer.close()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        shown = [float(frame.pts * stream.time_base) for frame in container.decode(stream)]
    assert shown == pytest.approx(wanted, abs=1e-4)
