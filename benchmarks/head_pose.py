"""Head pose and gaze of the signals against a rendered head of known pose, as a table.

    python -m benchmarks.head_pose PICTURE...

A portrait becomes a head in three dimensions: its own mesh, with the picture as its skin. The head
is turned by known angles and rendered, and the tracker's networks look at the picture. What the
portrait's own pose is, nobody knows: the turn from the head as it is to the turned head is
compared. The depth of the rendered head is what the mesh network believes of the portrait, so a
wrong belief about depth is not seen here. Irises are shifted within the eyes by the renderer of
`training.synthetic`.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

from spotting.motion.gaze import GazeWatcher
from streamer.faces.alignment import canonical_transform, transform_points
from streamer.faces.config import FaceConfig
from streamer.faces.detector import open_detector
from streamer.faces.landmarks import (
    LEFT_EYE_CORNERS,
    RIGHT_EYE_CORNERS,
    eye_centres,
    inter_ocular_px,
)
from streamer.faces.pose import HeadPose, angles_deg, head_pose, rotation_of
from training.synthetic.overlays import Eyelids
from training.synthetic.render import load_portrait

_SIZE_PX = 512
_FINER = 3  # points of the skin a pixel, each way: no holes where it is stretched
YAWS = (-40.0, -30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0, 40.0)
PITCHES = (-20.0, -10.0, 10.0, 20.0)
ROLLS = (-30.0, -15.0, 15.0, 30.0)
BOTH = tuple(itertools.product((-20.0, 20.0), (-10.0, 10.0), (-10.0, 10.0)))
Turn = tuple[float, float, float]  # yaw, pitch, roll in degrees
TURNS: tuple[Turn, ...] = (
    *((yaw, 0.0, 0.0) for yaw in YAWS if yaw),
    *((0.0, pitch, 0.0) for pitch in PITCHES),
    *((0.0, 0.0, roll) for roll in ROLLS),
    *BOTH,
)
LOOKS_IOD = (-0.08, -0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06, 0.08)


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured of one rendering."""

    turn_deg: Turn  # from the head as it is
    eyes_off_iod: float  # the midpoint of the eyes from where it was rendered


class TurnedHead:
    """A portrait as a head that can be turned. Raises SourceFormatError where no face is found."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        portrait = load_portrait(image, _SIZE_PX)
        self.image, self.landmarks_px = portrait.image, portrait.landmarks_px
        mesh = portrait.landmarks_px.astype(np.float64)
        self.iod_px = inter_ocular_px(portrait.landmarks_px)
        self._eyes = mesh[[*LEFT_EYE_CORNERS, *RIGHT_EYE_CORNERS]].mean(axis=0)
        self._pivot = np.array([*mesh[:, :2].mean(axis=0), np.percentile(mesh[:, 2], 90)])
        fine = np.arange(_SIZE_PX * _FINER) / _FINER
        xs, ys = np.meshgrid(fine, fine)
        depth = _depth(mesh, self.iod_px)
        side = _SIZE_PX * _FINER
        self._points = np.stack(
            [xs, ys, cv2.resize(depth, (side, side), interpolation=cv2.INTER_LINEAR)], axis=-1
        ).reshape(-1, 3)
        self._skin = cv2.resize(self.image, (side, side), interpolation=cv2.INTER_CUBIC)

    def turned(self, turn: NDArray[np.float64]) -> NDArray[np.uint8]:
        """A picture [S, S, 3] of the head after a turn [3, 3] about its middle."""
        moved = (self._points - self._pivot) @ turn.T + self._pivot
        order = np.argsort(-moved[:, 2])  # far ones first: near ones are painted over them
        x, y = np.round(moved[order, :2]).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < _SIZE_PX) & (y < _SIZE_PX)
        picture = np.full_like(self.image, 128)
        picture[y[inside], x[inside]] = self._skin.reshape(-1, 3)[order[inside]]
        return np.asarray(cv2.medianBlur(picture, 3))

    def eyes_px(self, turn: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the midpoint between the eyes is rendered, x and y."""
        return np.asarray(((self._eyes - self._pivot) @ turn.T + self._pivot)[:2])


def measure(head: TurnedHead, turns: Sequence[Turn]) -> list[Found | None]:
    """What is found of a head after each turn; None: no face."""
    with open_detector(FaceConfig(max_faces=1)) as detector:
        front = _pose(detector, head.turned(np.eye(3)))
        found: list[Found | None] = []
        for turn in turns:
            rotation = rotation_of(*turn)
            pose = _pose(detector, head.turned(rotation))
            if pose is None or front is None:
                found.append(None)
                continue
            off = float(np.hypot(*(np.array(pose.eyes_px) - head.eyes_px(rotation))))
            change = _rotation(pose) @ _rotation(front).T
            found.append(Found(angles_deg(change), off / head.iod_px))
    return found


def gaze_x_iod(head: TurnedHead, look_iod: float) -> float:
    """`gaze_x_iod` of the head from the front with its irises shifted to the right."""
    side = head.image.shape[0]
    field = np.zeros((side, side, 2), dtype=np.float32)
    Eyelids(head.landmarks_px).look(field, look_iod * head.iod_px, 0.0)
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32)
    picture = cv2.remap(head.image, xs - field[..., 0], ys - field[..., 1], cv2.INTER_CUBIC)
    size = FaceConfig().aligned_size_px
    matrix = canonical_transform(head.landmarks_px, size)
    grey = cv2.cvtColor(cv2.warpAffine(picture, matrix, (size, size)), cv2.COLOR_RGB2GRAY)
    mesh = transform_points(matrix, head.landmarks_px)
    watcher = GazeWatcher()
    watcher.push(np.asarray(grey, np.uint8), eye_centres(mesh), inter_ocular_px(mesh), 0.0)
    return watcher.offset_iod


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", type=Path, help="square portraits")
    heads = []
    for path in parser.parse_args().pictures:
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        heads.append(TurnedHead(np.asarray(image, np.uint8)))
    _print_turns(heads)
    _print_looks(heads)


def _print_turns(heads: Sequence[TurnedHead]) -> None:
    found = [measure(head, TURNS) for head in heads]
    print(f"{len(heads)} heads, turned; mean and (worst) of the absolute errors")
    print("| yaw, pitch, roll (deg) | found | yaw off | pitch off | roll off | eyes off (IOD) |")
    print("|---|---|---|---|---|---|")
    every = []
    for turn, rows in zip(TURNS, zip(*found, strict=True), strict=True):
        seen = [row for row in rows if row is not None]
        off = np.array([[*np.subtract(row.turn_deg, turn), row.eyes_off_iod] for row in seen])
        every.append(np.abs(off))
        print(_line(", ".join(f"{angle:g}" for angle in turn), len(seen), len(rows), off))
    print(_line("all", sum(map(len, every)), len(heads) * len(TURNS), np.concatenate(every)))


def _line(name: str, seen: int, of: int, off: NDArray[np.float64]) -> str:
    size = np.abs(off)
    cells = [f"{m:.1f} ({w:.1f})" for m, w in zip(size.mean(0)[:3], size.max(0)[:3], strict=True)]
    cells.append(f"{size[:, 3].mean():.3f} ({size[:, 3].max():.3f})")
    return f"| {name} | {seen} of {of} | " + " | ".join(cells) + " |"


def _print_looks(heads: Sequence[TurnedHead]) -> None:
    measured = np.array([[gaze_x_iod(head, look) for look in LOOKS_IOD] for head in heads])
    measured -= measured[:, [LOOKS_IOD.index(0.0)]]
    print("\n| irises shifted by (IOD) | change of gaze_x_iod, mean | standard deviation |")
    print("|---|---|---|")
    for look, column in zip(LOOKS_IOD, measured.T, strict=True):
        print(f"| {look:+.2f} | {column.mean():+.3f} | {column.std():.3f} |")
    slopes = measured @ np.array(LOOKS_IOD) / np.square(LOOKS_IOD).sum()
    print(f"slope {slopes.mean():.2f}, from {slopes.min():.2f} to {slopes.max():.2f}")


def _pose(detector: Any, picture: NDArray[np.uint8]) -> HeadPose | None:
    meshes = [detector.detect(picture) for _ in range(3)][-1]
    return head_pose(meshes[0].landmarks_px) if meshes else None


def _rotation(pose: HeadPose) -> NDArray[np.float64]:
    return rotation_of(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)


def _depth(mesh: NDArray[np.float64], iod_px: float) -> NDArray[np.float32]:
    """Depth [S, S] of every pixel: the mesh's own, and around it that of its nearest edge."""
    ys, xs = np.mgrid[0:_SIZE_PX:2, 0:_SIZE_PX:2]
    inner = LinearNDInterpolator(mesh[:, :2], mesh[:, 2])(xs, ys)
    outer = NearestNDInterpolator(mesh[:, :2], mesh[:, 2])(xs, ys).astype(np.float32)
    outer = cv2.GaussianBlur(outer, (0, 0), 0.1 * iod_px)
    depth = np.where(np.isnan(inner), outer, inner).astype(np.float32)
    return np.asarray(cv2.resize(depth, (_SIZE_PX, _SIZE_PX), interpolation=cv2.INTER_LINEAR))


if __name__ == "__main__":
    main()
