"""Looking for faces: the models behind the tracker, which have no memory of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from streamer.core.closing import Closing
from streamer.faces.config import FaceConfig
from streamer.faces.face_detection import Detection
from streamer.faces.finder import Sighting
from streamer.faces.landmarks import Mesh, inter_ocular_px, is_degenerate
from streamer.faces.regions import Region, region_of_mesh
from streamer.faces.upright import (
    HALF_TURN,
    DetectorModel,
    MeshModel,
    evidence,
    quarters_of,
    settle,
    turned,
)
from streamer.faces.views import View, is_all

# A face in a part of the picture must look like one when it is shown alone, too: nearly all faces
# do at this score, and next to no textures (`benchmarks/any_face.py`).
_CLEAR = 0.65
_MOST_TRIED = 12  # of a search: textures can look like many faces, and each costs some 5 ms
_LEAST_IOD_PX = 20.0  # smaller faces are only told of


class FaceSearch(Closing):
    """A detector and a mesh as a `Finder`."""

    is_resumable = True

    def __init__(self, detector: DetectorModel, mesh: MeshModel, config: FaceConfig) -> None:
        self._detector = detector
        self._mesh = mesh
        self._config = config

    def follow(self, image: NDArray[np.uint8], known: Sequence[Mesh]) -> list[Mesh | None]:
        regions = [region_of_mesh(one) for one in known]
        found = self._mesh.measure(image, regions) if regions else []
        return [one if self._is_face(one) else None for one in found]

    def search(
        self,
        image: NDArray[np.uint8],
        views: Sequence[View],
        known: Sequence[Mesh],
        expected_rad: float,
    ) -> Sighting:
        seen, tried = Sighting(), 0
        found = [(view, one) for view in views for one in self._find(image, view)]
        # Of several looks at one face the whole picture's, else the surest.
        found.sort(key=lambda pair: (not is_all(pair[0], image), -pair[1].score))
        for view, detection in found:
            if tried < _MOST_TRIED and not _is_known(detection, (*known, *seen.meshes)):
                tried += 1
                self._take(image, view, detection, expected_rad, seen)
        return seen

    def evidence(self, image: NDArray[np.uint8], mesh: Mesh) -> float:
        return evidence(self._detector, image, mesh)

    def upended(self, image: NDArray[np.uint8], mesh: Mesh) -> Mesh | None:
        region = turned(region_of_mesh(mesh), HALF_TURN)
        (found,) = self._mesh.measure(image, [region])
        return found if self._is_face(found) else None

    def forget(self) -> None:
        """There is nothing to forget."""

    def close(self) -> None:
        """There is nothing to free."""

    def _find(self, image: NDArray[np.uint8], view: View) -> Iterable[Detection]:
        """Detections of a view, in the whole picture."""
        part, scale = view.cut(image)
        for one in self._detector.find(part, self._config.min_detection):
            corners = view.back(np.reshape(one.box_px, (2, 2)), scale)
            (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
            box = (float(x0), float(y0), float(x1), float(y1))
            keypoints = view.back(one.keypoints_px, scale).astype(np.float32)
            yield Detection(box, keypoints, one.score)

    def _take(
        self,
        image: NDArray[np.uint8],
        view: View,
        detection: Detection,
        expected_rad: float,
        seen: Sighting,
    ) -> None:
        region = detection.region
        settled = settle(
            self._detector,
            self._mesh,
            image,
            region,
            expected_rad=expected_rad,
            least_presence=self._config.min_tracking,
        )
        as_expected = view.quarters == quarters_of(expected_rad)
        is_plain = is_all(view, image) and as_expected
        mesh = settled[0] if is_plain and settled else self._confirmed(image, settled)
        if mesh is None:
            seen.best = max(seen.best, detection.score)
            if not as_expected:
                seen.turned_deg = _degrees(region)
        elif not is_all(view, image) and inter_ocular_px(mesh.landmarks_px) < _LEAST_IOD_PX:
            seen.small_px = max(seen.small_px or 0.0, float(np.ptp(mesh.landmarks_px[:, 0])))
        else:
            seen.meshes.append(mesh)

    def _confirmed(
        self, image: NDArray[np.uint8], settled: tuple[Mesh, float] | None
    ) -> Mesh | None:
        """The mesh, unless it is doubtful: found in a part of the picture, or in another roll."""
        if settled is None:
            return None
        mesh, score = settled
        (again,) = self._mesh.measure(image, [region_of_mesh(mesh)])
        return mesh if score >= _CLEAR and self._is_face(again) else None

    def _is_face(self, mesh: Mesh) -> bool:
        return mesh.score > self._config.min_tracking and not is_degenerate(mesh.landmarks_px)


def _degrees(region: Region) -> float:
    return round(float(np.degrees(region.angle_rad)))


def _is_known(detection: Detection, known: Iterable[Mesh]) -> bool:
    """Whether a detection lies on a face that has a mesh already."""
    x0, y0, x1, y1 = detection.box_px
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    for mesh in known:
        points = mesh.landmarks_px[:, :2]
        size = float(np.ptp(points, axis=0).max())
        if np.hypot(*(centre - points.mean(axis=0))) < 0.6 * max(size, x1 - x0):
            return True
    return False
