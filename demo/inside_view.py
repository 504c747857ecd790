"""One event from inside: what was seen, what moved, and what was made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demo.explainer import Explained
from demo.pictures import as_url, contact_sheet, data_url, magnified, motion_px
from demo.results import Finished
from recognition.config import face_of
from recognition.explain.pictures import draw_arrows
from recognition.explain.unit_picture import GAIN, draw_units
from recognition.explain.units import UNIT_NAMES, MovedPlace, moved_places
from streamer.core.records import ActionUnit, EmotionEvent
from streamer.outputs.aligned_faces import FaceStrip
from streamer.outputs.motion_wheel import colour_wheel, motion_colours
from streamer.outputs.report.drawing import motion
from streamer.outputs.report.log import view_signals
from streamer.outputs.report.templates import render_text
from streamer.outputs.units import reading, tells_units


def header(result: Finished, event: EmotionEvent) -> str:
    """What the event is, with its probabilities and their meaning."""
    return render_text(
        "event.html",
        "demo",
        display_name=result.display_name,
        event=event,
        told=tells_units([event]),
        curves=_curves(result, event),
    )


def strip_player(strip: FaceStrip, factor: float) -> str:
    """The frames as a player, with `factor` times the motion. Its script is inside.js."""
    frames = magnified(strip, factor)
    sheet, columns, rows = contact_sheet(frames)
    return render_text(
        "strip.html",
        "demo",
        sheet=as_url(sheet, lossless=False),
        columns=columns,
        rows=rows,
        count=len(frames),
        times=",".join(f"{t:.4f}" for t in strip.time_s),
        apex=strip.apex,
        moments=(("onset", strip.onset), ("apex", strip.apex), ("offset", strip.offset)),
        caption="as recorded" if factor == 1 else f"{factor:g} times the motion",
    )


def pictures(strip: FaceStrip) -> str:
    """Onset, apex, flicker and motion; without torch."""
    onset, apex = strip.images[strip.onset], strip.images[strip.apex]
    moved = motion_px(onset, apex)
    field = moved / np.float32(face_of(onset.shape[0]).iod_px)
    return render_text(
        "gallery.html",
        "demo",
        onset=as_url(onset),
        apex=as_url(apex),
        apart_s=strip.time_s[strip.apex] - strip.time_s[strip.onset],
        colours=as_url(motion_colours(field)),
        wheel=as_url(colour_wheel(64)),
        largest_iod=float(np.hypot(*field.transpose(2, 0, 1)).max()),
        arrows=as_url(draw_arrows(onset, moved)),
    )


def units(strip: FaceStrip, event: EmotionEvent) -> str:
    """Which action unit moved where; empty where none is told, or the mesh was not kept."""
    said = event.recognition
    if said is None or not said.units or strip.landmarks is None:
        return ""
    onset, apex = strip.images[strip.onset], strip.images[strip.apex]
    field = said.motion_iod
    if field is None:
        field = motion_px(onset, apex) / np.float32(face_of(onset.shape[0]).iod_px)
    places = moved_places(said.units, strip.landmarks, field)
    return render_text(
        "units.html",
        "demo",
        picture=as_url(draw_units(apex, places)),
        gain=GAIN,
        rows=[_unit_row(unit, places, said.because) for unit in said.units],
        read=reading(event),
    )


def _unit_row(unit: ActionUnit, places: Sequence[MovedPlace], because: str) -> dict[str, object]:
    moved = [f"{float(np.hypot(*one.motion_iod)):.3f}" for one in places if one.unit == unit]
    side = {"L": "left", "R": "right", "both": "both"}[unit.side]
    speaks = unit.text in because.split("+")
    return {
        "unit": unit, "name": UNIT_NAMES[unit.unit], "side": side,
        "motion": ", ".join(moved), "speaks": speaks,
    }  # fmt: skip


def explained(found: Explained) -> str:
    """Keypoints and attention of SelfME."""
    cards = [
        (
            found.keypoints,
            "Keypoints",
            "SelfME’s own landmarks, with their motion six times as long.",
        ),
        (found.reconstruction, "Reconstruction", "The apex as SelfME paints it from the onset."),
        *(
            (one.picture, title, f"It says {one.emotion}, {one.probability:.0%}.")
            for one, title in (
                (found.with_sc, "Attention, with symmetry"),
                (found.without_sc, "Attention, without symmetry"),
            )
        ),
    ]
    pictures = [(data_url(data), title, caption) for data, title, caption in cards if data]
    return render_text("explained.html", "demo", pictures=pictures)


def _curves(result: Finished, event: EmotionEvent) -> str:
    """Region motion around the event; empty where no log was kept."""
    log = result.folder / "signals.csv"
    if not log.is_file():
        return ""
    number = result.events.index(event)
    view = view_signals(log, result.events, [number], event.emitted_s + 2.0, 1)
    curves = view.curves.get(number)
    return "" if curves is None or len(curves.time_s) < 2 else motion(event, curves)
