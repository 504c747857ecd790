"""A short cut of each event, at its own speed and slowed, with a margin before and after it.

Pictures of the last seconds are kept as JPEG, so that memory is bounded; a cut is encoded in a
thread of its own, so that a live source does not wait for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.process.libraries import import_cv2
from streamer.core.records import EmotionEvent, FrameResult
from streamer.outputs.anonymise import Anonymisation, Anonymiser
from streamer.outputs.encoder import Mp4Encoder
from streamer.outputs.record import event_id

MARGIN_S = 0.5  # before the onset and after the offset
SLOWED = 4.0  # times as long
_KEPT_S = 12.0  # of the past; a longer event loses its beginning
_KEPT_BYTES = 256 * 2**20
_FACES_LATE_S = 1.5  # a face may be found so late; until then a picture that hides faces waits
_QUALITY = 95
_LONGEST_NAME = 180  # characters


@dataclass(frozen=True, slots=True)
class _Kept:
    """A picture of the past."""

    time_s: float
    jpeg: bytes


class ClipWriter:
    """Writes `EVENT.mp4` and `EVENT-slow.mp4` into a folder, EVENT being the event's id.

    State: the last seconds' pictures, and the events that wait for what comes after them.
    """

    def __init__(
        self, folder: Path, *, overwrite: bool = False, redact: Anonymisation = "off"
    ) -> None:
        """redact: hide all faces, see `Anonymiser`."""
        self._folder = folder
        self._overwrite = overwrite
        self._anonymiser = None if redact == "off" else Anonymiser(redact)
        self._wait_s = MARGIN_S + (0.0 if redact == "off" else _FACES_LATE_S)
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self._waiting: list[EmotionEvent] = []
        self._worker = ThreadPoolExecutor(1, "clips")
        self._jobs: list[Future[None]] = []

    def write(self, result: FrameResult) -> None:
        """Raises OutputError where an earlier cut could not be written."""
        self._waiting += result.events
        if result.frame is None:  # the pictures end, or break off
            self._cut_until(float("inf"))
            self._kept.clear()
            self._bytes = 0
        else:
            self._keep(result.frame.time_s, self._picture(result))
            self._cut_until(result.frame.time_s)
        self._check([job for job in self._jobs if job.done()])

    def close(self) -> None:
        """Write what waits. Raises OutputError."""
        self._cut_until(float("inf"))
        self._worker.shutdown()
        self._check(self._jobs)

    def _picture(self, result: FrameResult) -> NDArray[np.uint8]:
        """The picture of a result, and the faces in it hidden where they are to be."""
        if self._anonymiser is None:
            assert result.frame is not None
            return result.frame.image
        hidden = self._anonymiser.hide(result)
        if self._anonymiser.has_new:
            pictures = [_decoded(kept.jpeg) for kept in self._kept]
            self._anonymiser.hide_earlier(pictures, 1.0)
            again = zip(list(self._kept), pictures, strict=True)
            self._kept.clear()
            self._bytes = 0
            for kept, picture in again:
                self._keep(kept.time_s, picture)
        return hidden

    def _keep(self, time_s: float, picture: NDArray[np.uint8]) -> None:
        self._kept.append(_Kept(time_s, _encoded(picture)))
        self._bytes += len(self._kept[-1].jpeg)
        while self._kept[0].time_s < time_s - _KEPT_S or self._bytes > _KEPT_BYTES:
            self._bytes -= len(self._kept.popleft().jpeg)

    def _cut_until(self, now_s: float) -> None:
        """Begin to write the events that are long enough ago."""
        due = [event for event in self._waiting if event.spot.offset_s + self._wait_s <= now_s]
        self._waiting = [event for event in self._waiting if event not in due]
        for event in due:
            first, last = event.spot.onset_s - MARGIN_S, event.spot.offset_s + MARGIN_S
            pictures = [kept for kept in self._kept if first <= kept.time_s <= last]
            if pictures:
                name = event_id(event)[-_LONGEST_NAME:]
                self._jobs.append(self._worker.submit(self._write_clips, name, pictures))

    def _write_clips(self, name: str, pictures: Sequence[_Kept]) -> None:
        for suffix, factor in (("", 1.0), ("-slow", SLOWED)):
            path = self._folder / f"{name}{suffix}.mp4"
            encoder: Mp4Encoder | None = None
            try:
                for kept in pictures:
                    picture = _even(_decoded(kept.jpeg))
                    if encoder is None:
                        size = picture.shape[1::-1]
                        encoder = Mp4Encoder(path, picture, overwrite=self._overwrite)
                    elif picture.shape[1::-1] != size:
                        picture = np.asarray(import_cv2().resize(picture, size), np.uint8)
                    encoder.write(factor * (kept.time_s - pictures[0].time_s), picture)
            finally:
                if encoder is not None:
                    encoder.close()

    def _check(self, jobs: Sequence[Future[None]]) -> None:
        self._jobs = [job for job in self._jobs if job not in jobs]
        for job in jobs:
            job.result()


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    cv2: Any = import_cv2()
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


def _decoded(jpeg: bytes) -> NDArray[np.uint8]:
    cv2: Any = import_cv2()
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without an odd last row or column, which video encoders do not take."""
    height, width = picture.shape[:2]
    return np.ascontiguousarray(picture[: height - height % 2, : width - width % 2])
