"""Onset-apex pairs of aligned faces with their true motion, drawn from portraits; kept in one NPZ.

Every pair is a photograph before and one at the apex: action units of a random expression, a head
that moves a little (which a held alignment lets through), light, sensor noise and JPEG. Both are
brought into the aligned square by the streaming alignment with one transform, that of the onset.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.core.files.atomic import replacing
from streamer.core.files.strict_npz import Array, read_npz
from streamer.core.files.writing import writing
from streamer.core.records import EMOTIONS
from streamer.faces.config import IOD_FRACTION
from streamer.faces.transforms import canonical_transform, invert
from streamer.faces.warp import plan_warp
from training.synthetic.action_units import Activation
from training.synthetic.pair_face import PairFace, Pose, State
from training.synthetic.pair_photo import LightRange, Timing, draw_levels, draw_light
from training.synthetic.recipes import ActivationRange, draw_activations

Progress = Callable[[int], object]
_OUTSIDE_PX = 0.05  # a pixel whose face point could not be found this well has no truth


@dataclass(frozen=True, slots=True)
class PairRange:
    """What a pair is drawn from. Lengths in inter-ocular distances."""

    size_px: int = 128  # of the aligned face
    strength_iod: tuple[float, float] = (0.01, 0.08)  # peak displacement, log-uniform
    activation: ActivationRange = field(default_factory=ActivationRange)
    onset_level: float = 0.1  # the onset shows up to this share of the expression already
    apex_level: float = 0.85  # the apex at least this share
    timing: Timing | None = None  # instead of the two levels: frames of an expression, with errors
    camera_iod_px: tuple[float, float] = (44.0, 88.0)
    roll_deg: float = 6.0
    yaw_deg: float = 6.0  # to either side
    turned_share: float = 0.25  # of the pairs, with a yaw of up to ...
    turned_deg: float = 30.0  # ... this much
    pitch_deg: float = 4.0
    head_shift_iod: float = 0.01  # between onset and apex; standard deviations from here on
    head_grow: float = 0.003
    head_roll_deg: float = 0.25
    head_turn_deg: float = 0.4  # yaw and pitch each
    landmark_noise_iod: float = 0.01  # of the alignment
    light: LightRange = field(default_factory=LightRange)

    def __post_init__(self) -> None:
        low, high = self.strength_iod
        if not 0.0 < low <= high:
            raise ValueError(f"strength_iod is {self.strength_iod}: two numbers, 0 < low <= high")

    def clean(self) -> PairRange:
        """The same without head motion, light changes, noise and compression."""
        still = replace(self, head_shift_iod=0.0, head_grow=0.0, head_roll_deg=0.0)
        return replace(still, head_turn_deg=0.0, light=LightRange.none())


@dataclass(frozen=True, slots=True)
class Pairs:
    """N pairs. `motion` is the whole motion, head included, from onset to apex at the onset."""

    onset: NDArray[np.uint8]  # [N, S, S, 3] RGB
    apex: NDArray[np.uint8]
    motion: NDArray[np.float16]  # [N, S, S, 2] pixels of the aligned face
    known: NDArray[np.bool_]  # [N, S, S]: the truth holds here (False: hidden by a turned head)
    emotion: NDArray[np.int64]  # [N] index into EMOTIONS
    strength_iod: NDArray[np.float32]  # [N]
    yaw_deg: NDArray[np.float32]  # [N]
    person: NDArray[np.str_]  # [N]

    def __len__(self) -> int:
        return len(self.onset)

    def part(self, which: NDArray) -> Pairs:
        """Some of the pairs, by index or mask."""
        return Pairs(**{name: value[which] for name, value in _arrays(self).items()})


def draw_pairs(
    faces: Sequence[PairFace],
    count: int,
    seed: int,
    ranges: PairRange | None = None,
    progress: Progress | None = None,
) -> Pairs:
    """`count` pairs, faces in turn; pair i depends on (seed, i) alone."""
    ranges = ranges or PairRange()
    drawn = []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        drawn.append(draw_pair(faces[index % len(faces)], rng, ranges))
        if progress:
            progress(1)
    return Pairs(**{name: np.stack([one[name] for one in drawn]) for name in drawn[0]})


def draw_pair(face: PairFace, rng: np.random.Generator, ranges: PairRange) -> dict[str, NDArray]:
    """One pair: the fields of `Pairs` without the first axis."""
    emotion, strength, units = draw_expression(rng, ranges)
    moved = face.field([Activation(u.au, strength * u.left, strength * u.right) for u in units])
    pose, frame_px = _draw_pose(rng, ranges)
    first = rng.uniform(0.0, ranges.onset_level)
    head = _move_head(pose, rng, ranges)
    top = rng.uniform(ranges.apex_level, 1.0)
    if ranges.timing is not None:  # a stream of its own: all else is drawn as without
        first, top = draw_levels(ranges.timing, rng.spawn(1)[0])
    onset, apex = State(pose, moved * np.float32(first)), State(head, moved * np.float32(top))
    noise = rng.normal(0.0, ranges.landmark_noise_iod * pose.iod_px, (4, 2))
    matrix = _alignment(face.landmarks(onset), noise, ranges.size_px)
    light = draw_light(rng, ranges.light)
    shots = [light.expose(face.photograph(s, frame_px), k) for k, s in enumerate((onset, apex))]
    warp = plan_warp(matrix, ranges.size_px, shots[0].shape)
    motion, known = _true_motion(face, onset, apex, matrix, ranges.size_px)
    return {
        "onset": warp.apply(shots[0]),
        "apex": warp.apply(shots[1]),
        "motion": motion,
        "known": known,
        "emotion": np.array(emotion, dtype=np.int64),
        "strength_iod": np.array(strength, dtype=np.float32),
        "yaw_deg": np.array(np.degrees(pose.yaw), dtype=np.float32),
        "person": np.array(face.name),
    }


def draw_expression(
    rng: np.random.Generator, ranges: PairRange
) -> tuple[int, float, list[Activation]]:
    """The first draws of a pair: its class, its strength in IOD and its units, relative to it."""
    emotion = int(rng.integers(len(EMOTIONS)))
    strength = float(np.exp(rng.uniform(*np.log(ranges.strength_iod))))
    return emotion, strength, draw_activations(EMOTIONS[emotion], rng, ranges.activation)


def write_pairs(pairs: Pairs, path: Path, ranges: PairRange) -> None:
    """Everything in one NPZ file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    with replacing(path) as part, writing(path), part.open("wb") as file:
        np.savez(file, ranges=np.array(repr(asdict(ranges))), **_arrays(pairs))


_MAX_BYTES = 2**36  # a set of pairs is large
_PAIRS = {
    "onset": Array(("u1",), (None, None, None, 3)),
    "apex": Array(("u1",), (None, None, None, 3)),
    "motion": Array(("f2",), (None, None, None, 2)),
    "known": Array(("b",), (None, None, None)),
    "emotion": Array(("i",), (None,)),
    "strength_iod": Array(("f",), (None,)),
    "yaw_deg": Array(("f",), (None,)),
    "person": Array(("U",), (None,)),
}


def read_pairs(path: Path) -> Pairs:
    """What `write_pairs` wrote.

    Raises:
        SourceNotFoundError, SourceFormatError: no such file, or not one of pairs.
    """
    if not path.is_file():
        raise SourceNotFoundError(f"{path} is not there: write it with mer-train pairs")
    try:
        return Pairs(**read_npz(path, _PAIRS, _MAX_BYTES))
    except (ValueError, OSError) as error:
        raise SourceFormatError(
            f"{path} holds no pairs ({error}): write it again with mer-train pairs"
        ) from error


def _arrays(pairs: Pairs) -> dict[str, Any]:
    return {name: getattr(pairs, name) for name in Pairs.__dataclass_fields__}


def _draw_pose(rng: np.random.Generator, ranges: PairRange) -> tuple[Pose, int]:
    """A pose and the size of a camera picture that holds the aligned square."""
    iod_px = float(rng.uniform(*ranges.camera_iod_px))
    frame_px = 2 * round(0.62 * iod_px / IOD_FRACTION)
    turn_deg = ranges.turned_deg if rng.random() < ranges.turned_share else ranges.yaw_deg
    across, down = rng.uniform(-0.1, 0.1, 2) * iod_px
    pose = Pose(
        iod_px,
        (0.5 * frame_px + float(across), 0.4 * frame_px + float(down)),
        float(np.radians(rng.uniform(-ranges.roll_deg, ranges.roll_deg))),
        float(np.radians(rng.uniform(-turn_deg, turn_deg))),
        float(np.radians(rng.uniform(-ranges.pitch_deg, ranges.pitch_deg))),
    )
    return pose, frame_px


def _move_head(pose: Pose, rng: np.random.Generator, ranges: PairRange) -> Pose:
    """The pose at the apex."""
    shift = rng.normal(0.0, ranges.head_shift_iod, 2) * pose.iod_px
    turn = np.radians(rng.normal(0.0, ranges.head_turn_deg, 2))
    return Pose(
        pose.iod_px * (1.0 + float(rng.normal(0.0, ranges.head_grow))),
        (pose.centre_px[0] + float(shift[0]), pose.centre_px[1] + float(shift[1])),
        pose.roll + float(np.radians(rng.normal(0.0, ranges.head_roll_deg))),
        pose.yaw + float(turn[0]),
        pose.pitch + float(turn[1]),
    )


def _alignment(
    landmarks_px: NDArray[np.float32], noise_px: NDArray[np.float64], size_px: int
) -> NDArray[np.float32]:
    """The held transform [2, 3] of the onset, its eye corners seen with an error."""
    seen = landmarks_px.copy()
    seen[[33, 133, 362, 263]] += noise_px.astype(np.float32)
    return canonical_transform(seen, size_px)


def _true_motion(
    face: PairFace, onset: State, apex: State, matrix: NDArray[np.float32], size_px: int
) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """Motion [S, S, 2] in pixels of the aligned face, and where it is known."""
    pixel = np.mgrid[0:size_px, 0:size_px][::-1].transpose(1, 2, 0).astype(np.float32)
    back = invert(matrix)
    camera = np.asarray(cv2.transform(pixel, back), dtype=np.float32)
    q = face.to_face(camera, onset)
    miss = np.linalg.norm(face.to_camera(q, onset) - camera, axis=-1)
    moved = cv2.transform(face.to_camera(q, apex), matrix) - pixel
    return np.clip(moved, -64, 64).astype(np.float16), np.asarray(miss < _OUTSIDE_PX)
