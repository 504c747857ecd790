"""What is shown of a recording: real ones, hostile names, and nothing found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from demo.recording_view import NOTHING, recording_view
from demo.results import Finished
from demo.visitors import Visitor
from spotting.motion.regions import REGION_NAMES
from streamer.core.records import EmotionEvent
from streamer.outputs.record import event_id
from streamer.outputs.signals import signal_columns
from tests.demo.conftest import Analysed
from tests.demo.pages import elements
from tests.streamer.outputs.coverages import coverage
from tests.streamer.outputs.fakes import make_event, with_units

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'.mp4"
NO_FACE = "No face was found"


def made(
    visitor: Visitor,
    events: list[EmotionEvent],
    shown: str = "a.mp4",
    *,
    faces: int = 300,
    quality: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Finished:
    folder = visitor.folder / visitor.new_name("result")
    folder.mkdir()
    (folder / "signals.csv").write_text(",".join(signal_columns(REGION_NAMES)) + "\n")
    counts = {"frames": 600, "duration_s": 20.0, "frames_with_face": faces, "faces": 1}
    plain = {"truncated": False, "warnings": [], "repairs": {}}
    run = {"name": shown, "counts": counts, "quality": {**plain, **(quality or {})}}
    return Finished(folder.name, folder, shown, {**run, **(facts or {})}, tuple(events))


def notes(html: str) -> list[str]:
    return [one.text for one in elements(html, "p", class_="note")]


def test_a_real_recording(analysed: Analysed) -> None:
    result, visitor = analysed.result, analysed.visitor
    html = recording_view(result, visitor, "mer-stream sample.mp4 --output events.jsonl")
    (player,) = elements(html, "video")
    assert player["src"] == f"/visit/{visitor.token}/{result.name}/annotated.mp4"
    assert player["aria-label"] and "controls" in player.attributes
    rows = elements(html, "tr", data_row=event_id(result.events[1]))
    assert len(rows) == 1 and "negative" in rows[0].text and "89%" in rows[0].text
    assert "00:07.133" in rows[0].text and "0.30 s" in rows[0].text
    assert [one["data-event"] for one in elements(html, "button", class_="tl-event")] == [
        event_id(event) for event in result.events
    ]
    assert len(elements(html, "polyline")) == 7 and elements(html, "polyline")[0]["points"]
    hrefs = [one["href"] for one in elements(html, "a", class_="download")]
    assert len(hrefs) == 12
    assert all(
        h.startswith(f"/visit/{visitor.token}/") and h.endswith("?download=1") for h in hrefs
    )
    (command,) = elements(html, "pre")
    assert command.text == "mer-stream sample.mp4 --output events.jsonl"
    assert notes(html) == [] and str(visitor.folder) not in html
    numbers = [one.text for one in elements(html, "div", class_="card")]
    assert numbers == [
        "3micro-expressions", "0longer expressions", "00:14length", "420frames", "1faces",
        "100%frames with a face", "89%upper face judged", "97%lower face judged",
    ]  # fmt: skip


def test_a_row_by_hand(visitor: Visitor) -> None:
    event = make_event(onset_frame=150)
    html = recording_view(made(visitor, [event]), visitor, "x")
    (table,) = elements(html, "table")
    assert len(elements(html, "th", scope="col")) == 9
    cells = [one.text for one in elements(html, "td")]
    assert cells == [
        "00:05.167", "micro", "surprise", "62%", "", "0.30 s", "1", "mouth, brow left",
        "Look inside",
    ]  # fmt: skip
    assert "a reading of units" not in html
    jump, look = [one for one in elements(html, "button") if "link" in one.classes]
    assert jump["data-seek"] == "4.600" and jump["aria-label"] == "Jump to 00:05.167"
    assert look["data-inside"] == event_id(event) and "00:05.167" in look["aria-label"]
    assert "Events" in table.text


def test_a_row_with_units(visitor: Visitor) -> None:
    event = with_units(make_event(onset_frame=150))
    html = recording_view(made(visitor, [event]), visitor, "x")
    assert elements(html, "td")[4].text == "AU 1+L2+R7, because 1+L2 [reads as surprise]"
    assert "a reading of units" in html


def test_hostile_names_stay_text(visitor: Visitor) -> None:
    event = make_event(source=HOSTILE)
    html = recording_view(made(visitor, [event], HOSTILE), visitor, f"mer-stream '{HOSTILE}'")
    assert not elements(html, "script") and not elements(html, "img")
    assert "<script" not in html and "<img" not in html
    assert [one.text for one in elements(html, "h2")] == [HOSTILE]
    assert elements(html, "pre")[0].text == f"mer-stream '{HOSTILE}'"
    known = {"id", "class", "style", "type", "role", "tabindex", "title", "scope", "value"}
    for one in elements(html):
        assert not [name for name in one.attributes if name.startswith("on")], one
        if one.tag in ("div", "section", "p"):
            assert {n for n in one.attributes if not n.startswith(("data-", "aria-"))} <= known


def test_hostile_warnings_stay_text(visitor: Visitor) -> None:
    found = made(visitor, [make_event()], quality={"warnings": [HOSTILE], "truncated": True})
    html = recording_view(found, visitor, "x")
    assert not elements(html, "script")
    assert notes(html) == [
        "The recording is cut short or damaged; what came before that is shown.", HOSTILE,
    ]  # fmt: skip


def test_repairs_are_told_in_order(visitor: Visitor) -> None:
    found = made(visitor, [make_event()], quality={"repairs": {"late": 2, "back": 1}})
    told = notes(recording_view(found, visitor, "x"))
    assert told == ["Repaired back: 1.", "Repaired late: 2."]


@pytest.mark.parametrize(("faces", "says"), [(300, NOTHING), (0, NO_FACE)])
def test_nothing_found_is_explained(visitor: Visitor, faces: int, says: str) -> None:
    html = recording_view(made(visitor, [], faces=faces), visitor, "x")
    (note,) = notes(html)
    assert note.startswith(says)
    assert not elements(html, "table") and not elements(html, "video")
    assert not elements(html, "button")


def test_many_events_are_cut_off_and_counted(visitor: Visitor) -> None:
    events = [make_event(onset_frame=30 * n) for n in range(203)]
    html = recording_view(made(visitor, events), visitor, "x")
    assert len(elements(html, "tr")) == 201
    assert "3 more are in the files below." in html


def test_curves_of_the_three_faces_with_most_events(visitor: Visitor) -> None:
    counted = {0: 1, 3: 4, 5: 2, 7: 3}
    events = [make_event(face_id=f, onset_frame=30 * n) for f, c in counted.items()
              for n in range(c)]  # fmt: skip
    html = recording_view(made(visitor, events), visitor, "x")
    plots = [one["aria-label"] for one in elements(html, "svg", role="img")]
    assert [label.split(",")[0] for label in plots] == [f"Motion of face {n}" for n in (3, 5, 7)]


def test_no_path_of_the_server_is_in_it(visitor: Visitor, tmp_path: Path) -> None:
    html = recording_view(made(visitor, [make_event(source="a.mp4")]), visitor, "x")
    assert str(visitor.folder.parent) not in html and visitor.folder.name not in html


def test_nothing_in_little_that_was_judged_reads_so(visitor: Visitor) -> None:
    little = coverage(20.0, {"": 1.0, "head turn": 19.0}, {"head turn": 20.0})
    facts = {"coverage": little.to_json()}
    html = recording_view(made(visitor, [], facts=facts), visitor, "x")
    (note,) = notes(html)
    assert note.startswith("No events in what could be judged, which is little: the upper face for")
    assert NOTHING not in html
    (table,) = elements(html, "table", class_="covered")
    rows = [one.text for one in elements(html, "td")]
    assert rows == [" judged", "5%", "0%", " head turn", "95%", "100%"] and table


def test_the_reason_why_there_is_no_face(visitor: Visitor) -> None:
    facts = {"no_face": [{"reason": "too dark", "frames": 600, "value": 6.0}]}
    html = recording_view(made(visitor, [], faces=0, facts=facts), visitor, "x")
    assert notes(html) == [
        "No face found in 100% of the frames: too dark (mean brightness 6 of 255): more light on "
        "the face."
    ]
