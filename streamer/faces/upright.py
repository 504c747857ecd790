"""Which way up a face is: the detector knows, the mesh does not.

The mesh takes an upside-down face for an upright one (its presence score is above .9 both ways in
most pictures), with the brows where the chin is. The detector, shown the face alone at a size that
it knows, is surer of it the right way up: so the two are held against each other
(`benchmarks/any_face.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamer.faces.face_detection import SIDE_PX, Detection
from streamer.faces.landmarks import Mesh, is_degenerate
from streamer.faces.regions import Region, crop, region_of_mesh
from streamer.faces.views import smaller

HALF_TURN = np.pi
QUARTER_TURN = np.pi / 2
_LEAST_SCORE = 0.1  # of anything in a place where a face was found
_LEAST_FACE = 0.5  # of a face that is shown alone, the right way up
_AROUND = 1.3  # of the mesh's region
_MARGIN = 0.05  # of the score: a face stands as it is expected to unless there is more against it


class DetectorModel(Protocol):
    """What is needed of the face detector."""

    def find(self, image: NDArray[np.uint8], least_score: float = 0.5) -> list[Detection]: ...


class MeshModel(Protocol):
    """What is needed of the face mesh."""

    def measure(self, image: NDArray[np.uint8], regions: Sequence[Region]) -> list[Mesh]: ...


def turned(region: Region, by_rad: float) -> Region:
    """A region turned clockwise, its angle from -pi to pi."""
    angle = (region.angle_rad + by_rad + np.pi) % (2 * np.pi) - np.pi
    return replace(region, angle_rad=float(angle))


def quarters_of(angle_rad: float) -> int:
    """The quarter turns, 0 to 3 clockwise, that are nearest to a roll."""
    return round(angle_rad / QUARTER_TURN) % 4


def look_at(
    detector: DetectorModel, image: NDArray[np.uint8], region: Region
) -> tuple[float, Region]:
    """How sure the detector is of a face in a region, the region's top being its top.

    Returns:
        the score, 0 where it sees none; and the region of the face as it sees it.
    """
    shown = replace(region, size_px=max(_AROUND * region.size_px, 2.0))
    near = [one for one in detector.find(_cut(image, shown), _LEAST_SCORE) if _is_central(one)]
    if not near:
        return 0.0, region
    best = max(near, key=lambda one: one.score)
    matrix = shown.matrix(SIDE_PX)
    centre = matrix[:, :2] @ np.array(best.region.centre_px) + matrix[:, 2]
    size_px = best.region.size_px * shown.size_px / SIDE_PX
    there = Region((float(centre[0]), float(centre[1])), size_px, best.region.angle_rad)
    return best.score, turned(there, region.angle_rad)


def evidence(detector: DetectorModel, image: NDArray[np.uint8], mesh: Mesh) -> float:
    """By how much a face looks more like one as its mesh lies than turned by half: -1..1."""
    region = region_of_mesh(mesh)
    as_it_lies, _ = look_at(detector, image, region)
    upended, _ = look_at(detector, image, turned(region, HALF_TURN))
    return as_it_lies - upended


def settle(
    detector: DetectorModel,
    model: MeshModel,
    image: NDArray[np.uint8],
    region: Region,
    *,
    expected_rad: float,
    least_presence: float,
) -> tuple[Mesh, float] | None:
    """The mesh of a face that was just found, the right way up, with the detector's score there.

    region: as the detection says. None: no mesh fits. A face at `expected_rad` is expected.
    """
    # The keypoints of a face that lies on its side may be of little use: then quarter turns.
    for turns in ((0.0, HALF_TURN), (QUARTER_TURN, -QUARTER_TURN)):
        rated = []
        for by in turns:
            score, seen = look_at(detector, image, turned(region, by))
            as_expected = np.cos(region.angle_rad + by - expected_rad) > 0
            rated.append((score + _MARGIN * bool(as_expected), score, region if by == 0 else seen))
        for _, score, there in sorted(rated, key=lambda one: one[0], reverse=True):
            if score < _LEAST_FACE:
                continue
            mesh = _measured(model, image, there, again=there is not region)
            if mesh is not None and mesh.score >= least_presence:
                return mesh, score
    return None


def _is_central(detection: Detection) -> bool:
    """Whether a detection in a cut-out is the face in its middle."""
    middle = SIDE_PX / 2
    return bool(np.hypot(*(np.array(detection.region.centre_px) - middle)) < 0.5 * middle)


def _measured(
    model: MeshModel, image: NDArray[np.uint8], region: Region, *, again: bool
) -> Mesh | None:
    """The mesh in a region; with `again` measured once more where the first one lies."""
    (mesh,) = model.measure(image, [region])
    if again and not is_degenerate(mesh.landmarks_px):
        (mesh,) = model.measure(image, [region_of_mesh(mesh)])
    return None if is_degenerate(mesh.landmarks_px) else mesh


def _cut(image: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    """A region as the detector takes it, [128, 128, 3], its top upwards."""
    side = region.size_px
    reach = 0.5 * side * (abs(np.cos(region.angle_rad)) + abs(np.sin(region.angle_rad)))
    x, y = region.centre_px
    left, top = max(0, int(x - reach)), max(0, int(y - reach))
    part = image[top : max(top, int(y + reach) + 2), left : max(left, int(x + reach) + 2)]
    if part.size == 0:
        return np.zeros((SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    part, scale = smaller(part, side)
    return crop(
        part,
        Region((scale * (x - left), scale * (y - top)), scale * side, region.angle_rad),
        SIDE_PX,
    )
