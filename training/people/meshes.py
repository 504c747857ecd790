"""The face mesh in every frame of a recording, kept on disk: nothing is measured twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError
from streamer.core.files.atomic import replacing
from streamer.core.files.strict_npz import Array, read_npz
from streamer.core.files.writing import writing
from streamer.core.records import Frame
from streamer.faces.config import FaceConfig
from streamer.faces.landmarks import N_LANDMARKS, Mesh, eye_centres, inter_ocular_px, is_degenerate

_JUMP_IOD = 1.5  # a mesh so far from the last one is another face
_LOST_S = 1.0  # after so long the largest face is taken again
_MANY = FaceConfig(max_faces=3)
# What decides where a mesh is: a change of it measures anew.
_DETECTOR_FILES = ("detector.py", "face_detection.py", "face_mesh.py", "networks.py", "regions.py")
_ARRAYS = {
    "time_s": Array(("f",), (None,)),
    "landmarks_px": Array(("f",), (None, N_LANDMARKS, 3), finite=False),
    "size_px": Array(("i",), (2,)),
}


class Detector(Protocol):
    """What is needed of a mesh detector, which remembers the face that it follows."""

    def detect(self, image: NDArray[np.uint8], search: bool = True) -> list[Mesh]: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class MeshTrack:
    """The mesh of one face in T frames; NaN where it was not found."""

    time_s: NDArray[np.float64]  # [T]
    landmarks_px: NDArray[np.float32]  # [T, 468, 3]
    size_px: tuple[int, int]  # width, height of the pictures

    @property
    def seen(self) -> NDArray[np.bool_]:
        """[T] where there is a mesh."""
        return np.isfinite(self.landmarks_px[:, 0, 0])

    @property
    def fps(self) -> float:
        """Frames a second, by the median of the steps."""
        steps = np.diff(self.time_s)
        return 1.0 / float(np.median(steps)) if len(steps) else 25.0

    def iod_px(self) -> NDArray[np.float64]:
        """[T] inter-ocular distance, NaN where there is no mesh."""
        return np.array([inter_ocular_px(mesh) for mesh in self.landmarks_px])

    def save(self, path: Path) -> None:
        """Writes an .npz, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part, writing(path), part.open("wb") as file:
            np.savez(
                file,
                time_s=self.time_s,
                landmarks_px=self.landmarks_px,
                size_px=np.array(self.size_px, dtype=np.int64),
            )

    @classmethod
    def load(cls, path: Path) -> MeshTrack | None:
        """Reads one back; None where there is none, or it is damaged."""
        try:
            arrays = read_npz(path, _ARRAYS)
        except (OSError, ValueError):
            return None
        width, height = (int(side) for side in arrays["size_px"])
        return cls(arrays["time_s"], arrays["landmarks_px"], (width, height))


def measure_meshes(
    path: Path, cache: Path, open_detector: Callable[[FaceConfig], Detector] | None = None
) -> MeshTrack:
    """The meshes of a recording, from `cache` where they were measured before.

    Args:
        open_detector: makes a detector of the product's Protocol; None: the product's own.

    Raises:
        SourceNotFoundError, SourceFormatError: it cannot be read, or shows no face.
    """
    make = open_detector or _own_detector
    kept = cache / f"{path.stem}_{_digest(path, make)}.npz"
    track = MeshTrack.load(kept)
    if track is None:
        detector = make(_MANY)
        try:
            track = follow(read_frames(path), detector)
        finally:
            detector.close()
        track.save(kept)
    if not track.seen.any():
        raise SourceFormatError(f"{path} shows no face: leave it out")
    return track


def read_frames(path: Path) -> Iterator[Frame]:
    """All frames of a video, as a stream reads them.

    Raises:
        SourceNotFoundError, SourceFormatError: it cannot be read.
    """
    from streamer.sources import open_source

    with closing(open_source(str(path))) as source:
        yield from source


def follow(frames: Iterable[Frame], detector: Detector) -> MeshTrack:
    """The mesh of the face that is largest at first, frame by frame."""
    times: list[float] = []
    meshes: list[NDArray[np.float32]] = []
    size_px = (0, 0)
    last: NDArray[np.float32] | None = None
    last_s = -np.inf
    for frame in frames:
        size_px = (frame.image.shape[1], frame.image.shape[0])
        if frame.time_s - last_s > _LOST_S:
            last = None
        # One known face is followed without a search for others, as the tracker does.
        mesh = _nearest(detector.detect(frame.image, last is None), last)
        if mesh is None and last is not None:
            mesh = _nearest(detector.detect(frame.image, True), last)
        if mesh is not None:
            last, last_s = mesh, frame.time_s
        times.append(frame.time_s)
        meshes.append(np.full((N_LANDMARKS, 3), np.nan, dtype=np.float32) if mesh is None else mesh)
    if not times:
        raise SourceFormatError("the recording has no frames: leave it out")
    return MeshTrack(np.array(times), np.stack(meshes), size_px)


def _nearest(found: list[Mesh], last: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """The mesh near the last one; without one, the largest."""
    meshes = [mesh.landmarks_px for mesh in found if not is_degenerate(mesh.landmarks_px)]
    if not meshes:
        return None
    if last is None:
        return max(meshes, key=inter_ocular_px)
    iod_px = inter_ocular_px(last)

    def away(mesh: NDArray[np.float32]) -> float:
        return float(np.hypot(*(eye_centres(mesh) - eye_centres(last)).mean(axis=0))) / iod_px

    nearest = min(meshes, key=away)
    return nearest if away(nearest) < _JUMP_IOD else None


def _own_detector(config: FaceConfig) -> Detector:
    from streamer.faces.detector import open_detector

    return open_detector(config)


def _digest(path: Path, make: Callable[[FaceConfig], Detector]) -> str:
    """Of the recording and of what measures it."""
    import streamer.faces as room

    digest = hashlib.sha256(path.read_bytes())
    if make is _own_detector:
        files = [Path(room.__file__).with_name(name) for name in _DETECTOR_FILES]
        files += sorted(Path(room.__file__).with_name("weights").glob("*.onnx"))
        for file in files:
            digest.update(file.read_bytes())
    else:
        digest.update(f"{make.__module__}.{make.__qualname__}".encode())
    return digest.hexdigest()[:12]
