"""Draws what the pipeline knows onto a frame: face boxes, motion curves, event banners.

The canvas is the picture with a strip under it that holds, per face, the region motion of the last
seconds. All drawing is on uint8 RGB; sizes are even, as video encoders want.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.process.libraries import import_cv2
from streamer.core.records import EmotionEvent, Face, FaceMotion, FrameResult, Judged, Recognition
from streamer.outputs.motion_wheel import attention_inset, motion_inset
from streamer.outputs.units import reading

Canvas = NDArray[np.uint8]

CURVES_S = 4.0  # of the past in the strip
AFTERGLOW_S = 1.0  # how long a banner stays after the offset
_MIN_WIDTH_PX = 480  # smaller pictures are enlarged, or no text would be readable
_STRIP_FRACTION = 0.18  # of the picture's width
_INSET_FRACTION = 0.2  # side of a motion inset, of the picture's width
_FULL_SCALE_IOD = 0.04  # the curves' height, unless the motion is larger
_WHITE, _GREY, _DARK = (245, 245, 245), (150, 150, 150), (24, 24, 24)
_FACE_COLOURS = ((92, 200, 255), (255, 190, 80), (150, 230, 120), (240, 140, 220))
_CURVE_COLOURS = (
    (255, 99, 97), (255, 200, 87), (120, 220, 130), (90, 190, 255), (190, 140, 255),
    (255, 150, 210), (200, 200, 200),
)  # fmt: skip
_JUDGED, _NOT_JUDGED = (80, 160, 100), (120, 70, 65)
_BARS_PX = 12  # at the foot of a strip: what could be judged
_EMOTION_COLOURS = {
    "negative": (200, 70, 70),
    "positive": (60, 150, 80),
    "surprise": (190, 130, 30),
    "other": (120, 85, 150),
}


class Annotator:
    """Draws the results of one source. State: the last seconds' curves, and the canvas size."""

    def __init__(self, regions: Sequence[str], note: str = "") -> None:
        """note: stands beside the time in every picture."""
        self._note = note
        self._cv2: Any = import_cv2()
        self._groups = _group_regions(regions)
        self._curves: dict[int, deque[tuple[float, list[float]]]] = {}
        self._seen_s: dict[int, float] = {}
        self._judged: dict[int, deque[Judged]] = {}
        self._size: tuple[int, int, int] | None = None  # width, picture height, strip height

    def draw(self, result: FrameResult) -> Canvas:
        """The canvas [H, W, 3] of a result with a frame; without banners, see `draw_banners`."""
        if result.frame is None:
            raise ValueError("a result without a frame cannot be drawn")
        picture = result.frame.image
        width, height, strip = self._size = self._size or _canvas_size(picture)
        canvas: Canvas = np.full((height + strip, width, 3), _DARK[0], dtype=np.uint8)
        scale = self._place(picture, canvas[:height])
        for aligned in result.faces:
            self._draw_face(canvas, aligned.face, scale)
        self._remember(result.frame.time_s, result.motions)
        self._draw_strip(canvas[height:], result.frame.time_s)
        text = f"{result.frame.time_s:.2f} s  {self._note}".rstrip()
        self._text(canvas, text, (8, height - 8), _WHITE)
        return canvas

    def draw_banners(self, canvas: Canvas, time_s: float, events: Sequence[EmotionEvent]) -> None:
        """Banners of the events going on at `time_s` or just over, in place, newest on top."""
        line = max(20, round(0.045 * canvas.shape[1]))
        shown = [e for e in events if _is_shown(e, time_s)][-4:]
        for row, event in enumerate(reversed(shown)):
            over = time_s > event.spot.offset_s
            colour = _banner_colour(event, over)
            band = canvas[row * line : (row + 1) * line]
            band[:] = (0.25 * band + 0.75 * np.array(colour)).astype(np.uint8)
            text = _banner_text(event, time_s)
            at = (8, (row + 1) * line - round(line * 0.3))
            self._text(canvas, text, at, _WHITE, room_px=canvas.shape[1] - 2 * at[0])
        self._draw_motion(canvas, shown, top=len(shown) * line)

    def _draw_motion(self, canvas: Canvas, events: Sequence[EmotionEvent], top: int) -> None:
        """What explains the events that carry a motion field, at the right, newest first."""
        recognitions = [e.recognition for e in reversed(events) if e.recognition is not None]
        side = round(_INSET_FRACTION * canvas.shape[1])
        explained = [insets for one in recognitions if (insets := _insets(one, side))]
        for column, insets in enumerate(explained[:2]):
            right = canvas.shape[1] - 8 - column * (side + 8)
            for row, inset in enumerate(insets):
                above = top + 8 + row * (side + 8)
                room = canvas[above : above + side, right - side : right]
                if room.shape[:2] == (side, side):
                    room[:] = inset

    def _place(self, picture: Canvas, room: Canvas) -> float:
        """Put the picture into `room`, enlarged or fitted; returns the scale."""
        height, width = picture.shape[:2]
        scale = min(room.shape[1] / width, room.shape[0] / height)
        if abs(scale * width - width) < 2 and abs(scale * height - height) < 2:
            scale = 1.0  # an odd size is padded by one pixel, not resampled
        else:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            picture = self._cv2.resize(picture, size, interpolation=self._cv2.INTER_LINEAR)
        shown = picture[: room.shape[0], : room.shape[1]]
        room[: shown.shape[0], : shown.shape[1]] = shown
        return scale

    def _draw_face(self, canvas: Canvas, face: Face, scale: float) -> None:
        x0, y0, x1, y1 = (round(float(np.clip(v * scale, -1e5, 1e5))) for v in face.box_px)
        colour = _FACE_COLOURS[face.face_id % len(_FACE_COLOURS)]
        self._cv2.rectangle(canvas, (x0, y0), (x1, y1), colour, 2, self._cv2.LINE_AA)
        self._text(canvas, f"face {face.face_id}", (x0, max(14, y0 - 6)), colour)

    def _remember(self, time_s: float, motions: Sequence[FaceMotion]) -> None:
        for motion in motions:
            moved = np.hypot(*motion.displacement_iod.T)
            values = [float(moved[index].max()) for index in self._groups.values()]
            self._curves.setdefault(motion.face_id, deque()).append((time_s, values))
            self._seen_s[motion.face_id] = time_s
            self._judged.setdefault(motion.face_id, deque()).extend(motion.judged)
        for judged in self._judged.values():
            while judged and judged[0].time_s < time_s - CURVES_S:
                judged.popleft()
        for face_id, curve in list(self._curves.items()):
            while curve and curve[0][0] < time_s - CURVES_S:
                curve.popleft()
            if not curve:
                del self._curves[face_id], self._seen_s[face_id], self._judged[face_id]

    def _draw_strip(self, strip: Canvas, time_s: float) -> None:
        """Curves of up to three faces side by side, now at the right edge."""
        faces = sorted(self._curves)[:3]
        width = strip.shape[1] // max(1, len(faces))
        for column, face_id in enumerate(faces):
            panel = strip[:, column * width : (column + 1) * width]
            self._draw_panel(panel, face_id, time_s)
        if not faces:
            self._text(strip, "no face", (8, strip.shape[0] // 2), _GREY)

    def _draw_panel(self, panel: Canvas, face_id: int, time_s: float) -> None:
        height, width = panel.shape[:2]
        times, rows = zip(*self._curves[face_id], strict=True)
        values = np.array(rows)
        full = max(_FULL_SCALE_IOD, float(values.max()))
        x = (width - 4) * (1 - (time_s - np.array(times)) / CURVES_S)
        own = np.ascontiguousarray(panel)
        label = _FACE_COLOURS[face_id % len(_FACE_COLOURS)]
        legend_x = 8
        for column, name in enumerate(self._groups):
            colour = _CURVE_COLOURS[column % len(_CURVE_COLOURS)]
            y = (height - 4 - _BARS_PX) - (height - 36 - _BARS_PX) * values[:, column] / full
            points = np.stack([x, y], axis=1).round().astype(np.int32)
            self._cv2.polylines(own, [points], False, colour, 1, self._cv2.LINE_AA)
            legend_x += 8 + self._text(own, name, (legend_x, 13), colour, small=True)
        text = f"face {face_id}: 0 to {full:.2f} IOD; bars: judged"
        self._text(own, text, (8, 27), label, small=True)
        self._draw_bars(own, self._judged[face_id], time_s)
        panel[:] = own

    def _draw_bars(self, panel: Canvas, judged: Iterable[Judged], time_s: float) -> None:
        """Two bars at the foot: green where the upper (above) and the lower face was judged."""
        height, width = panel.shape[:2]
        for one in judged:
            ends = (one.time_s, one.time_s + one.lasts_us / 1e6)
            left, right = ((width - 4) * (1 - (time_s - end_s) / CURVES_S) for end_s in ends)
            for foot, reason in ((8, one.upper), (3, one.lower)):
                colour = _NOT_JUDGED if reason else _JUDGED
                at = (max(0, round(left)), height - foot - 3), (round(right), height - foot)
                self._cv2.rectangle(panel, *at, colour, -1)

    def _text(
        self,
        canvas: Canvas,
        text: str,
        at: tuple[int, int],
        colour: tuple[int, int, int],
        small: bool = False,
        room_px: int | None = None,
    ) -> int:
        """Write ASCII text with a dark edge, smaller where there is less room; returns its width.

        The edge is the same text beside itself: a bold one has another width in OpenCV 5.
        """
        font, smooth = self._cv2.FONT_HERSHEY_SIMPLEX, self._cv2.LINE_AA
        width = self._size[0] if self._size else canvas.shape[1]
        size = (0.36 if small else 0.5) * max(1.0, width / 960)
        text = text.encode("ascii", "replace").decode()
        needed_px = int(self._cv2.getTextSize(text, font, size, 1)[0][0])
        size *= min(1.0, (room_px or needed_px) / max(needed_px, 1))
        for edge in ((at[0] - 1, at[1] - 1), (at[0] + 1, at[1] + 1)):
            self._cv2.putText(canvas, text, edge, font, size, _DARK, 1, smooth)
        self._cv2.putText(canvas, text, at, font, size, colour, 1, smooth)
        return int(self._cv2.getTextSize(text, font, size, 1)[0][0])


def _canvas_size(picture: Canvas) -> tuple[int, int, int]:
    """Even width and picture height, and an even height of the strip, in pixels."""
    height, width = picture.shape[:2]
    if width < _MIN_WIDTH_PX:
        height, width = round(height * _MIN_WIDTH_PX / width), _MIN_WIDTH_PX
    strip = max(90, round(width * _STRIP_FRACTION))
    return width + width % 2, height + height % 2, strip + strip % 2


def _group_regions(regions: Sequence[str]) -> dict[str, list[int]]:
    """Region numbers by the word before the first underscore: one curve for both brows."""
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(regions):
        groups.setdefault(name.split("_")[0], []).append(index)
    return groups


def _insets(recognition: Recognition, side_px: int) -> list[Canvas]:
    """Motion, and attention where it is known; none where no motion was kept."""
    if recognition.motion_iod is None:
        return []
    motion = motion_inset(recognition.motion_iod, side_px, recognition.keypoints)
    if recognition.attention is None:
        return [motion]
    return [motion, attention_inset(recognition.attention, side_px)]


def _is_shown(event: EmotionEvent, time_s: float) -> bool:
    until_s = max(event.spot.offset_s, event.emitted_s) + AFTERGLOW_S
    return event.spot.onset_s <= time_s <= until_s


def _banner_text(event: EmotionEvent, time_s: float) -> str:
    spot, recognition = event.spot, event.recognition
    what = (
        "movement" if recognition is None else f"{recognition.emotion} {recognition.confidence:.0%}"
    )
    if read := reading(event):
        what += f" {read}"
    when = f"{spot.onset_s:.2f}-{spot.offset_s:.2f} s"
    if time_s > spot.offset_s:
        when += f" ({time_s - spot.offset_s:.1f} s ago)"
    return f"{spot.kind}: {what}, face {spot.face_id}, {when}"


def _banner_colour(event: EmotionEvent, over: bool) -> tuple[int, int, int]:
    emotion = event.recognition.emotion if event.recognition else ""
    red, green, blue = _EMOTION_COLOURS.get(emotion, (70, 90, 130))
    return (red // 2, green // 2, blue // 2) if over else (red, green, blue)
