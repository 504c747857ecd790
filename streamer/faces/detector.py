"""Finds and follows upright faces: frame in, meshes out. For any face see `FaceSearch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streamer.core.closing import Closing
from streamer.core.errors import InstallError
from streamer.faces.config import FaceConfig
from streamer.faces.face_detection import FaceDetector
from streamer.faces.face_mesh import FaceMesh
from streamer.faces.known_face import known_face
from streamer.faces.landmarks import Mesh, is_degenerate, without_doubles
from streamer.faces.networks import CURE
from streamer.faces.regions import Region, overlap, region_of_mesh

if TYPE_CHECKING:
    from streamer.faces.mediapipe_backend import MediapipeDetector

__all__ = ["MeshDetector", "known_face", "open_detector"]

SAME_FACE = 0.5  # least overlap of a followed region and a detection of the same face


def open_detector(config: FaceConfig) -> MeshDetector | MediapipeDetector:
    """The detector that `config.backend` names.

    Raises:
        InstallError: it cannot be used.
    """
    if config.backend == "mediapipe":
        from streamer.faces.mediapipe_backend import MediapipeDetector

        return MediapipeDetector(config)
    return MeshDetector(config)


class MeshDetector(Closing):
    """Finds up to `max_faces` meshes in an RGB image, and follows them by where they were last.

    Its memory is the regions of the faces that are followed, nothing else.

    Raises:
        InstallError: a model or ONNX Runtime cannot be used, or they miss the face in the test
            picture.
    """

    def __init__(self, config: FaceConfig) -> None:
        self._config = config
        self.faces = FaceDetector(config.device)
        self.mesh = FaceMesh(config.device)
        self._regions: list[Region] = []
        if not self.detect(known_face()):
            raise InstallError(CURE.format(reason="they miss the face in their own test picture"))
        self.forget()

    def detect(self, image: NDArray[np.uint8], search: bool = True) -> list[Mesh]:
        """The meshes in `image` [H, W, 3] RGB.

        Without `search` faces are only followed, at the cost of a mesh each, and new ones looked
        for where none is left.

        Raises:
            ValueError: not such an image.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f"an image of three channels of uint8 is wanted, not {image.shape} {image.dtype}"
            )
        meshes = self._measure(image, self._regions)
        if (search or not meshes) and len(meshes) < self._config.max_faces:
            meshes += self._search(image, meshes)
        meshes = without_doubles(meshes)
        self._regions = [region_of_mesh(mesh) for mesh in meshes]
        return meshes

    def forget(self) -> None:
        """Lose the faces that are followed: the next picture is searched as by a new detector."""
        self._regions = []

    def reset(self) -> None:
        """Forget the faces of the last stream, so that two files never influence each other."""
        self.forget()

    def close(self) -> None:
        """Nothing to free; MediaPipe's detector has."""

    def _search(self, image: NDArray[np.uint8], known: list[Mesh]) -> list[Mesh]:
        """The meshes of detected faces that are not known yet."""
        followed = [region_of_mesh(mesh) for mesh in known]
        found = (face.region for face in self.faces.find(image, self._config.min_detection))
        new = [
            region
            for region in found
            if all(overlap(region, other) <= SAME_FACE for other in followed)
        ]
        return self._measure(image, new[: self._config.max_faces - len(known)])

    def _measure(self, image: NDArray[np.uint8], regions: list[Region]) -> list[Mesh]:
        """The meshes in regions that hold a face."""
        least = self._config.min_tracking
        meshes = self.mesh.measure(image, regions)
        return [m for m in meshes if m.score > least and not is_degenerate(m.landmarks_px)]
