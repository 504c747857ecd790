"""The process behind one live camera: pictures in, what was seen in them out."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.limits import Limits
from demo.scratch import without_folders
from demo.timeline import GROUPS
from spotting.motion.regions import REGION_NAMES
from streamer.core.errors import MerError, SourceFormatError
from streamer.core.no_face import no_face_sentence
from streamer.core.process.libraries import use_one_thread
from streamer.core.process.memory import limit_memory
from streamer.core.records import (
    EmotionEvent,
    Face,
    FaceMotion,
    Frame,
    FrameResult,
    JsonObject,
)
from streamer.outputs.aligned_faces import AlignedFaces
from streamer.outputs.events import open_event_file
from streamer.outputs.record import event_to_record
from streamer.outputs.signals import SignalsCsv
from streamer.outputs.sinks import Sinks
from streamer.run.build import build_pipeline
from streamer.run.config import StreamConfig
from streamer.run.recording import RecordingRun

HEADER = struct.Struct("<dI")  # seconds on the browser's clock, number of the frame
SOURCE = "webcam"
_LIMITS = Limits()
_UNREADABLE = "A picture of the camera could not be read. Start it again."
_GROUPS = [[REGION_NAMES.index(name) for name in names] for names in GROUPS.values()]


@dataclass(frozen=True, slots=True)
class Seen:
    """The answer to one picture; `error` ends the session."""

    number: int
    faces: tuple[JsonObject, ...] = ()
    events: tuple[JsonObject, ...] = ()
    error: str = ""
    missing: str = ""  # why no face was found


class LiveStream:
    """One camera's pictures through the pipeline, with its logs. Not thread-safe."""

    def __init__(self, config: StreamConfig, folder: Path, limits: Limits = _LIMITS) -> None:
        self._megapixels = limits.megapixels
        self._pipeline = build_pipeline(config, source_name=SOURCE)
        self._sinks = Sinks(
            [
                open_event_file(folder / "events.jsonl", as_csv=False),
                SignalsCsv(folder / "signals.csv", REGION_NAMES),
                AlignedFaces(folder / "faces", self._pipeline.recent_faces()),
            ]
        )
        self._run = RecordingRun(self._pipeline, self._sinks, config.kinds)
        self._start_s: float | None = None
        self._last_s = -1.0
        self._index = 0
        self._shape: tuple[int, ...] = ()

    def push(self, message: bytes) -> Seen:
        """One picture: HEADER, then JPEG. A picture that is not later than the last is left out."""
        clock_s, number = HEADER.unpack_from(message)
        if not math.isfinite(clock_s):
            return Seen(number)
        if self._start_s is None:
            self._start_s = clock_s
        time_s = clock_s - self._start_s
        if not time_s > self._last_s:
            return Seen(number)
        image = decode(message[HEADER.size :], self._megapixels)
        ended: tuple[EmotionEvent, ...] = ()
        if image.shape != self._shape:  # a phone that was turned: another picture begins
            ended = self._end()
            self._pipeline.reset()
            self._shape = image.shape
        self._last_s = time_s
        result = self._checked(self._run.push(Frame(self._index, time_s, image)))
        self._index += 1
        seen = zip(result.faces, result.motions, strict=True)
        faces = tuple(_facts(aligned.face, motion) for aligned, motion in seen)
        missing = "" if result.missing is None else no_face_sentence(result.missing)
        return Seen(number, faces, _records(ended + result.events), missing=missing)

    def close(self) -> Seen:
        """What was still open at the end; frees everything."""
        seen = Seen(0, (), _records(self._end()))
        self._sinks.close()
        self._pipeline.close()
        return seen

    def _end(self) -> tuple[EmotionEvent, ...]:
        """The events that were open when the stream of pictures ended."""
        return self._checked(self._run.end()).events if self._shape else ()

    def _checked(self, result: FrameResult) -> FrameResult:
        """The result, after it was written down. Raises the error of a sink."""
        self._sinks.check()
        return result


def decode(jpeg: bytes, megapixels: float = _LIMITS.megapixels) -> NDArray[np.uint8]:
    """A JPEG picture as RGB [H, W, 3].

    Raises SourceFormatError, also for one that would have more pixels than allowed.
    """
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:  # reads the header only
            width, height = picture.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise SourceFormatError(_UNREADABLE) from None
    if width * height > 1e6 * megapixels:
        raise SourceFormatError(
            f"The camera's pictures of {width} x {height} are too large here: choose fewer pixels."
        )
    bgr = cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SourceFormatError(_UNREADABLE)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def work(pipe: Connection, config: StreamConfig, folder: Path, limits: Limits) -> None:
    """Entry point of the process: answers every message; an empty one ends it."""
    use_one_thread()
    cv2.setNumThreads(1)
    limit_memory(limits.memory_mb)
    from streamer.core.process.console import hushed

    with hushed(True):
        serve(pipe, config, folder, limits)


def serve(pipe: Connection, config: StreamConfig, folder: Path, limits: Limits = _LIMITS) -> None:
    """Answer every message of the pipe, until an empty one."""
    try:
        stream = LiveStream(config, folder, limits)
        pipe.send(Seen(0))
        while message := pipe.recv_bytes():
            pipe.send(stream.push(message))
        pipe.send(stream.close())
    except MerError as error:
        pipe.send(Seen(0, error=without_folders(str(error))))
    except (BrokenPipeError, EOFError):
        return


def _records(events: Sequence[EmotionEvent]) -> tuple[JsonObject, ...]:
    return tuple(event_to_record(event) for event in events)


def _facts(face: Face, motion: FaceMotion) -> JsonObject:
    moved = np.hypot(*motion.displacement_iod.T)
    return {
        "id": face.face_id,
        "box": [round(v, 1) for v in face.box_px],
        "motion": [round(float(moved[group].max()), 5) for group in _GROUPS],
        "gates": [gate.value for gate in motion.gates],
    }
