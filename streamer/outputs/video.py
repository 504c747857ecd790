"""The annotated recording: H.264 with the times at which a player shows the source; its sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from streamer.core.records import EmotionEvent, Frame, FrameResult
from streamer.outputs.anonymise import Anonymisation, Anonymiser
from streamer.outputs.draw import AFTERGLOW_S, Annotator, Canvas
from streamer.outputs.encoder import Mp4Encoder
from streamer.outputs.magnify import Magnifier
from streamer.outputs.sound import SoundTrack

DELAY_S = 1.5  # frames wait this long, so that an event is drawn at its own time
_DELAY_BYTES = 256 * 2**20  # ... or less, if the pictures are large


class VideoWriter:
    """Writes one source as video. Memory is bounded by DELAY_S and by _DELAY_BYTES.

    An event is known only after its offset, so drawn frames wait in a buffer. Of an event that
    began before the oldest waiting frame, the banner begins with that frame.
    """

    def __init__(
        self,
        path: Path,
        regions: Sequence[str],
        *,
        overwrite: bool = False,
        redact: Anonymisation = "off",
        sound: SoundTrack | None = None,
        from_zero: bool = False,
        magnifier: Magnifier | None = None,
    ) -> None:
        """redact: hide all faces, see `Anonymiser`. sound: of the source, copied.

        from_zero: the file begins with the first picture (of a part), and not where a player shows
        that picture in the source. magnifier: makes the motion of faces larger, before they are
        hidden.
        """
        self._path = path
        self._magnifier = magnifier
        self._anonymiser = None if redact == "off" else Anonymiser(redact)
        self._annotator = Annotator(regions, magnifier.note if magnifier else "")
        # time, place in the source, picture
        self._waiting: deque[tuple[float, float, Canvas]] = deque()
        self._events: list[EmotionEvent] = []
        self._encoder: Mp4Encoder | None = None
        self._sound = sound
        self._from_zero = from_zero
        self._overwrite = overwrite

    def write(self, result: FrameResult) -> None:
        self._events.extend(result.events)
        if result.frame is None:
            return
        now_s, at_s = result.frame.time_s, place_s(result.frame)
        if self._magnifier is not None:
            larger = replace(result.frame, image=self._magnifier.magnify(result))
            result = replace(result, frame=larger)
        if self._anonymiser is not None and result.frame is not None:
            hidden = replace(result.frame, image=self._anonymiser.hide(result))
            result = replace(result, frame=hidden)
            waiting = [canvas for *_, canvas in self._waiting]
            scale = waiting[0].shape[1] / hidden.image.shape[1] if waiting else 1.0
            self._anonymiser.hide_earlier(waiting, scale)
        self._waiting.append((now_s, at_s, self._annotator.draw(result)))
        while self._is_due(now_s):
            self._write_oldest()
        horizon_s = now_s - DELAY_S - AFTERGLOW_S
        self._events = [e for e in self._events if max(e.spot.offset_s, e.emitted_s) >= horizon_s]

    def close(self) -> None:
        """Write what waits, and finish the file."""
        try:
            while self._waiting and not self._is_broken():
                self._write_oldest()
        finally:
            if self._encoder is not None:
                self._encoder.close()
            elif self._sound is not None:
                self._sound.close()

    def _is_broken(self) -> bool:
        return self._encoder is not None and self._encoder.broken

    def _is_due(self, now_s: float) -> bool:
        if not self._waiting:
            return False
        time_s, _, canvas = self._waiting[0]
        return now_s - time_s > DELAY_S or canvas.nbytes * len(self._waiting) > _DELAY_BYTES

    def _write_oldest(self) -> None:
        time_s, at_s, canvas = self._waiting.popleft()
        self._annotator.draw_banners(canvas, time_s, self._events)
        if self._encoder is None:
            origin_s = at_s if self._from_zero else 0.0
            self._encoder = Mp4Encoder(
                self._path,
                canvas,
                overwrite=self._overwrite,
                sound=self._sound,
                origin_s=origin_s,
                first_s=at_s,
            )
        self._encoder.write(at_s, canvas)


def place_s(frame: Frame) -> float:
    """Where a player shows a frame of the source, in seconds."""
    return frame.time_s if frame.media_s is None else frame.media_s
