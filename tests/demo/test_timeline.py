"""The timeline: places worked out by hand, and nothing of a name becomes HTML."""

from __future__ import annotations

from dataclasses import replace

import pytest

from demo.timeline import GROUPS, jump_s, timeline
from streamer.outputs.record import event_id
from streamer.outputs.report.drawing import STRIP_HEIGHT as HEIGHT
from streamer.outputs.report.overview import GatedStretch, Overview
from tests.demo.pages import elements
from tests.streamer.outputs.fakes import make_event, with_units

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'.mp4"
REST = dict.fromkeys(GROUPS, (0.0, 0.0, 0.0))
# Moves the chin by 0.05 IOD at 5 s, half of it at 10 s; 20 s are the whole width.
VIEW = Overview(
    (0.0, 5.0, 10.0), REST | {"chin": (0.0, 0.05, 0.025)}, (GatedStretch(2.0, 3.0, "blink <b>"),)
)


def ticks(duration_s: float) -> list[tuple[float, str]]:
    spans = elements(timeline([], [], duration_s), "span")
    placed = [one for one in spans if one.attributes.get("style", "").startswith("left:")]
    return [(float(one["style"][5:-1]), one.text) for one in placed]


def test_a_button_lies_where_the_event_is() -> None:
    event = make_event(onset_frame=150)  # 5 s, apex 5.167, offset 5.3
    (button,) = elements(timeline([event], [], 20.0), "button")
    assert button["style"] == "left:25.000%;width:max(1.500%,12px)"
    assert button["data-seek"] == "4.600"  # 0.4 s before
    assert button["data-event"] == event_id(event)
    assert button["type"] == "button"
    assert button.classes == ["tl-event", "micro", "surprise"]
    assert (
        button["aria-label"]
        == button["title"]
        == ("micro-expression at 00:05.167, surprise, confidence 62%, face 1. Jump there.")
    )


def test_an_event_without_an_emotion_says_so() -> None:
    event = make_event(recognised=False, kind="macro")
    (button,) = elements(timeline([event], [], 20.0), "button")
    assert "not recognised" in button["aria-label"] and "macro-" in button["aria-label"]
    assert button.classes == ["tl-event", "macro", "movement"]


def test_a_button_tells_units() -> None:
    (button,) = elements(timeline([with_units(make_event())], [], 20.0), "button")
    told = "surprise, confidence 62% AU 1+L2+R7, because 1+L2 [reads as surprise], face 1."
    assert told in button["title"]


@pytest.mark.parametrize(("frame", "at_s"), [(0, 0.0), (9, 0.0), (12, 0.0), (30, 0.6)])
def test_a_jump_is_never_before_the_start(frame: int, at_s: float) -> None:
    assert jump_s(make_event(onset_frame=frame)) == pytest.approx(at_s)


def test_buttons_are_in_the_order_of_the_events() -> None:
    events = [make_event(onset_frame=n) for n in (10, 100, 300)]
    found = elements(timeline(events, [], 20.0), "button")
    assert [one["data-event"] for one in found] == [event_id(event) for event in events]
    assert all(one["aria-label"] for one in found)


def test_a_plot_of_one_face() -> None:
    mine, other = make_event(face_id=1, onset_frame=150), make_event(face_id=2)
    html = timeline([mine, other], [(1, VIEW)], 20.0)
    lines = elements(html, "polyline")
    assert [one.classes for one in lines] == [["curve", f"g{n}"] for n in range(len(GROUPS))]
    # The full height is 0.05; 2 below and 4 above are free: y = 108 - 104 share.
    assert lines[list(GROUPS).index("chin")]["points"] == "0.0,108.0 250.0,4.0 500.0,56.0"
    assert lines[0]["points"] == "0.0,108.0 250.0,108.0 500.0,108.0"
    (gate,) = elements(html, "rect", class_="gate")
    assert (gate["x"], gate["width"], gate["height"]) == ("100.00", "50.00", str(HEIGHT))
    assert gate.text == "not counted: blink <b>"
    (span,) = elements(html, "rect", class_="span")  # not of the other face
    assert (span["x"], span["width"]) == ("250.00", "15.00")
    moments = elements(html, "line", class_="moment")
    assert [(one.classes[1], one["x1"]) for one in moments] == [
        ("onset", "250.00"), ("apex", "258.33"), ("offset", "265.00"),
    ]  # fmt: skip
    (plot,) = [one for one in elements(html, "svg") if one.attributes.get("role") == "img"]
    assert plot["aria-label"] == "Motion of face 1, up to 0.050 inter-ocular distances"


def test_a_face_at_rest_fills_no_height() -> None:
    html = timeline([], [(0, replace(VIEW, groups=REST | {"chin": (0.01, 0.0, 0.0)}))], 20.0)
    chin = elements(html, "polyline")[list(GROUPS).index("chin")]
    assert chin["points"].startswith("0.0,56.0 ")  # 0.01 of at least 0.02


@pytest.mark.parametrize(
    ("duration_s", "expected"),
    [
        (20.0, [(0, "0:00"), (25, "0:05"), (50, "0:10"), (75, "0:15")]),  # 20 has no room
        (4.0, [(12.5 * n, f"0:0{n / 2:.1f}") for n in range(8)]),
        (90.0, [(0, "0:00"), (16.667, "0:15"), (33.333, "0:30"), (50, "0:45"), (66.667, "1:00"),
                (83.333, "1:15")]),  # 7.5 s of 15 are left: room enough
        (600.0, [(0, "0:00"), (20, "2:00"), (40, "4:00"), (60, "6:00"), (80, "8:00")]),
        (0.0, [(0, "0:00.0")]),
    ],
)  # fmt: skip
def test_ticks(duration_s: float, expected: list[tuple[float, str]]) -> None:
    assert ticks(duration_s) == expected


@pytest.mark.parametrize("duration_s", [0.3, 1.0, 7.9, 14.0, 61.0, 599.0, 3600.0])
def test_ticks_are_few_and_inside(duration_s: float) -> None:
    places = [place for place, _ in ticks(duration_s)]
    assert places[0] == 0 and places == sorted(set(places)) and places[-1] < 100
    assert len(places) <= 31 and (duration_s > 960 or len(places) <= 9)


def test_no_name_becomes_html() -> None:
    event = make_event(source=HOSTILE)
    html = timeline([event], [(1, VIEW)], 20.0)
    assert "<script" not in html and "<img" not in html and "<b>" not in html
    assert not elements(html, "script") and not elements(html, "img")
    (button,) = elements(html, "button")
    assert button["data-event"] == event_id(event)
    assert set(button.attributes) == {
        "type", "class", "style", "data-seek", "data-event", "title", "aria-label",
    }  # fmt: skip


def test_what_hands_and_screen_readers_need() -> None:
    html = timeline([make_event()], [(0, VIEW)], 20.0)
    (area,) = elements(html, "div", class_="tl-scroll")
    assert (area["tabindex"], area["role"], area["aria-label"]) == ("0", "group", "Timeline")
    assert float(area["data-duration"]) == 20.0
    (zoom,) = elements(html, "input")
    assert zoom["aria-label"] and (zoom["min"], zoom["max"]) == ("1", "20")
    assert [one.text for one in elements(html, "li")] == list(GROUPS)
