"""The face mesh: a network that places 468 points on a face in a crop of 192 pixels.

"Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs" (Kartynnik et al., 2019);
crop and projection as in MediaPipe's published graph face_landmark_cpu.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamer.faces.landmarks import Mesh
from streamer.faces.networks import Network
from streamer.faces.regions import Region, crop

SIDE_PX = 192


class FaceMesh:
    """Measures meshes in given regions; remembers nothing.

    Raises:
        InstallError: see `Network`.
    """

    def __init__(self, device: str = "auto") -> None:
        self._network = Network("face_mesh.onnx", ("landmarks", "presence"), device)

    def measure(self, image: NDArray[np.uint8], regions: Sequence[Region]) -> list[Mesh]:
        """A mesh for each region of `image` [H, W, 3] RGB, whether there is a face or not.

        Its score says whether there is one: the probability that the network gives.
        """
        if not regions:
            return []
        crops = np.stack([crop(image, region, SIDE_PX) for region in regions])
        points, logits = self._network(crops)
        scores = 1.0 / (1.0 + np.exp(-logits[:, 0].astype(np.float64)))
        return [
            Mesh(to_picture(one, region), float(score))
            for one, region, score in zip(points, regions, scores, strict=True)
        ]


def to_picture(points: NDArray[np.float32], region: Region) -> NDArray[np.float32]:
    """Points [468, 3] of a region's crop in pixels of the picture; depth is scaled along."""
    matrix = region.matrix(SIDE_PX)
    moved = np.empty_like(points)
    moved[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    moved[:, 2] = points[:, 2] * (region.size_px / SIDE_PX)
    return moved
