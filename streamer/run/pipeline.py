"""The pipeline: frames in, emotion events out. It knows its parts by Protocol only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streamer.core.records import (
    AlignedFace,
    EmotionEvent,
    Face,
    FaceMotion,
    Frame,
    FrameResult,
    MissingFace,
    Recognition,
    Spot,
    TrackedFaces,
)
from streamer.core.snapshot import set_state, state_of
from streamer.faces.face_buffer import FaceBuffer
from streamer.run.places import MediaPlaces


class Tracker(Protocol):
    """Finds faces and keeps their ids."""

    @property
    def missing(self) -> MissingFace | None: ...  # why the last frame has no face
    @property
    def is_resumable(self) -> bool: ...  # whether its state can be saved
    def push(self, frame: Frame) -> list[Face]: ...
    def lose(self) -> None: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


class FaceAligner(Protocol):
    """Warps faces into the canonical square."""

    def push(self, frame: Frame, faces: list[Face]) -> list[AlignedFace]: ...
    def reset(self) -> None: ...


class Spotter(Protocol):
    """Measures motion and finds expressions in it."""

    @property
    def lookback_s(self) -> float: ...
    def push(self, faces: Sequence[AlignedFace]) -> tuple[list[FaceMotion], list[Spot]]: ...
    def flush(self) -> list[Spot]: ...
    def reset(self) -> None: ...


class Recognizer(Protocol):
    """Names the emotion of an onset-apex pair."""

    def recognize(self, onset: AlignedFace, apex: AlignedFace) -> Recognition: ...


class Pipeline:
    """Joins tracker, aligner, spotter and recogniser. One instance per stream at a time.

    `push(frame)` returns what became known with the frame, its events among it; `flush()` at the
    end returns the events that were still open; `reset()` makes it as new. `push` is
    `advance(frame, track(frame))`: the halves may run in two threads, each half in order. Times
    must increase from frame to frame.
    """

    def __init__(
        self,
        tracker: Tracker,
        aligner: FaceAligner,
        spotter: Spotter,
        recognizer: Recognizer | None,
        *,
        source_name: str = "",
    ) -> None:
        self._tracker = tracker
        self._aligner = aligner
        self._spotter = spotter
        self._recognizer = recognizer
        self._buffer = FaceBuffer(spotter.lookback_s)
        self._places = MediaPlaces(spotter.lookback_s)
        self._now_s = float("-inf")
        self.source_name = source_name

    def push(self, frame: Frame) -> FrameResult:
        """Take one frame; return its faces, their motions and the events known by it.

        Raises:
            ValueError: the frame is not later than the one before.
        """
        return self.advance(frame, self.track(frame))

    def track(self, frame: Frame) -> TrackedFaces:
        """First half: faces of the frame, with ids, aligned; or why there is none."""
        faces = tuple(self._aligner.push(frame, self._tracker.push(frame)))
        return TrackedFaces(faces, None if faces else self._tracker.missing)

    def advance(self, frame: Frame, tracked: TrackedFaces) -> FrameResult:
        """Second half: motion, spotting, recognition."""
        if frame.time_s <= self._now_s:
            raise ValueError(
                f"frame {frame.index} is at {frame.time_s} s, not after {self._now_s} s: "
                "push frames in order, and call reset() between streams"
            )
        self._now_s = frame.time_s
        self._buffer.push(frame.time_s, tracked.faces)
        self._places.push(frame)
        motions, spots = self._spotter.push(tracked.faces)
        events = tuple(self._event(spot) for spot in spots)
        return FrameResult(frame, tracked.faces, tuple(motions), events, tracked.missing)

    def flush(self) -> FrameResult:
        """Close what is open: the pictures have ended. Call `reset()` before a new stream.

        After a loss the stream continues: call `lose()` in the first half, and push what comes.
        """
        return FrameResult(None, events=tuple(self._event(spot) for spot in self._spotter.flush()))

    def lose(self) -> None:
        """First half: the pictures broke off. Faces are searched afresh; ids and time continue.

        The second half is `flush()`.
        """
        self._tracker.lose()
        self._aligner.reset()

    def reset(self) -> None:
        """Forget the stream, keep the loaded models."""
        self._tracker.reset()
        self._aligner.reset()
        self._spotter.reset()
        self._buffer.clear()
        self._places.clear()
        self._now_s = float("-inf")

    def warm_up(self, image: NDArray[np.uint8]) -> None:
        """Take a picture [H, W, 3] RGB of a face and forget it: at the start of a stream only.

        Libraries prepare themselves with their first picture; a camera would not wait for that.
        """
        for face in self.track(Frame(0, 0.0, image)).faces[:1]:
            self._spotter.push([face])
            if self._recognizer is not None:
                self._recognizer.recognize(face, face)
        self.reset()

    def close(self) -> None:
        """Free the native resources."""
        self._tracker.close()

    @property
    def recognizer(self) -> Recognizer | None:
        """What names the emotions; None: nothing does."""
        return self._recognizer

    def recent_faces(self) -> FaceBuffer:
        """A copy of the faces of the last seconds: what an output that looks back begins with."""
        return self._buffer.copy()

    @property
    def is_resumable(self) -> bool:
        """Whether `track_state` and `advance_state` hold all that is remembered."""
        return self._tracker.is_resumable

    def track_state(self) -> dict[str, Any]:
        """Where the first half is in the stream; for `snapshot.capture`, before the next frame."""
        return {"tracker": state_of(self._tracker), "aligner": state_of(self._aligner)}

    def advance_state(self) -> dict[str, Any]:
        """Where the second half is in the stream."""
        return {
            "spotter": state_of(self._spotter),
            "buffer": state_of(self._buffer),
            "places": state_of(self._places),
            "now_s": self._now_s,
        }

    def resume(self, track_state: Mapping[str, Any], advance_state: Mapping[str, Any]) -> None:
        """Go on from states taken before the same frame.

        Raises:
            ValueError: the states are those of another version.
        """
        set_state(self._tracker, track_state["tracker"])
        set_state(self._aligner, track_state["aligner"])
        set_state(self._spotter, advance_state["spotter"])
        set_state(self._buffer, advance_state["buffer"])
        set_state(self._places, advance_state["places"])
        self._now_s = advance_state["now_s"]

    def _event(self, spot: Spot) -> EmotionEvent:
        onset = self._buffer.find(spot.face_id, spot.onset_frame)
        apex = self._buffer.find(spot.face_id, spot.apex_frame)
        recognition = None
        if self._recognizer is not None and onset is not None and apex is not None:
            recognition = self._recognizer.recognize(onset, apex)
        return EmotionEvent(
            spot,
            recognition,
            self.source_name,
            emitted_s=self._now_s,
            media=self._places.of(spot),
        )
