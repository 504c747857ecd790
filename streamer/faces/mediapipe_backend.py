"""MediaPipe itself as the second backend of the face mesh: frame in, meshes out.

For comparisons with it; `faces.backend: mediapipe` chooses it. MediaPipe 0.10.21 carries its models
inside the wheel, so nothing is downloaded; later releases report usage to their maker. A build that
cannot start raises `InstallError`; it is never mistaken for a frame without a face.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.closing import Closing
from streamer.core.errors import InstallError
from streamer.faces.config import FaceConfig
from streamer.faces.known_face import known_face
from streamer.faces.landmarks import N_LANDMARKS, Mesh, without_doubles

CURE = (
    "MediaPipe cannot start ({reason}), which faces.backend: mediapipe asks for. Install it with: "
    'pip install "mer-stream[mediapipe]" (Python below 3.13), or leave the setting out'
)
# The score behind the decision whether a mesh is a face, once per place that was looked at.
_PRESENCE = "facelandmarkcpu__face_presence_score"
_NOBODY = np.zeros((64, 64, 3), dtype=np.uint8)


class MediapipeDetector(Closing):
    """Finds up to `max_faces` meshes in an RGB image. Holds MediaPipe's tracking state.

    A graph for several faces searches the picture whenever it knows fewer than it may find, which
    costs as much again as the mesh; so there is a second one that follows a single face.

    Raises:
        InstallError: MediaPipe cannot be loaded, or misses the face in its test picture.
    """

    def __init__(self, config: FaceConfig) -> None:
        self._many = _open_graph(config, config.max_faces)
        self._one = self._many if config.max_faces == 1 else _open_graph(config, 1)

    def detect(self, image: NDArray[np.uint8], search: bool = True) -> list[Mesh]:
        """The meshes in `image` [H, W, 3] RGB.

        Without `search` only one face is followed: for when one is known to be there.

        Raises:
            RuntimeError: the graph has failed; it is of no use any more.
        """
        if not search and (found := self._one.process(image)):
            return found
        return without_doubles(self._many.process(image))

    def forget(self) -> None:
        """Lose the faces that are followed: the next picture is searched as by a new graph.

        A picture without a face does it, and takes 2 ms; a restart takes 15.
        """
        for graph in self._graphs():
            graph.process(_NOBODY)

    def reset(self) -> None:
        """Forget the faces of the last stream, so that two files never influence each other."""
        with _native_stderr_muted():
            for graph in self._graphs():
                graph.restart()

    def close(self) -> None:
        """Free the graphs; safe to call twice."""
        for graph in self._graphs():
            graph.close()

    def _graphs(self) -> tuple[_Graph, ...]:
        return (self._many,) if self._one is self._many else (self._many, self._one)


class _Graph:
    """MediaPipe's face mesh, with the presence score of each mesh.

    The solution only compares that score with a limit. It is a stream inside its graph, which can
    be observed through private attributes of the release that `CURE` names.
    """

    def __init__(self, config: FaceConfig, max_faces: int) -> None:
        from mediapipe.python.packet_getter import get_float
        from mediapipe.python.solutions.face_mesh import FaceMesh

        mesh: Any = FaceMesh(
            max_num_faces=max_faces,
            refine_landmarks=False,
            min_detection_confidence=config.min_detection,
            min_tracking_confidence=config.min_tracking,
        )
        self._mesh = mesh
        self._least_score = config.min_tracking
        scores: list[float] = []  # of the last picture, of all places that were looked at
        self._scores = scores
        mesh._graph.close()  # only a graph that does not run takes observers
        mesh._graph.observe_output_stream(
            _PRESENCE, lambda _, packet: scores.append(get_float(packet)), False
        )
        mesh._graph.start_run(mesh._input_side_packets)

    def process(self, image: NDArray[np.uint8]) -> list[Mesh]:
        self._scores.clear()
        result = self._mesh.process(np.ascontiguousarray(image))
        height, width = image.shape[:2]
        scale = np.array([width, height, width], dtype=np.float32)
        scores = [score for score in self._scores if score > self._least_score]
        faces = result.multi_face_landmarks or ()
        return [Mesh(_points(f) * scale, score) for f, score in zip(faces, scores, strict=True)]

    def restart(self) -> None:
        self._mesh.reset()
        self.process(_NOBODY)  # starts up while native stderr is muted

    def close(self) -> None:
        if self._mesh is None:
            return
        # A graph that failed at a frame raises that error again.
        with contextlib.suppress(RuntimeError):
            self._mesh.close()
        self._mesh = None


def _points(face: Any) -> NDArray[np.float32]:
    """Landmarks [468, 3] of MediaPipe's message, in shares of the picture."""
    return np.array([(p.x, p.y, p.z) for p in face.landmark[:N_LANDMARKS]], dtype=np.float32)


def _open_graph(config: FaceConfig, max_faces: int) -> _Graph:
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with _native_stderr_muted():
            graph = _Graph(config, max_faces)
            # Ask for a face that is known to be there: a broken graph is found now, not reported
            # as "no face" later. The restart makes the graph forget that face.
            if not graph.process(known_face()):
                raise InstallError(CURE.format(reason="it misses the face in its own test picture"))
            graph.restart()
    except (ImportError, AttributeError, RuntimeError, ValueError, OSError) as error:
        raise InstallError(CURE.format(reason=error)) from error
    return graph


@contextlib.contextmanager
def _native_stderr_muted() -> Iterator[None]:
    """Silence the native start-up chatter of TensorFlow Lite, which ignores Python's logging."""
    if os.environ.get("MER_VERBOSE"):
        yield
        return
    sys.stderr.flush()
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(null)
        os.close(saved)
