"""One event from inside: what was seen, what moved, and what was made of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo.explainer import Attention, Explained
from demo.pictures import as_url, contact_sheet, data_url, magnified, motion_px
from demo.results import Finished
from recognition.explain.pictures import colour_wheel, draw_arrows, motion_colours
from recognition.selfme.settings import face_of
from streamer.batch.aligned_faces import FaceStrip
from streamer.core.records import EmotionEvent
from streamer.outputs.formats.tidy import label
from streamer.outputs.report.html import text
from streamer.outputs.report.log import view_signals
from streamer.outputs.report.plots import motion
from streamer.outputs.text import format_clock

_MEANING = (
    "The bar says how sure the recogniser is. Of <em>synthetic</em> movements on which it was 90% "
    "sure, about 90 in 100 were what it said; on real faces it is right less often. It chooses "
    "between three classes and has no answer “none of them”. Negative stands for anger, disgust, "
    "sadness, fear and contempt together. The word names a pattern of movement, not a feeling."
)
_WARNING = (
    "Not for judging people: not in hiring, at work, in education, in court or as a lie detector."
)


def header(result: Finished, event: EmotionEvent) -> str:
    """What the event is, with its probabilities and their meaning."""
    spot = event.spot
    regions = ", ".join(name.replace("_", " ") for name in spot.regions[:6])
    length_s = spot.offset_s - spot.onset_s
    return (
        f'<section class="mer-inside" aria-label="Event"><h2>{text(result.shown)}, '
        f'{format_clock(spot.apex_s)} <span class="badge {label(event)}">{spot.kind} '
        f"{text(label(event))}</span></h2><p>Face {spot.face_id}. Onset {spot.onset_s:.3f} s, "
        f"apex {spot.apex_s:.3f} s, offset {spot.offset_s:.3f} s: {length_s:.2f} s long. Moved, "
        f"strongest first: {text(regions)}. Motion {spot.score:.1f} times the threshold.</p>"
        f'<div class="two">{_bars(event)}{_curves(result, event)}</div></section>'
    )


def strip_player(strip: FaceStrip, factor: float) -> str:
    """The frames as a player, with `factor` times the motion. Its script is inside.js."""
    frames = magnified(strip, factor)
    sheet, columns, rows = contact_sheet(frames)
    moments = (("onset", strip.onset), ("apex", strip.apex), ("offset", strip.offset))
    times = ",".join(f"{t:.4f}" for t in strip.time_s)
    said = "as recorded" if factor == 1 else f"{factor:g} times the motion"
    buttons = "".join(
        f'<button type="button" class="plain" data-frame="{place}">{name}</button>'
        for name, place in moments
    )
    picture = (
        f'<div class="strip-picture" role="img" aria-label="The face, {said}" '
        f'style="background-image:url({as_url(sheet, lossless=False)});'
        f'background-size:{100 * columns}% {100 * rows}%"></div>'
    )
    tools = (
        '<button type="button" class="plain" data-play aria-pressed="false">Play</button>'
        f'{buttons}<label>Frame <input type="range" min="0" max="{len(frames) - 1}" '
        f'value="{strip.apex}" aria-label="Frame"></label> <output class="soft"></output>'
    )
    return (
        f'<div class="strip" data-count="{len(frames)}" data-columns="{columns}" '
        f'data-rows="{rows}" data-times="{times}" data-apex="{strip.apex}">{picture}'
        f'<div class="strip-tools">{tools}</div><p class="soft">{said[0].upper()}{said[1:]}. '
        "Played five times slower than it happened.</p></div>"
    )


def pictures(strip: FaceStrip) -> str:
    """Onset, apex, flicker and motion; without torch."""
    onset, apex = strip.images[strip.onset], strip.images[strip.apex]
    moved = motion_px(onset, apex)
    field = moved / np.float32(face_of(onset.shape[0]).iod_px)
    largest = float(np.hypot(*field.transpose(2, 0, 1)).max())
    apart_s = strip.time_s[strip.apex] - strip.time_s[strip.onset]
    return (
        '<div class="gallery">'
        f"{_figure(onset, 'Onset', 'The face where the movement begins.')}"
        f"{_figure(apex, 'Apex', f'The face {apart_s:.2f} s later, where it is strongest.')}"
        f"{_flicker(onset, apex)}"
        f"{_wheel(motion_colours(field), largest)}"
        f"{_figure(draw_arrows(onset, moved), 'Motion as arrows', 'Six times as long.')}"
        "</div>"
    )


def explained(found: Explained) -> str:
    """Keypoints and attention of SelfME."""
    shown = ""
    if found.keypoints is not None:
        shown += _from_png(
            found.keypoints,
            "Keypoints",
            "SelfME’s own landmarks, with their motion six times as long.",
        )
    if found.reconstruction is not None:
        shown += _from_png(
            found.reconstruction, "Reconstruction", "The apex as SelfME paints it from the onset."
        )
    shown += _attention(found.with_sc, "Attention, with symmetry")
    shown += _attention(found.without_sc, "Attention, without symmetry")
    return (
        "<h3>What SelfME makes of it</h3><p class='soft'>A second, learned model looks at the same "
        "pair; its answer is shown for comparison and may differ from the event’s. Red: where the "
        "motion spoke for the answer (GradCAM). Symmetry in training asks a network to treat left "
        f'and right alike.</p><div class="gallery">{shown}</div>'
    )


def _attention(found: Attention, title: str) -> str:
    said = f"It says {found.emotion}, {found.probability:.0%}."
    return _from_png(found.picture, title, said)


def _bars(event: EmotionEvent) -> str:
    if event.recognition is None:
        return "<div class='mer-card'><p>No emotion was asked for (--no-recognition).</p></div>"
    rows = "".join(
        f'<dt class="{text(name)}">{text(name)}</dt><dd class="{text(name)}">'
        f'<span class="bar" style="width:{100 * share:.1f}%"></span><span>{share:.0%}</span></dd>'
        for name, share in event.recognition.probabilities.items()
    )
    return (
        f'<div class="mer-card"><dl class="shares" aria-label="Class probabilities">{rows}</dl>'
        f'<p class="soft">{_MEANING}</p><p class="note">{_WARNING}</p></div>'
    )


def _curves(result: Finished, event: EmotionEvent) -> str:
    log = result.folder / "signals.csv"
    if not log.is_file():
        return ""
    number = result.events.index(event)
    view = view_signals(log, result.events, [number], event.emitted_s + 2.0, 1)
    curves = view.curves.get(number)
    if curves is None or len(curves.time_s) < 2:
        return ""
    return (
        f'<div class="mer-card report"><h3>Region motion</h3>{motion(event, curves)}'
        '<p class="soft">In colour the four parts of the face that moved most, in grey all others.'
        "</p></div>"
    )


def _flicker(onset: NDArray[np.uint8], apex: NDArray[np.uint8]) -> str:
    return (
        '<figure class="flicker"><div class="flicker-stage">'
        f'<img alt="Onset" src="{as_url(onset)}">'
        f'<img alt="Apex" class="over" src="{as_url(apex)}"></div>'
        "<figcaption><strong>Flicker</strong> Both faces in turn: what moves jumps to the eye. "
        '<button type="button" class="plain" data-flicker aria-pressed="false">Start</button>'
        "</figcaption></figure>"
    )


def _wheel(colours: NDArray[np.uint8], largest_iod: float) -> str:
    return (
        f'<figure><div class="wheel-stage"><img alt="Motion as colours" src="{as_url(colours)}">'
        f'<img alt="Colour wheel: the direction of motion" class="wheel" '
        f'src="{as_url(colour_wheel(64))}"></div><figcaption><strong>Motion as colours</strong> '
        f"Colour: direction, as on the wheel. Strength: size, up to {largest_iod:.3f} distances "
        "between the eyes. White: at rest.</figcaption></figure>"
    )


def _figure(picture: NDArray[np.uint8], title: str, caption: str) -> str:
    return _image(as_url(picture), title, caption)


def _from_png(data: bytes, title: str, caption: str) -> str:
    return _image(data_url(data), title, caption)


def _image(url: str, title: str, caption: str) -> str:
    return (
        f'<figure><img alt="{text(title)}" src="{url}"><figcaption><strong>{text(title)}</strong> '
        f"{text(caption)}</figcaption></figure>"
    )
