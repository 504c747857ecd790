"""The MediaPipe face mesh behind a plain function call: frame in, meshes out.

MediaPipe 0.10.21 carries its models inside the wheel, so nothing is downloaded. A build that cannot
start raises `InstallError`; it is never mistaken for a frame without a face.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.closing import Closing
from streamer.core.errors import InstallError
from streamer.faces.config import FaceConfig
from streamer.faces.landmarks import N_LANDMARKS

CURE = (
    "The face mesh cannot start ({reason}). This is a broken installation, not a video without "
    'faces. Reinstall with: pip install --force-reinstall "mediapipe==0.10.21"; on a minimal Linux '
    "image also: apt-get install libgl1 libglib2.0-0"
)
_NOBODY = np.zeros((64, 64, 3), dtype=np.uint8)


class MeshDetector(Closing):
    """Finds up to `max_faces` meshes in an RGB image. Holds MediaPipe's tracking state.

    A graph for several faces searches the picture whenever it knows fewer than it may find, which
    costs as much again as the mesh; so there is a second one that follows a single face.
    """

    def __init__(self, config: FaceConfig) -> None:
        self._many = _create_mesh(config, config.max_faces)
        self._one = self._many if config.max_faces == 1 else _create_mesh(config, 1)

    def detect(self, image: NDArray[np.uint8], search: bool = True) -> list[NDArray[np.float32]]:
        """Meshes [468, 3] in pixels of `image` [H, W, 3] RGB; z alike, the nose negative.

        Without `search` only one face is followed: for when one is known to be there.
        """
        if not search and (found := self._run(self._one, image)):
            return found
        return self._run(self._many, image)

    def _run(self, graph: Any, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        height, width = image.shape[:2]
        try:
            result = graph.process(np.ascontiguousarray(image))
        except (RuntimeError, ValueError) as error:
            raise InstallError(CURE.format(reason=error)) from error
        scale = np.array([width, height, width], dtype=np.float32)
        found = [
            np.array([(p.x, p.y, p.z) for p in face.landmark[:N_LANDMARKS]], dtype=np.float32)
            for face in (result.multi_face_landmarks or ())
        ]
        return _without_doubles([mesh * scale for mesh in found])

    def forget(self) -> None:
        """Lose the faces that are followed: the next picture is searched as by a new graph.

        A picture without a face does it, and takes 2 ms; a restart takes 15.
        """
        self._run(self._many, _NOBODY)
        if self._one is not self._many:
            self._run(self._one, _NOBODY)

    def reset(self) -> None:
        """Forget the faces of the last stream, so that two files never influence each other."""
        with _native_stderr_muted():
            _restart(self._many)
            if self._one is not self._many:
                _restart(self._one)

    def close(self) -> None:
        """Free the graph; safe to call twice."""
        if self._many is None:
            return
        self._many.close()
        if self._one is not self._many:
            self._one.close()
        self._many = self._one = None


def _create_mesh(config: FaceConfig, max_faces: int) -> Any:
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with _native_stderr_muted():
            from mediapipe.python.solutions.face_mesh import FaceMesh

            mesh = FaceMesh(
                max_num_faces=max_faces,
                refine_landmarks=False,
                min_detection_confidence=config.min_detection,
                min_tracking_confidence=config.min_tracking,
            )
            # Ask for a face that is known to be there: a broken graph is found now, not reported
            # as "no face" later. The reset makes the graph forget that face.
            if not mesh.process(_known_face()).multi_face_landmarks:
                raise InstallError(CURE.format(reason="it misses the face in its own test picture"))
            _restart(mesh)
    except (ImportError, RuntimeError, FileNotFoundError, ValueError, OSError) as error:
        raise InstallError(CURE.format(reason=error)) from error
    return mesh


def _restart(mesh: Any) -> None:
    mesh.reset()
    mesh.process(_NOBODY)  # starts up while native stderr is muted


def _known_face() -> NDArray[np.uint8]:
    """A public-domain portrait (NASA, Eileen Collins), RGB."""
    data = (resources.files("streamer") / "assets" / "known_face.jpg").read_bytes()
    picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


known_face = _known_face  # for `Pipeline.warm_up`


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


def _without_doubles(meshes: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """MediaPipe can put two meshes on one face; keep the first of any two that nearly coincide."""
    kept: list[NDArray[np.float32]] = []
    for mesh in meshes:
        centre, size = mesh[:, :2].mean(axis=0), np.ptp(mesh[:, 0])
        if all(np.hypot(*(centre - k[:, :2].mean(axis=0))) > 0.4 * size for k in kept):
            kept.append(mesh)
    return kept
