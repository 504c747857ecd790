"""Region motion of one face against its quiet reference.

Cells on the mesh are followed by pyramidal Lucas-Kanade from the reference face to the current one
(same anchor only), the head's rigid motion is fitted and removed, and what is left is pooled per
region. A new reference continues the old curve: displacement is kept across references.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from spotting.motion.appearance import LookWatcher
from spotting.motion.gates import Look
from spotting.motion.gaze import GazeWatcher
from spotting.motion.regions import LAYOUT, REGION_NAMES
from streamer.core.records import AlignedFace, Motion
from streamer.faces.head_motion import N_PARAMETERS, RigidFit
from streamer.faces.landmarks import eye_centres, inter_ocular_px

_WINDOW_PX = 15  # of the Lucas-Kanade patch on a 128-px face: a third of the inter-ocular distance
_GOOD_QUALITY = 0.25  # regions with less texture than this are trusted less
_TRUST_S = 2.0  # how quickly the trust follows
_LOCAL_PX = 17  # neighbourhood for brightness normalisation
# Skin that expressions hardly move: forehead, bridge and tip of the nose, cheeks, chin.
_SKIN = (151, 6, 4, 50, 280, 199)
_QUIET_LOOK = Look(0.0, 0.0, 0.0, 128.0, 1.0, False)


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


@dataclass(slots=True)
class _Reference:
    """What the current face is compared with; belongs to one anchor."""

    anchor: int
    time_s: float
    picture: NDArray[np.uint8]
    cells: NDArray[np.float32]  # [C, 3] in this picture: x, y, depth (aligned px)
    cells_px: NDArray[np.float32]  # [C, 1, 2], the same as Lucas-Kanade wants them
    rigid: RigidFit
    iod_px: float
    eyes_px: NDArray[np.float64]  # [2, 2] eye centres
    skin_px: NDArray[np.float64]  # [P, 2] patches that tell whether the face is covered
    carried_iod: NDArray[np.float32]  # [R, 2] displacement up to this reference
    carried_head: NDArray[np.float64]  # [6]


class MotionMeter:
    """Measures one face, frame by frame. State: the reference."""

    def __init__(self) -> None:
        self._reference: _Reference | None = None
        self._trust = np.ones(len(REGION_NAMES))
        self._before_s = 0.0
        self._eyes = LookWatcher(width_iod=0.46, height_iod=0.22, rank=0, step_s=0.006)
        self._gaze = GazeWatcher()
        self._skin = LookWatcher(width_iod=0.35, height_iod=0.35, rank=-2, step_s=0.06)
        self.look = _QUIET_LOOK  # of the last frame
        self._last = np.zeros((len(REGION_NAMES), 2), dtype=np.float32)
        self._picture = np.zeros((0, 0), dtype=np.uint8)
        self._head = np.zeros(N_PARAMETERS)  # since the reference
        self.head_iod = np.zeros(N_PARAMETERS)  # path of the head, continued across references

    def push(self, face: AlignedFace) -> Motion:
        """Motion of this frame. The first frame of an anchor becomes its reference."""
        grey = cv2.cvtColor(face.image, cv2.COLOR_RGB2GRAY)
        picture = normalise_brightness(grey)
        self._picture = picture
        new_anchor = self._reference is None or self._reference.anchor != face.anchor
        renewed = new_anchor and self._reference is not None
        if self._reference is None or new_anchor:
            landmarks = face.landmarks_px
            self._reference = self._new_reference(
                face,
                picture,
                LAYOUT.positions(landmarks),
                eye_centres(landmarks),
                landmarks[list(_SKIN), :2].astype(np.float64),
            )
        reference = self._reference
        cells_iod, quality = self._follow(reference, picture)
        head = reference.rigid.solve(cells_iod, LAYOUT.rigid_weight * quality)
        residual = cells_iod - reference.rigid.motion(head)
        pooled = LAYOUT.pool(residual) * self._trust_in(quality, face.time_s)[:, None]
        displacement = (reference.carried_iod + pooled).astype(np.float32)
        self._last, self._head = displacement, head
        self.head_iod = reference.carried_head + head
        shift = head[:2] * reference.iod_px
        place = (reference.iod_px, face.time_s)
        eyes_px = reference.eyes_px + shift
        blink = self._eyes.push(grey, eyes_px, *place)
        gaze_iod = self._gaze.push(grey, eyes_px, *place)
        covered = self._skin.push(grey, reference.skin_px + shift, *place)
        margin = grey.shape[0] // 4
        brightness = float(cv2.mean(grey[margin:-margin, margin:-margin])[0])
        self.look = Look(blink, gaze_iod, covered, brightness, face.visible, renewed)
        return Motion(
            face.index,
            face.time_s,
            face.face.face_id,
            displacement,
            (float(shift[0]), float(shift[1])),
            blink,
            gate="",
        )

    def _trust_in(self, quality: NDArray[np.float32], time_s: float) -> NDArray[np.float64]:
        """Weight [R] of each region: flat skin tells little, and what it tells is mostly noise."""
        share = 1.0 - np.exp(-(time_s - self._before_s) / _TRUST_S)
        self._before_s = time_s
        now = np.minimum(LAYOUT.median(quality) / _GOOD_QUALITY, 1.0)
        self._trust += share * (now - self._trust)
        return self._trust

    def renew_reference(self, face: AlignedFace) -> None:
        """Take this (quiet) face, the last one pushed, as the new reference."""
        old = self._reference
        if old is None or old.anchor != face.anchor:
            raise ValueError("renew_reference needs the face that was pushed last")
        # The head has moved inside the held transform: the cells go with it.
        moved = old.cells.copy()
        moved[:, :2] += (old.rigid.motion(self._head) * old.iod_px).astype(np.float32)
        shift = self._head[:2] * old.iod_px
        self._reference = self._new_reference(
            face, self._picture, moved, old.eyes_px + shift, old.skin_px + shift
        )

    @property
    def reference_s(self) -> float:
        """Time of the current reference; -inf before the first frame."""
        return -np.inf if self._reference is None else self._reference.time_s

    def _new_reference(
        self,
        face: AlignedFace,
        picture: NDArray[np.uint8],
        cells: NDArray[np.float32],
        eyes_px: NDArray[np.float64],
        skin_px: NDArray[np.float64],
    ) -> _Reference:
        iod_px = inter_ocular_px(face.landmarks_px)
        return _Reference(
            face.anchor,
            face.time_s,
            picture,
            cells,
            np.ascontiguousarray(cells[:, None, :2]),
            RigidFit((cells - cells.mean(axis=0)) / iod_px),
            iod_px,
            eyes_px,
            skin_px,
            self._last,
            self.head_iod,
        )

    def _follow(
        self, reference: _Reference, picture: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Cell motion [C, 2] in IOD and its quality [C] in 0..1."""
        found, status, strength = cv2.calcOpticalFlowPyrLK(
            reference.picture,
            picture,
            reference.cells_px,
            None,
            winSize=(_WINDOW_PX, _WINDOW_PX),
            maxLevel=1,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 8, 0.01),
            flags=cv2.OPTFLOW_LK_GET_MIN_EIGENVALS,
        )
        motion = (found - reference.cells_px)[:, 0].astype(np.float64) / reference.iod_px
        seen = (status[:, 0] == 1) & (np.abs(motion).max(axis=1) < 0.5)
        strength = np.where(seen, strength[:, 0], 0.0)
        quality = strength / (strength + 0.02)
        return np.where(seen[:, None], motion, 0.0), quality.astype(np.float32)
