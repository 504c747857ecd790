"""Other ways of looking at a face, each in the shape of a pipeline, for the one loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recognition.motion.methods import motion_method
from streamer.core.records import AlignedFace, Frame, FrameResult, TrackedFaces
from streamer.faces.aligned_picture import grey_of
from streamer.run.pipeline import Pipeline
from training.spotting.spotters import WholeRecordingSpotter


class PeerLoop:
    """Our tracker and aligner, then something else than our spotter."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def track(self, frame: Frame) -> TrackedFaces:
        return self._pipeline.track(frame)

    def lose(self) -> None:
        self._pipeline.lose()

    def advance(self, frame: Frame, tracked: TrackedFaces) -> FrameResult:
        self.look(tracked.faces)
        return FrameResult(frame, tracked.faces)

    def look(self, faces: Sequence[AlignedFace]) -> None:
        """What the method does with the faces of a frame."""

    def flush(self) -> FrameResult:
        return FrameResult(None)


class FlowOfEveryFrame(PeerLoop):
    """Optical flow from each aligned face to the next."""

    def __init__(self, pipeline: Pipeline, method: str) -> None:
        super().__init__(pipeline)
        self._flow = motion_method(method)
        self._before: AlignedFace | None = None

    def look(self, faces: Sequence[AlignedFace]) -> None:
        now = faces[0] if faces else None
        if now is not None and self._before is not None:
            self._flow(grey_of(self._before), grey_of(now))
        self._before = now


class Baseline(PeerLoop):
    """A spotter of the literature on our aligned faces."""

    def __init__(self, pipeline: Pipeline, spotter: WholeRecordingSpotter) -> None:
        super().__init__(pipeline)
        self._spotter = spotter

    def look(self, faces: Sequence[AlignedFace]) -> None:
        self._spotter.push(faces)

    def flush(self) -> FrameResult:
        self._spotter.flush()
        return FrameResult(None)


class MediaPipeAlone:
    """MediaPipe's own face mesh of every frame, one face, and nothing after it."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.face_mesh import FaceMesh

        self._mesh: Any = FaceMesh(max_num_faces=1, refine_landmarks=False)

    def track(self, frame: Frame) -> TrackedFaces:
        self._mesh.process(np.ascontiguousarray(frame.image))
        return TrackedFaces()

    def lose(self) -> None: ...

    def advance(self, frame: Frame, tracked: TrackedFaces) -> FrameResult:
        return FrameResult(frame)

    def flush(self) -> FrameResult:
        return FrameResult(None)

    def close(self) -> None:
        self._mesh.close()
