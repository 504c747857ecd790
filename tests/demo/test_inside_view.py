"""One event from inside: pictures of the right size, labels, and no name as HTML."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from demo.explainer import Attention, Explained
from demo.inside_view import explained, header, pictures, strip_player, units
from demo.pictures import encode
from demo.results import Finished
from demo.visitors import Visitor
from streamer.core.records import ActionUnit, Recognition
from streamer.outputs.aligned_faces import FaceStrip
from tests.demo.conftest import Analysed
from tests.demo.pages import decoded, elements
from tests.streamer.outputs.fakes import make_event, with_units

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'.mp4"


def test_the_header_of_a_real_event(analysed: Analysed) -> None:
    result = analysed.result
    html = header(result, result.events[0])
    (section,) = elements(html, "section")
    spot = result.events[0].spot
    assert abs(spot.offset_s - 1.9) < 0.04 and abs(spot.score - 3.14) < 0.3  # a frame; by OpenCV
    for said in (
        "sample.mp4, 00:01.700", "micro surprise", "Onset 1.533 s", "apex 1.700 s",
        f"offset {spot.offset_s:.3f} s: {spot.offset_s - spot.onset_s:.2f} s long",
        f"{spot.score:.1f} times the threshold", "eye right",
    ):  # fmt: skip
        assert said in section.text
    assert [(one.text, one.classes) for one in elements(html, "dt")] == [
        (name, [name]) for name in ("negative", "positive", "surprise", "other")
    ]
    assert [one.text for one in elements(html, "dd")] == ["6%", "5%", "87%", "2%"]
    bars = [one["style"] for one in elements(html, "span", class_="bar")]
    assert bars == ["width:5.7%", "width:4.8%", "width:87.2%", "width:2.3%"]
    assert "not a feeling" in section.text
    assert "lie detector" in section.text and "Region motion" in section.text
    assert elements(html, "svg")
    assert elements(html, "dl")[0]["aria-label"] == "Class probabilities"
    assert str(analysed.visitor.folder) not in html


def test_a_header_by_hand_escapes_its_name(visitor: Visitor) -> None:
    event = make_event(source=HOSTILE)
    probabilities = {"negative": 0.2, "positive": 0.1, '<b onclick="x">': 0.7}
    event = replace(event, recognition=Recognition("surprise", probabilities, 0.625))
    html = header(Finished("r", visitor.folder, HOSTILE, {}, (event,)), event)
    assert not elements(html, "script") and not elements(html, "img") and not elements(html, "b")
    assert HOSTILE in elements(html, "h2")[0].text
    assert [one.text for one in elements(html, "dd")] == ["20%", "10%", "70%"]


def test_without_recognition_there_are_no_bars(visitor: Visitor) -> None:
    event = make_event(recognised=False)
    html = header(Finished("r", visitor.folder, "a", {}, (event,)), event)
    assert "--no-recognition" in html and not elements(html, "dl")


@pytest.mark.parametrize("factor", [1.0, 8.0])
def test_the_player_holds_every_frame(strip: FaceStrip, factor: float) -> None:
    html = strip_player(strip, factor)
    (one,) = elements(html, "div", class_="strip")
    count, size = strip.images.shape[:2]
    columns, rows = int(one["data-columns"]), int(one["data-rows"])
    assert int(one["data-count"]) == count == len(one["data-times"].split(","))
    assert columns == 8 and rows == -(-count // 8)
    assert [float(t) for t in one["data-times"].split(",")] == pytest.approx(strip.time_s, abs=1e-4)
    (picture,) = elements(html, "div", class_="strip-picture")
    style = picture["style"]
    sheet = decoded(style[len("background-image:url(") : style.index(")")])
    assert sheet.shape == (2 * size * rows, 2 * size * columns, 3)
    assert style.endswith(f"background-size:{100 * columns}% {100 * rows}%")
    onset = sheet[: 2 * size, 2 * size * strip.onset : 2 * size * (strip.onset + 1)]
    true = cv2.resize(strip.images[strip.onset], (2 * size, 2 * size))[..., ::-1]
    assert np.abs(onset.astype(int) - true).mean() < 6
    said = "as recorded" if factor == 1 else "8 times the motion"
    assert (picture["role"], picture["aria-label"]) == ("img", f"The face, {said}")


def test_the_player_can_be_used_by_hand(strip: FaceStrip) -> None:
    html = strip_player(strip, 1.0)
    moments = {one.text: one.attributes.get("data-frame") for one in elements(html, "button")}
    assert moments == {
        "Play": None, "onset": str(strip.onset), "apex": str(strip.apex),
        "offset": str(strip.offset),
    }  # fmt: skip
    (frame,) = elements(html, "input")
    assert (frame["min"], frame["max"]) == ("0", str(len(strip.images) - 1))
    assert frame["value"] == str(strip.apex) and frame["aria-label"] == "Frame"
    assert all(one["type"] == "button" for one in elements(html, "button"))


def test_the_gallery(strip: FaceStrip) -> None:
    html = pictures(strip)
    shown = {one["alt"]: one for one in reversed(elements(html, "img"))}
    assert set(shown) == {
        "Onset", "Apex", "Motion as colours", "Colour wheel: the direction of motion",
        "Motion as arrows",
    }  # fmt: skip
    onset, apex = (decoded(shown[name]["src"])[..., ::-1] for name in ("Onset", "Apex"))
    assert np.array_equal(onset, strip.images[strip.onset])
    assert np.array_equal(apex, strip.images[strip.apex])
    size = strip.images.shape[1]
    colours = decoded(shown["Motion as colours"]["src"])
    assert colours.shape[0] == colours.shape[1] >= size and colours.std() > 1
    wheel = decoded(shown["Colour wheel: the direction of motion"]["src"])
    assert wheel.shape == (64, 64, 3)
    assert len(elements(html, "figure")) == len(elements(html, "figcaption")) == 5
    assert "0.17 s later" in html
    (flicker,) = elements(html, "button")
    assert flicker["aria-pressed"] == "false" and flicker.text == "Start"


def test_which_unit_moved_where(strip: FaceStrip) -> None:
    """The strip of the sample: the brows go up by hundredths of an IOD, the motion by hand not."""
    html = units(strip, with_units(make_event()))
    (image,) = elements(html, "img")
    picture = decoded(image["src"])
    size = 4 * strip.images.shape[1]
    assert picture.shape[0] > size and picture.shape[1] > size  # beside the face there are labels
    assert image["alt"] == "The face at its strongest with 3 marked action units"
    cells = [one.text for one in elements(html, "td")]
    rows = [cells[at : at + 6] for at in range(0, len(cells), 6)]
    assert [[*row[:4], row[5]] for row in rows] == [
        ["1 inner brow raiser", "both", "91%", "1.00", "yes"],
        ["L2 outer brow raiser", "left", "75%", "0.50", "yes"],
        ["R7 lid tightener", "right", "62%", "0.25", ""],
    ]
    right, left = (float(number) for number in rows[0][4].split(", "))
    assert 0.005 < right < 0.05 and 0.005 < left < 0.05
    assert "AU 1+L2+R7, because 1+L2 [reads as surprise]" in html
    assert "The person’s left is on the right of the picture" in html


def test_a_recognition_that_kept_its_motion_is_drawn_by_it(strip: FaceStrip) -> None:
    event = with_units(make_event(), (ActionUnit("12", "L", 0.9, 1.0),), "", None)
    assert event.recognition is not None
    field = np.full((128, 128, 2), (0.03, -0.04), dtype=np.float32)
    event = replace(event, recognition=replace(event.recognition, motion_iod=field))
    assert [one.text for one in elements(units(strip, event), "td")][4:] == ["0.050", ""]


def test_nothing_is_drawn_where_no_unit_is_told(strip: FaceStrip, visitor: Visitor) -> None:
    assert units(strip, make_event()) == units(strip, make_event(recognised=False)) == ""
    assert units(strip, with_units(make_event(), (), "", None)) == ""
    assert units(replace(strip, landmarks=None), with_units(make_event())) == ""
    told = [with_units(make_event()), make_event()]
    html = [header(Finished("r", visitor.folder, "a", {}, (one,)), one) for one in told]
    assert "AU 1+L2+R7, because" in html[0] and "does not know" not in html[0]
    assert "AU" not in html[1] and "which this model does not know" in html[1]


def explanation(points: bytes | None = None, painted: bytes | None = None) -> Explained:
    picture = encode(np.full((9, 7, 3), 50, dtype=np.uint8))
    return Explained(
        points, painted, Attention("positive", 0.625, picture), Attention("<i>x", 0.5, picture)
    )


def test_what_selfme_says() -> None:
    png = encode(np.zeros((5, 6, 3), dtype=np.uint8))
    html = explained(explanation(png, png))
    shown = [one["alt"] for one in elements(html, "img")]
    assert shown == [
        "Keypoints", "Reconstruction", "Attention, with symmetry", "Attention, without symmetry",
    ]  # fmt: skip
    sizes = [decoded(one["src"]).shape[:2] for one in elements(html, "img")]
    assert sizes == [(5, 6), (5, 6), (9, 7), (9, 7)]
    assert "It says positive, 62%." in html and "&lt;i&gt;x, 50%" in html
    without = [one["alt"] for one in elements(explained(explanation()), "img")]
    assert without == ["Attention, with symmetry", "Attention, without symmetry"]
