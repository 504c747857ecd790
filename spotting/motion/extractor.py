"""Aligned faces in, `FaceMotion` out: the one place where motion is measured.

The head's rigid motion is fitted to the cells that were followed from the quiet reference, and
removed; what is left is pooled per region. A new reference continues the old curve, and a repeated
picture is no measurement.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig
from spotting.motion.appearance import AppearanceWatcher
from spotting.motion.gates import GateWatcher
from spotting.motion.gaze import GazeWatcher
from spotting.motion.limits import faded, within_limits
from spotting.motion.mesh_limit import MeshLimit
from spotting.motion.mesh_reading import MeshReader
from spotting.motion.reference import Places, Reference, Step, normalise_brightness
from spotting.motion.regions import LAYOUT, REGION_NAMES
from spotting.motion.repeats import RepeatWatcher
from streamer.core.records import AlignedFace, FaceMotion, FrameQuality, Gate, MeshReading
from streamer.faces.aligned_picture import grey_of
from streamer.faces.head_motion import N_PARAMETERS

_GOOD_QUALITY = 0.25  # regions with less texture than this are trusted less
_TRUST_S = 2.0  # how quickly the trust follows


class MotionExtractor:
    """Measures one face, frame by frame."""

    def __init__(self, config: SpotterConfig) -> None:
        self._reference_age_s = config.reference_age_s
        self._reference: Reference | None = None
        self._trust = np.ones(len(REGION_NAMES))
        self._before_s = 0.0
        self._eyes = AppearanceWatcher(width_iod=0.46, height_iod=0.22, rank=0, step_s=0.006)
        self._skin = AppearanceWatcher(width_iod=0.35, height_iod=0.35, rank=-2, step_s=0.06)
        self._gaze = GazeWatcher()
        self._gates = GateWatcher(config.gates)
        self._repeats = RepeatWatcher()
        self._mesh = MeshReader()
        self._reading: MeshReading | None = None  # the last one
        self._mesh_limit = MeshLimit()
        self._last: FaceMotion | None = None  # of the last new picture
        # Of the last frame: where a new reference continues.
        self._displacement = np.zeros((len(REGION_NAMES), 2), dtype=np.float32)
        self._head_path = np.zeros(N_PARAMETERS)
        self._head_speed = np.zeros(N_PARAMETERS)  # per second
        self._time_s = 0.0

    def push(self, face: AlignedFace) -> FaceMotion:
        """Motion of this frame. The first frame of an anchor becomes its reference."""
        grey = grey_of(face)
        reading = self._read(face)
        repeated = self._repeats.is_repeat(grey, face.anchor, face.time_s)
        if repeated and self._last is not None:
            return _again(self._last, face)
        picture = normalise_brightness(grey)
        new_anchor = self._reference is not None and self._reference.anchor != face.anchor
        reference = self._reference
        if reference is not None and new_anchor:
            self._finish(reference, face, grey)
        if reference is None or new_anchor:
            reference = self._renew(face, picture, Places.of(face.landmarks_px))
        step = reference.follow(picture, self._expected(reference, face.time_s))
        self._advance(reference, step, face.time_s)
        motion = self._motion(face, grey, reference, step.head, new_anchor, reading)
        motion = replace(motion, gates=self._gates.push(motion))
        old = motion.reference_age_s > self._reference_age_s - TIE_S
        if step.is_far or (old and Gate.BLINK not in motion.gates):
            self._renew(face, picture, reference.moved(step.head))
        self._last = motion
        return motion

    def _read(self, face: AlignedFace) -> MeshReading:
        """The last mesh that was measured."""
        if self._reading is None or face.face.measured:
            self._reading = self._mesh.read(face.face.landmarks_px, face.index, face.time_s)
        return self._reading

    def _finish(self, reference: Reference, face: AlignedFace, grey: NDArray[np.uint8]) -> None:
        """The last step of an anchor, to the face of the next one: no movement is left out."""
        expected = self._expected(reference, face.time_s)
        picture = normalise_brightness(reference.shows(face, grey))
        step = reference.follow(picture, expected, reference.inside(face, expected))
        self._advance(reference, step, face.time_s)

    def _expected(self, reference: Reference, time_s: float) -> NDArray[np.float64]:
        """Where the head [6] will be from a reference if it goes on as it did."""
        ahead = (time_s - self._time_s) * self._head_speed
        return np.asarray(self._head_path + ahead - reference.carried_head)

    def _advance(self, reference: Reference, step: Step, time_s: float) -> None:
        """Take a step from the reference into the curves; one that found little is left out.

        A region of which little was found stays where it was: it has left the picture, or
        something is before it.
        """
        passed_s, self._time_s = time_s - self._time_s, time_s
        if not step.is_sound:
            self._head_speed = np.zeros(N_PARAMETERS)
            return
        trust = self._trust_in(step.quality, time_s)
        pooled, known = LAYOUT.pool_found(step.residual_iod, step.found)
        carried = faded(reference.carried_iod, time_s - reference.time_s)
        measured = within_limits(carried + pooled * trust[:, None])
        self._displacement = np.where(known[:, None], measured, self._displacement)
        before, self._head_path = self._head_path, reference.carried_head + step.head
        if passed_s > 0.0:
            self._head_speed = (self._head_path - before) / passed_s

    def _renew(self, face: AlignedFace, picture: NDArray[np.uint8], places: Places) -> Reference:
        """Take this face as the reference; the curves continue."""
        carried = (self._displacement, self._head_path)
        self._reference = Reference.take(face, picture, places, *carried)
        return self._reference

    def _motion(
        self,
        face: AlignedFace,
        grey: NDArray[np.uint8],
        reference: Reference,
        head: NDArray[np.float64],
        new_anchor: bool,
        reading: MeshReading,
    ) -> FaceMotion:
        """The record of this frame, with how well the face is seen, and no gates yet."""
        shift, path_px = head[:2] * reference.iod_px, self._head_path[:2] * reference.iod_px
        eyes_px, skin_px = reference.places.eyes_px + shift, reference.places.skin_px + shift
        scale_and_time = (reference.iod_px, face.time_s)
        blink = self._eyes.push(grey, eyes_px, *scale_and_time)
        gaze_iod = self._gaze.push(grey, eyes_px, *scale_and_time)
        cover = self._skin.push(grey, skin_px, *scale_and_time)
        margin = grey.shape[0] // 4
        brightness = float(cv2.mean(grey[margin:-margin, margin:-margin])[0])
        return FaceMotion(
            face.index,
            face.time_s,
            face.face.face_id,
            self._mesh_limit.limited(self._displacement, reading, face.time_s),
            (float(path_px[0]), float(path_px[1])),
            blink,
            head_iod=self._head_path,
            quality=FrameQuality(
                gaze_iod,
                cover,
                brightness,
                face.visible,
                new_anchor,
                gaze_x_iod=self._gaze.offset_iod,
            ),
            reference_age_s=face.time_s - reference.time_s,
            mesh=reading,
        )

    def _trust_in(self, quality: NDArray[np.float32], time_s: float) -> NDArray[np.float64]:
        """Weight [R] of each region: flat skin tells little, and what it tells is mostly noise."""
        share = 1.0 - np.exp(-(time_s - self._before_s) / _TRUST_S)
        self._before_s = time_s
        now = np.minimum(LAYOUT.median(quality) / _GOOD_QUALITY, 1.0)
        self._trust += share * (now - self._trust)
        return self._trust


def _again(last: FaceMotion, face: AlignedFace) -> FaceMotion:
    """The last motion for a frame that shows the same picture once more."""
    quality = replace(last.quality, repeated=True, new_anchor=False)
    gates = tuple(gate for gate in last.gates if gate is not Gate.REANCHORED)
    age_s = last.reference_age_s + face.time_s - last.time_s
    return replace(
        last,
        index=face.index,
        time_s=face.time_s,
        quality=quality,
        gates=gates,
        reference_age_s=age_s,
    )
