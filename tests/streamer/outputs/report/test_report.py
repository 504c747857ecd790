"""Reports: what is read from the log, and that the page is whole and keeps to itself."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from streamer.core.records import Judged, MissingFace, NoFace
from streamer.outputs.no_faces import NoFaceReason
from streamer.outputs.report import page as page_module
from streamer.outputs.report.index import index_page
from streamer.outputs.report.log import view_signals
from streamer.outputs.report.page import choose, write_report
from streamer.outputs.signals import SignalsCsv
from streamer.outputs.summary import RunRecord
from tests.streamer.outputs.coverages import coverage
from tests.streamer.outputs.fakes import REGIONS, make_event, make_result, with_units

RECORD = RunRecord(
    "clips/talk.mp4",
    frames=300,
    frames_with_face=240,
    faces=1,
    duration_s=10.0,
    coverage=coverage(10.0, {"": 8.0, "no face": 2.0}, {"": 5.0, "speech": 3.0, "no face": 2.0}),
)
VOID = {"meta", "img"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """10 s at 30 a second: no face in the first 2 s, then one that talks and, at 5 s, jumps."""
    log = SignalsCsv(tmp_path / "signals.csv", REGIONS)
    for index in range(300):
        result = make_result(index, index / 30, () if index < 60 else (1,))
        if index > 60:  # until 5 s the lower face talks; of the last frame nothing is said
            judged = Judged(index - 1, (index - 1) / 30, 33_333, "", "speech" * (index < 151))
            result = replace(result, motions=(replace(result.motions[0], judged=(judged,)),))
        if index == 150:
            (motion,) = result.motions
            twice = replace(motion, displacement_iod=2 * motion.displacement_iod)
            result = replace(result, motions=(twice,))
        log.write(result)
    log.close()
    return tmp_path


class Balance(HTMLParser):
    """Notes tags that are not closed, and every address that is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """<line/> opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(document: str) -> Balance:
    balance = Balance()
    balance.feed(document)
    balance.close()
    assert balance.open == []
    assert "<script" not in document
    return balance


def test_the_overview_counts_what_could_be_judged_and_motion(folder: Path) -> None:
    event = make_event(onset_frame=150)  # 5.0 to 5.3 s
    view = view_signals(folder / "signals.csv", [event], [0], 10.0, 300)
    assert len(view.bins) == 100 and sum(b.frames for b in view.bins) == 300
    assert sum((b.upper for b in view.bins), Counter()) == {
        "no face": 60, "": 239, "came or went": 1,
    }  # fmt: skip
    assert [b.lower for b in view.bins[19:21]] == [{"no face": 3}, {"speech": 3}]
    assert [b.lower for b in view.bins[49:51]] == [{"speech": 3}, {"": 3}]
    assert view.bins[50].change_iod == pytest.approx(0.1)  # the mouth, from 0.1 to 0.2
    assert view.bins[45].change_iod == 0.0
    curves = view.curves[0]
    assert curves.time_s[0] == pytest.approx(4.0) and curves.time_s[-1] == pytest.approx(6.3)
    assert set(curves.regions) == set(REGIONS)
    assert curves.regions["brow_left"][0] == pytest.approx(0.05)


def test_a_window_that_the_log_cuts_off_is_kept(folder: Path) -> None:
    view = view_signals(folder / "signals.csv", [make_event(onset_frame=290)], [0], 10.0, 300)
    assert view.curves[0].time_s[-1] == pytest.approx(299 / 30)


def test_a_short_recording_has_few_bins(folder: Path) -> None:
    assert len(view_signals(folder / "signals.csv", [], [], 10.0, 2).bins) == 1


def test_the_page_is_whole_and_asks_for_nothing(folder: Path) -> None:
    events = [make_event(onset_frame=150), make_event(onset_frame=200, kind="macro")]
    write_report(folder, RECORD, events)
    document = (folder / "report.html").read_text()
    assert parsed(document).links == []
    assert "default-src 'none'" in document
    for words in ("talk.mp4", "micro surprise", "macro surprise", "80%", "speech", "onset"):
        assert words in document, words
    assert document.count("<polyline") == 2 * len(REGIONS)
    assert len(re.findall(r"<tr>", document.partition("<h2>Table</h2>")[2])) == 3


def test_units_are_told_with_what_they_are_read_as(folder: Path) -> None:
    events = [
        with_units(make_event(onset_frame=150)),
        with_units(make_event(onset_frame=200), (), "", None),
        make_event(onset_frame=250, recognised=False),
    ]
    write_report(folder, RECORD, events)
    document = (folder / "report.html").read_text()
    parsed(document)
    read = "AU 1+L2+R7, because 1+L2 [reads as surprise]"
    cards, _, table = document.partition("<h2>Table</h2>")
    assert cards.count(f'<p class="units">{read}</p>') == 1
    assert cards.count('<p class="units">no action unit</p>') == 1
    assert [row[8] for row in cells(table)] == [read, "", ""]
    assert "a reading of units" in table and "left and right" in table
    write_report(folder, RECORD, [make_event(onset_frame=150)])
    assert "a reading of units" not in (folder / "report.html").read_text()


def test_an_emotion_that_is_other_has_its_colour(folder: Path) -> None:
    event = make_event(onset_frame=150)
    assert event.recognition is not None
    event = replace(event, recognition=replace(event.recognition, emotion="other"))
    write_report(folder, RECORD, [event])
    document = (folder / "report.html").read_text()
    assert '<span class="badge other">micro other</span>' in document
    assert ".other { color: var(--unclassed); }" in document


def test_pictures_are_in_the_page_if_there_are_some(folder: Path) -> None:
    from streamer.outputs.record import event_id

    event = make_event(onset_frame=150)
    (folder / "images").mkdir()
    (folder / "images" / f"{event_id(event)}-apex.jpg").write_bytes(b"jpeg")
    write_report(folder, RECORD, [event])
    links = parsed((folder / "report.html").read_text()).links
    assert links == ["data:image/jpeg;base64,anBlZw=="]


def test_no_events(folder: Path) -> None:
    write_report(folder, RECORD, [])
    document = (folder / "report.html").read_text()
    parsed(document)
    assert "None was found." in document


def test_no_events_in_little_that_was_judged(folder: Path) -> None:
    little = coverage(10.0, {"": 0.6, "head turn": 9.4}, {"head turn": 10.0})
    write_report(folder, replace(RECORD, coverage=little), [])
    document = (folder / "report.html").read_text()
    parsed(document)
    assert "None was found" not in document
    assert "the upper face for 0.6 s (6% of the time), the lower face for 0.0 s (0%)." in document


def test_the_strips_show_what_was_judged_and_the_table_how_much(folder: Path) -> None:
    write_report(folder, RECORD, [])
    document = (folder / "report.html").read_text()
    strips = re.findall(r'<rect class="judged (\w+)" x="([\d.]+)" width="([\d.]+)"', document)
    # 924 wide: 2 s without a face; of the last stretch two of three frames were judged
    assert strips == [
        ("none", "46.0", "185.00"), ("yes", "230.8", "730.16"), ("other", "960.8", "9.44"),
        ("yes", "960.8", "9.44"), ("none", "46.0", "185.00"), ("speech", "230.8", "277.40"),
        ("yes", "508.0", "452.96"), ("other", "960.8", "9.44"), ("yes", "960.8", "9.44"),
    ]  # fmt: skip
    row = r"</svg> ([\w ]+)</td><td class=right>(\d+%)</td><td class=right>(\d+%)"
    rows = re.findall(row, document)
    assert rows == [("judged", "80%", "50%"), ("no face", "20%", "20%"), ("speech", "0%", "30%")]


def test_why_no_face_was_found_is_in_the_notes(folder: Path) -> None:
    dark = NoFaceReason(MissingFace(NoFace.DARK, 6.0), 60)
    write_report(folder, replace(RECORD, no_face=(dark,)), [])
    wanted = "60 of 300 frames have no face: too dark (mean brightness 6 of 255): more light"
    assert wanted in (folder / "report.html").read_text()


def test_a_log_of_an_older_version_has_no_strips(folder: Path) -> None:
    log = folder / "signals.csv"
    lines = [line.rsplit(",", 4)[0] for line in log.read_text().splitlines()]
    log.write_text("\n".join(lines) + "\n")
    write_report(folder, replace(RECORD, coverage=None), [])
    document = (folder / "report.html").read_text()
    parsed(document)
    assert 'class="judged' not in document and "What could be judged" not in document


def test_the_strongest_micro_events_get_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "MAX_CARDS", 2)
    events = [
        make_event(onset_frame=90, kind="macro"),
        make_event(onset_frame=60),
        make_event(onset_frame=30),
    ]
    assert choose(events) == [2, 1]  # in the order of their times


def test_the_index_links_to_reports_and_names_failures() -> None:
    rows = [
        RunRecord(
            "a/<b>.mp4", "b c#1", duration_s=90.0, events={"micro": 3, "macro": 1}, truncated=True
        ),
        RunRecord("x.mp4", "x", "failed", 4, "x.mp4 is <empty>"),
    ]
    document = index_page(rows).decode()
    assert parsed(document).links == ["b%20c%231/report.html"]
    assert "&lt;b&gt;.mp4" in document and "x.mp4 is &lt;empty&gt;" in document
    assert ">2.0<" in document  # micro a minute
    assert "cut short" in document


def cells(document: str) -> list[list[str]]:
    """The table's rows as text."""
    rows = document.partition("<tbody>")[2].split("</tr>")[:-1]
    return [[re.sub("<[^>]*>", "", c) for c in row.split("</td>")[:-1]] for row in rows]


def test_the_index_names_files_and_their_folders_where_two_are_the_same() -> None:
    judged = coverage(10.0, {"": 8.2, "blink": 1.8}, {"": 2.0, "speech": 8.0})
    dark = NoFaceReason(MissingFace(NoFace.DARK, 6.0), 9)
    rows = [
        RunRecord("/data/a/talk.mp4", "t", frames=9, frames_with_face=9, coverage=judged),
        RunRecord("/data/b/talk.mp4", "t2", frames=9, frames_with_face=9),
        RunRecord("/data/<b>/x.mp4", "x", frames=9, no_face=(dark,)),
    ]
    document = index_page(rows).decode()
    found = [[row[0].strip(), *row[6:]] for row in cells(document)]
    assert found == [
        ["talk.mp4/data/a", "82%", "20%", "little could be judged"],
        ["talk.mp4/data/b", "", "", ""],
        ["x.mp4", "", "", "no face found in 100% of the frames: too dark (mean brightness 6 of "
         "255): more light on the face"],
    ]  # fmt: skip
    assert 'title="/data/a/talk.mp4"' in document and 'title="/data/&lt;b&gt;/x.mp4"' in document
    assert "<b>82%</b>" in document and "<b>20%</b>" in document  # of all recordings together


def test_a_log_that_is_being_written_is_read_as_far_as_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "signals.csv"
    log.write_text("")  # a camera that has just started
    assert sum(b.frames for b in view_signals(log, [], [], 10.0, 300).bins) == 0
    head = "frame,time_s,face_id,gate,motion_brow\n"
    log.write_text(head + "0,0.0,0,,0.01\n1,0.03,0,,0.01\n2,0.0")
    assert sum(b.frames for b in view_signals(log, [], [], 10.0, 300).bins) == 2
