"""The motion map: what the bundled network sees of one onset-apex pair, and its classifier.

The format is that of the public optical-flow maps of the MEGC 2019 composite (STSTNet, Liong et al.
2019): 28 x 28 x 3, horizontal flow u, vertical flow v, optical strain; each channel stretched to
0..255 by its own minimum and maximum. Magnitude is lost and the zero level moves: the network puts
both right again, as far as that is possible. Training and streaming call the same functions.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.base import (
    Answer,
    Faces,
    ModelFacts,
    Network,
    UnitAnswer,
    check_output,
    probabilities,
)
from recognition.config import MapConfig, RecognizerConfig
from recognition.motion.head import remove_rigid
from streamer.core.errors import ModelError
from streamer.core.records import EMOTIONS, UNITS

_BATCH = 256


def motion_map(field_iod: NDArray[np.float32], config: MapConfig) -> NDArray[np.uint8]:
    """The map [28, 28, 3] of a motion field [S, S, 2] of the aligned face.

    Raises:
        ValueError: the field has another shape than the aligned face.
    """
    size = config.aligned_size_px
    if field_iod.shape != (size, size, 2):
        raise ValueError(f"motion field has shape {field_iod.shape}; expected {(size, size, 2)}")
    return map_of_crop(crop_field(field_iod, config), config.map_size)


def crop_field(field_iod: NDArray[np.float32], config: MapConfig) -> NDArray[np.float32]:
    """The part [h, w, 2] of the aligned field that the map shows, at its own resolution."""
    (eye_x, eye_y), iod = config.eyes_px, config.iod_px
    left, right = (eye_x + iod * x for x in (config.crop_left_iod, config.crop_right_iod))
    top, bottom = (eye_y + iod * y for y in (config.crop_top_iod, config.crop_bottom_iod))
    width, height = round(right - left), round(bottom - top)
    step_x, step_y = (right - left) / width, (bottom - top) / height
    matrix = np.array([[step_x, 0, left + (step_x - 1) / 2], [0, step_y, top + (step_y - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cropped = cv2.warpAffine(
        field_iod, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cropped, dtype=np.float32)


def map_of_crop(field: NDArray[np.float32], size: int = 28) -> NDArray[np.uint8]:
    """The map [size, size, 3] of a cropped field [h, w, 2] on square cells, in any unit."""
    strain = optical_strain(field)
    planes = np.dstack([field, strain])
    small = cv2.resize(planes, (size, size), interpolation=cv2.INTER_AREA)
    return stretch(np.asarray(small, dtype=np.float32))


def optical_strain(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Magnitude [h, w] of the infinitesimal strain: sqrt(u_x^2 + v_y^2 + (u_y + v_x)^2 / 2)."""
    u_y, u_x = np.gradient(field[..., 0])
    v_y, v_x = np.gradient(field[..., 1])
    return np.asarray(np.sqrt(u_x**2 + v_y**2 + 0.5 * (u_y + v_x) ** 2), dtype=np.float32)


def stretch(planes: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Each channel of [h, w, c] stretched so that its minimum is 0 and its maximum 255.

    A channel without any variation becomes 128 everywhere.
    """
    low, high = planes.min(axis=(0, 1)), planes.max(axis=(0, 1))
    span = high - low
    flat = span <= 1e-9
    scaled = (planes - low) / np.where(flat, 1.0, span)
    scaled[..., flat] = 128.0 / 255.0
    return np.asarray(np.rint(scaled * 255.0), dtype=np.uint8)


class MapClassifier:
    """Flow -> motion without the head's -> map -> logits and action units."""

    def __init__(self, network: Network, facts: ModelFacts, config: RecognizerConfig) -> None:
        self._network, self._facts, self._face = network, facts, config.map

    def __call__(self, onset: Faces, apex: Faces, flow_px: NDArray[np.float32] | None) -> Answer:
        """Logits [N, C], the motion [N, S, S, 2] in IOD without the head's, and the units."""
        if flow_px is None:
            raise ModelError(f"model {self._network.path} measures no motion: use --motion dis")
        iod_px = np.float32(self._face.iod_px)
        fields = np.stack([remove_rigid(flow / iod_px, self._face) for flow in flow_px])
        maps = np.stack([motion_map(field, self._face) for field in fields])
        logits, units = self.of_maps(maps)
        return Answer(logits, fields, units)

    def motion_iod(self, motion: NDArray[np.float32]) -> NDArray[np.float32]:
        """[S, S, 2] as it is."""
        return motion

    def recognize_maps(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities [N, 3] over `EMOTIONS` of maps uint8 [N, 28, 28, 3] known to show one.

        Raises:
            ValueError: the maps have another shape or type.
        """
        logits = self.of_maps(maps)[0][:, : len(EMOTIONS)]
        return probabilities(logits, self._facts.temperature)

    def of_maps(self, maps: NDArray[np.uint8]) -> tuple[NDArray[np.float32], UnitAnswer | None]:
        """Logits [N, C] and action units of motion maps uint8 [N, 28, 28, 3].

        Raises:
            ValueError: the maps have another shape or type.
        """
        size = self._face.map_size
        if maps.dtype != np.uint8 or maps.ndim != 4 or maps.shape[1:] != (size, size, 3):
            raise ValueError(
                f"maps are {maps.dtype} {maps.shape}; expected uint8 [N, {size}, {size}, 3]"
            )
        parts = [self._ask(maps[i : i + _BATCH]) for i in range(0, len(maps), _BATCH)]
        columns = [np.concatenate(own) for own in zip(*parts, strict=True)]
        if not columns:
            columns = [np.zeros((0, *shape), dtype=np.float32) for shape in self._shapes.values()]
        return columns[0], UnitAnswer(columns[1], columns[2]) if self._facts.units else None

    @property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The outputs of the network for one map."""
        shapes: dict[str, tuple[int, ...]] = {"logits": (len(self._facts.classes),)}
        if self._facts.units:
            shapes |= dict.fromkeys(("units", "strengths"), (len(UNITS), 2))
        return shapes

    def _ask(self, maps: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """The outputs in the order of `_shapes`."""
        shapes, path = self._shapes, self._network.path
        answers = self._network(tuple(shapes), {"maps": maps})
        return [
            check_output(answer, (len(maps), *shape), path)
            for answer, shape in zip(answers, shapes.values(), strict=True)
        ]
