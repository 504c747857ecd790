"""The quiet reference of a face: what it looked like, and how its cells have moved since.

Cells on the mesh are followed by pyramidal Lucas-Kanade (Bouguet 2001) from the reference to the
current face under the same held transform.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from spotting.motion.regions import LAYOUT
from streamer.core.records import AlignedFace
from streamer.faces.head_motion import RigidFit
from streamer.faces.landmarks import eye_centres, inter_ocular_px

_WINDOW_PX = 15  # of the Lucas-Kanade patch on a 128-px face: a third of the inter-ocular distance
_LOCAL_PX = 17  # neighbourhood for brightness normalisation
# Skin that expressions hardly move: forehead, bridge and tip of the nose, cheeks, chin.
_SKIN = (151, 6, 4, 50, 280, 199)


def normalise_brightness(grey_image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The grey picture [S, S] with local mean and contrast taken out, so light may change."""
    size = (_LOCAL_PX, _LOCAL_PX)
    mean = cv2.boxFilter(grey_image, cv2.CV_32F, size)
    contrast = cv2.sqrBoxFilter(grey_image, cv2.CV_32F, size)
    contrast -= mean * mean
    np.maximum(contrast, 0.0, out=contrast)
    cv2.sqrt(contrast, contrast)
    contrast += 6.0
    detail = np.subtract(grey_image, mean, out=mean)
    return np.asarray(cv2.convertScaleAbs(detail / contrast, alpha=48.0, beta=128.0))


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a face are, in aligned pixels."""

    cells_px: NDArray[np.float32]  # [C, 3]: x, y, depth
    eyes_px: NDArray[np.float64]  # [2, 2] eye centres
    skin_px: NDArray[np.float64]  # [P, 2] patches that tell whether the face is covered

    @classmethod
    def of(cls, landmarks_px: NDArray[np.float32]) -> Places:
        """From a mesh [468, 3]."""
        skin_px = landmarks_px[list(_SKIN), :2].astype(np.float64)
        return cls(LAYOUT.positions(landmarks_px), eye_centres(landmarks_px), skin_px)


@dataclass(frozen=True, slots=True)
class Reference:
    """What the current face is compared with; belongs to one anchor."""

    anchor: int
    time_s: float
    picture: NDArray[np.uint8]  # [S, S], brightness normalised
    places: Places
    points_px: NDArray[np.float32]  # [C, 1, 2], the cells as Lucas-Kanade wants them
    rigid: RigidFit
    iod_px: float
    carried_iod: NDArray[np.float32]  # [R, 2] displacement up to this reference
    carried_head: NDArray[np.float64]  # [6]

    @classmethod
    def take(
        cls,
        face: AlignedFace,
        picture: NDArray[np.uint8],
        places: Places,
        carried_iod: NDArray[np.float32],
        carried_head: NDArray[np.float64],
    ) -> Reference:
        """A face as the new reference; the curves continue from what is carried."""
        cells, iod_px = places.cells_px, inter_ocular_px(face.landmarks_px)
        points = np.ascontiguousarray(cells[:, None, :2])
        rigid = RigidFit((cells - cells.mean(axis=0)) / iod_px)
        return cls(
            *(face.anchor, face.time_s, picture, places, points, rigid, iod_px),
            *(carried_iod, carried_head),
        )

    def follow(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Cell motion [C, 2] in IOD from the reference to a picture, and its quality [C], 0..1."""
        found, status, strength = cv2.calcOpticalFlowPyrLK(
            self.picture,
            picture,
            self.points_px,
            None,
            winSize=(_WINDOW_PX, _WINDOW_PX),
            maxLevel=1,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 8, 0.01),
            flags=cv2.OPTFLOW_LK_GET_MIN_EIGENVALS,
        )
        motion = (found - self.points_px)[:, 0].astype(np.float64) / self.iod_px
        seen = (status[:, 0] == 1) & (np.abs(motion).max(axis=1) < 0.5)
        strength = np.where(seen, strength[:, 0], 0.0)
        quality = strength / (strength + 0.02)
        return np.where(seen[:, None], motion, 0.0), quality.astype(np.float32)

    def moved(self, head: NDArray[np.float64]) -> Places:
        """The places after head motion [6]: the head moves inside the held transform."""
        cells = self.places.cells_px.copy()
        cells[:, :2] += (self.rigid.motion(head) * self.iod_px).astype(np.float32)
        shift = head[:2] * self.iod_px
        return Places(cells, self.places.eyes_px + shift, self.places.skin_px + shift)
