"""The face models that the settings name, as a `Finder` for the tracker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streamer.core.closing import Closing
from streamer.faces.config import FaceConfig
from streamer.faces.detector import MeshDetector, open_detector
from streamer.faces.finder import Finder, Sighting
from streamer.faces.identity import centre_of, size_of
from streamer.faces.landmarks import Mesh
from streamer.faces.search import FaceSearch
from streamer.faces.views import View

if TYPE_CHECKING:
    from streamer.faces.mediapipe_backend import MediapipeDetector


def open_finder(config: FaceConfig) -> Finder:
    """The finder that `config.backend` names. Raises InstallError where it cannot be used."""
    detector = open_detector(config)
    if isinstance(detector, MeshDetector):
        return FaceSearch(detector.faces, detector.mesh, config)
    return GraphFinder(detector)


class GraphFinder(Closing):
    """MediaPipe's own graph: it finds large upright faces, and remembers where they were.

    What it remembers cannot be read out, so a run with it cannot be taken up again.
    """

    is_resumable = False

    def __init__(self, graph: MediapipeDetector) -> None:
        self._graph = graph

    def follow(self, image: NDArray[np.uint8], known: Sequence[Mesh]) -> list[Mesh | None]:
        """The mesh nearest to each known one."""
        found = self._graph.detect(image, search=len(known) > 1) if known else []
        return [_nearest(one, found) for one in known]

    def search(
        self,
        image: NDArray[np.uint8],
        views: Sequence[View],
        known: Sequence[Mesh],
        expected_rad: float,
    ) -> Sighting:
        """All faces that the graph sees and nobody follows yet; it chooses where it looks."""
        found = self._graph.detect(image, search=True)
        return Sighting([one for one in found if _nearest(one, known) is None])

    def evidence(self, image: NDArray[np.uint8], mesh: Mesh) -> float:
        """Nothing is known."""
        return 0.0

    def upended(self, image: NDArray[np.uint8], mesh: Mesh) -> Mesh | None:
        """Nothing is known."""
        return None

    def forget(self) -> None:
        """Show the graph a picture without a face."""
        self._graph.forget()

    def close(self) -> None:
        """Free the graphs."""
        self._graph.close()


def _nearest(mesh: Mesh, others: Sequence[Mesh]) -> Mesh | None:
    """The other mesh on the same face, if there is one."""
    centre = centre_of(mesh.landmarks_px)
    away = [float(np.hypot(*(centre_of(one.landmarks_px) - centre))) for one in others]
    if not away or min(away) > size_of(mesh.landmarks_px):
        return None
    return others[int(np.argmin(away))]
