"""A portrait and a scene become frames: expressions, blinks, head motion, light, sensor noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError
from streamer.core.records import Frame
from streamer.faces.config import FaceConfig
from streamer.faces.detector import open_detector
from streamer.faces.landmarks import eye_centres, inter_ocular_px
from training.synthetic.action_units import Activation, displacement
from training.synthetic.face_model import face_coordinates
from training.synthetic.overlays import Eyelids, OccluderPicture
from training.synthetic.scene import Injection, Scene

_TALK_AUS = ("25", "26", "20", "17")
_CHEW_SHARES = np.array([0.0, 1.0, 0.15, 0.0])  # of the same units, for a jaw that goes down by 1
_LID_FOLLOWS = 4.0  # share of shutting per IOD of looking down
_CHEEKS = (50, 280)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A still face: RGB picture [S, S, 3] and its mesh [468, 3] in pixels."""

    image: NDArray[np.uint8]
    landmarks_px: NDArray[np.float32]


def load_portrait(image: NDArray[np.uint8], size_px: int, name: str = "portrait") -> Portrait:
    """Scale a square RGB picture and find its face.

    Raises:
        SourceFormatError: no face is found.
    """
    method = cv2.INTER_AREA if size_px < image.shape[0] else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(image, (size_px, size_px), interpolation=method))
    with open_detector(FaceConfig(max_faces=1)) as detector:
        meshes = [detector.detect(scaled) for _ in range(3)][-1]
    if not meshes:
        raise SourceFormatError(f"No face found in {name}: choose a frontal, well-lit portrait")
    return Portrait(scaled, meshes[0].landmarks_px)


class Renderer:
    """Renders one scene on one portrait. Fields of action units are computed once."""

    def __init__(self, portrait: Portrait, scene: Scene) -> None:
        self._scene = scene
        self._image = portrait.image
        size = scene.config.size_px
        self._iod_px = inter_ocular_px(portrait.landmarks_px)
        self._centre = eye_centres(portrait.landmarks_px).mean(axis=0)
        self._mesh = face_coordinates(portrait.landmarks_px)
        ys, xs = np.mgrid[0:size, 0:size].astype(np.float32)
        self._grid_x, self._grid_y = xs, ys
        self._depth_px = depth_map(portrait.landmarks_px, self._iod_px, xs, ys)
        coarse = np.mgrid[0:size:4, 0:size:4][::-1].transpose(1, 2, 0).astype(np.float64)
        self._coarse = (coarse - self._centre) / self._iod_px
        self._lids = Eyelids(portrait.landmarks_px)
        self._talk = [self._field((Activation(au, 1.0, 1.0),)) for au in _TALK_AUS]
        self._injected: dict[Injection, NDArray[np.float32]] = {}
        rng = np.random.default_rng(scene.config.seed + 1)
        self._grain = rng.normal(0, scene.config.noise, (8, size, size, 1)).astype(np.float32)
        self._rng = rng
        self._phase = rng.uniform(0, 2 * np.pi, 2)
        self._side = ((xs - size / 2) / (size / 2))[..., None]
        cheeks = portrait.landmarks_px[list(_CHEEKS), :2].round().astype(int)
        skin = portrait.image[cheeks[:, 1].clip(0, size - 1), cheeks[:, 0].clip(0, size - 1)]
        self._pictures = {
            occluder: OccluderPicture(occluder, self._iod_px, skin.mean(axis=0))
            for occluder in scene.disturbances.occluders
        }

    def frames(self) -> Iterator[Frame]:
        """All frames of the scene, RGB uint8."""
        config = self._scene.config
        for index in range(round(config.duration_s * config.fps)):
            time_s = index / config.fps
            yield Frame(index, time_s, self._light(self._cover(self._move(time_s), time_s), time_s))

    def motion_px(self, time_s: float) -> NDArray[np.float32]:
        """Displacement [S, S, 2] in pixels by the expressions alone, without head, talk, blinks."""
        size = self._scene.config.size_px
        total = np.zeros((size, size, 2), dtype=np.float32)
        for injection in self._scene.injections:
            level = injection.level(time_s)
            if level > 0.0:
                if injection not in self._injected:
                    self._injected[injection] = self._field(injection.activations)
                total += level * self._injected[injection]
        return total

    def _field(self, activations: tuple[Activation, ...]) -> NDArray[np.float32]:
        size = self._scene.config.size_px
        coarse = displacement(activations, self._coarse, self._mesh) * self._iod_px
        return np.asarray(
            cv2.resize(coarse.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
        )

    def _move(self, time_s: float) -> NDArray[np.uint8]:
        scene, more = self._scene, self._scene.disturbances
        moved = self.motion_px(time_s)
        for level, field in zip(self._mouth(time_s), self._talk, strict=True):
            if level > 0.0:
                moved += np.float32(level) * field
        look_x, look_y = more.gaze(time_s)
        if look_x or look_y:
            self._lids.look(moved, look_x * self._iod_px, look_y * self._iod_px)
        shut = scene.blink(time_s)
        if (shut := max(shut, _LID_FOLLOWS * look_y)) > 0.0:
            self._lids.add(moved, shut)
        dx, dy, grow, roll, yaw, pitch = scene.head(time_s)
        turn_yaw, turn_pitch = more.turn(time_s)
        yaw, pitch = yaw + turn_yaw, pitch + turn_pitch
        x = self._grid_x - np.float32(self._centre[0] + dx * self._iod_px)
        y = self._grid_y - np.float32(self._centre[1] + dy * self._iod_px)
        cos, sin = np.cos(roll) / (1 + grow), np.sin(roll) / (1 + grow)
        if turn_yaw or turn_pitch:  # a face that turns away gets narrower
            x, y = x / np.float32(np.cos(turn_yaw)), y / np.float32(np.cos(turn_pitch))
        back_x = np.float32(cos) * x + np.float32(sin) * y + np.float32(self._centre[0])
        back_y = np.float32(cos) * y - np.float32(sin) * x + np.float32(self._centre[1])
        back_x -= np.float32(yaw) * self._depth_px
        back_y -= np.float32(pitch) * self._depth_px
        # Small motion: the inverse of x -> x + d(x) is x -> x - d(x) to first order.
        here = cv2.remap(moved, back_x, back_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        back_x -= here[..., 0]
        back_y -= here[..., 1]
        return np.asarray(
            cv2.remap(self._image, back_x, back_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        )

    def _mouth(self, time_s: float) -> NDArray[np.float64]:
        """Levels [4] of the mouth's action units by speech and chewing."""
        levels = self._scene.talk(time_s)
        if (jaw := self._scene.disturbances.jaw(time_s)) > 0.0:
            levels = levels + jaw * _CHEW_SHARES
        return levels

    def _cover(self, image: NDArray[np.uint8], time_s: float) -> NDArray[np.uint8]:
        for occluder in self._scene.disturbances.occluders_at(time_s):
            x, y = np.array(occluder.place(time_s)) * self._iod_px + self._centre
            image = self._pictures[occluder].lay_over(image, (float(x), float(y)))
        return image

    def _light(self, image: NDArray[np.uint8], time_s: float) -> NDArray[np.uint8]:
        config = self._scene.config
        jump, slope = self._scene.disturbances.light(time_s)
        if config.flicker == 0.0 and config.noise == 0.0 and not (jump or slope):
            return image
        slow = np.sin(2 * np.pi * 0.7 * time_s + self._phase[0])
        fast = np.sin(2 * np.pi * 11.0 * time_s + self._phase[1])
        gain = 1.0 + config.flicker * (0.7 * slow + 0.3 * fast)
        lit = image.astype(np.float32) * np.float32(gain)
        if jump or slope:
            lit *= 1.0 + np.float32(jump) + np.float32(slope) * self._side
        if config.noise > 0.0:
            grain = self._grain[self._rng.integers(len(self._grain))]
            shift = self._rng.integers(0, grain.shape[0], 2)
            lit += np.roll(grain, tuple(int(s) for s in shift), axis=(0, 1))
        return np.clip(lit + 0.5, 0, 255).astype(np.uint8)


def depth_map(
    landmarks_px: NDArray[np.float32], iod_px: float, xs: NDArray, ys: NDArray
) -> NDArray[np.float32]:
    """A smooth depth map [S, S] in pixels (towards the camera positive), zero off the face."""
    centre = landmarks_px[:, :2].mean(axis=0)
    nose = landmarks_px[4, :2]

    def basis(x: NDArray, y: NDArray) -> NDArray:
        u, v = (x - centre[0]) / iod_px, (y - centre[1]) / iod_px
        bump = np.exp(-((x - nose[0]) ** 2 + (y - nose[1]) ** 2) / (2 * (0.25 * iod_px) ** 2))
        return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v, bump], axis=-1)

    rows = basis(landmarks_px[:, 0], landmarks_px[:, 1])
    weights, *_ = np.linalg.lstsq(rows, -landmarks_px[:, 2], rcond=None)
    u, v = (xs - centre[0]) / iod_px, (ys - centre[1]) / iod_px
    window = np.exp(-((np.maximum(np.hypot(u / 1.25, v / 1.55) - 1.0, 0.0) / 0.35) ** 2))
    depth = basis(xs, ys) @ weights
    low, high = np.percentile(-landmarks_px[:, 2], (1, 99))
    return (np.clip(depth, low, high) * window).astype(np.float32)
