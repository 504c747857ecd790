"""The quiet reference of a face: what it looked like, and how its cells have moved since.

Cells on the mesh are followed by pyramidal Lucas-Kanade (Bouguet 2001) from the reference to the
current face under the same held transform.

The step from the reference is kept short. The rigid fit is linear in the head's rotation, and
patches are followed by translation alone; so after a turn of a tenth of a radian a step measures
the turn and not the face. The reference is renewed as soon as the head has moved by `_FAR`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from spotting.motion.limits import CELL_FARTHEST_IOD
from spotting.motion.regions import LAYOUT
from streamer.core.records import AlignedFace
from streamer.faces.head_motion import RigidFit
from streamer.faces.landmarks import eye_centres, inter_ocular_px
from streamer.faces.transforms import Matrix, compose, invert

_WINDOW_PX = 15  # of the Lucas-Kanade patch on a 128-px face: a third of the inter-ocular distance
_LOCAL_PX = 17  # neighbourhood for brightness normalisation
# How far the head may be from the reference: x, y, scale, roll, yaw, pitch (IOD, rad).
_FAR = np.array([0.15, 0.15, 0.04, 0.07, 0.08, 0.08])
_GUESS_FROM = 0.02  # IOD or rad: a head that went less far needs no guess
_LEAST_SEEN = 0.5  # share of the cells that must be found again for a step to be measured
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
class Step:
    """The way of a face from its reference to one picture; C cells."""

    head: NDArray[np.float64]  # [6]
    residual_iod: NDArray[np.float64]  # [C, 2], what the head does not explain
    quality: NDArray[np.float32]  # [C], 0..1
    found: NDArray[np.bool_]  # [C]; of the others nothing is known

    @property
    def is_sound(self) -> bool:
        """Whether enough was found for the step to mean anything."""
        return bool(self.found.mean() >= _LEAST_SEEN)

    @property
    def is_far(self) -> bool:
        """Whether the head has moved so far that the reference has to be renewed."""
        return bool((np.abs(self.head) > _FAR).any())


@dataclass(frozen=True, slots=True)
class Reference:
    """What the current face is compared with; belongs to one anchor."""

    anchor: int
    time_s: float
    frame_to_face: Matrix  # the held transform
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
            anchor=face.anchor,
            time_s=face.time_s,
            frame_to_face=face.frame_to_face,
            picture=picture,
            places=places,
            points_px=points,
            rigid=rigid,
            iod_px=iod_px,
            carried_iod=carried_iod,
            carried_head=carried_head,
        )

    def follow(
        self,
        picture: NDArray[np.uint8],
        expected_head: NDArray[np.float64],
        shown: NDArray[np.bool_] | None = None,
    ) -> Step:
        """The way of the cells from the reference to a picture of the same anchor.

        Where the head is expected [6] to have gone far, the cells are looked for there. Cells that
        are not `shown` [C] are not in the picture.
        """
        guess, flags = None, cv2.OPTFLOW_LK_GET_MIN_EIGENVALS
        if np.abs(expected_head).max() > _GUESS_FROM:
            guess = self.moved(expected_head).cells_px[:, None, :2].copy()
            flags |= cv2.OPTFLOW_USE_INITIAL_FLOW
        found, status, strength = cv2.calcOpticalFlowPyrLK(
            self.picture,
            picture,
            self.points_px,
            guess,
            winSize=(_WINDOW_PX, _WINDOW_PX),
            maxLevel=1,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 8, 0.01),
            flags=flags,
        )
        motion = (found - self.points_px)[:, 0].astype(np.float64) / self.iod_px
        margin = _WINDOW_PX // 2  # a patch that leaves the picture is not followed
        inside = (found > margin) & (found < picture.shape[0] - 1 - margin)
        seen = (status[:, 0] == 1) & inside[:, 0].all(axis=1)
        seen &= np.abs(motion).max(axis=1) < 0.5
        if shown is not None:
            seen &= shown
        strength = np.where(seen, strength[:, 0], 0.0)
        quality = strength / (strength + 0.02)
        motion = np.where(seen[:, None], motion, 0.0)
        head = self.rigid.solve(motion, LAYOUT.rigid_weight * quality)
        residual = motion - self.rigid.motion(head)
        # A cell that went farther than a face can has lost its way.
        seen &= (residual * residual).sum(axis=1) < CELL_FARTHEST_IOD**2
        residual[~seen] = 0.0
        return Step(head, residual, quality.astype(np.float32), seen)

    def shows(self, face: AlignedFace, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A grey aligned face [S, S] of another anchor, as the transform of this one shows it."""
        matrix = compose(self.frame_to_face, invert(face.frame_to_face))
        size = (grey.shape[1], grey.shape[0])
        return np.asarray(cv2.warpAffine(grey, matrix, size, borderMode=cv2.BORDER_REPLICATE))

    def inside(self, face: AlignedFace, head: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which cells [C] lie inside the picture of another anchor, for a head at [6]."""
        matrix = compose(face.frame_to_face, invert(self.frame_to_face))
        places = self.moved(head).cells_px[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        low, high = _WINDOW_PX, self.picture.shape[0] - 1 - _WINDOW_PX  # two pyramid levels
        return np.asarray(((places >= low) & (places <= high)).all(axis=1))

    def moved(self, head: NDArray[np.float64]) -> Places:
        """The places after head motion [6]: the head moves inside the held transform."""
        cells = self.places.cells_px.copy()
        cells[:, :2] += (self.rigid.motion(head) * self.iod_px).astype(np.float32)
        shift = head[:2] * self.iod_px
        return Places(cells, self.places.eyes_px + shift, self.places.skin_px + shift)
