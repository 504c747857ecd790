"""Holds the face models of `streamer/faces` against MediaPipe 0.10.21 itself, point by point.

    pip install "mer-stream[mediapipe]"
    python -m benchmarks.face_parity portraits/ clips/ --seconds 8 --json parity.json

Both sides get the same pixels and follow MediaPipe's rule: faces are searched for while fewer are
known than may be found, and each known one is measured where its last mesh was. Distances between
the 468 points are in MediaPipe's inter-ocular distance (IOD); `first` is of the first picture
(found by the detector), `followed` of those after it. A face is the same one where the centres lie
within half an IOD. Ends with 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.faces.face_detection import FaceDetector
from streamer.faces.face_mesh import FaceMesh
from streamer.faces.known_face import known_face
from streamer.faces.landmarks import inter_ocular_px
from streamer.faces.regions import Region, overlap, region_of_mesh

TARGET_MEDIAN_IOD, TARGET_95_IOD = 0.004, 0.01
MAX_FACES, LEAST_SCORE, SAME_REGION = 4, 0.5, 0.5
PICTURES = {".jpg", ".jpeg", ".png"}
VIDEOS = {".mp4", ".mkv", ".mov", ".avi", ".webm", ".gif"}
Image = NDArray[np.uint8]
Points = NDArray[np.float32]


@dataclass(slots=True)
class Score:
    """What was counted over some pictures."""

    distances_iod: list[NDArray[np.float32]] = field(default_factory=list)  # [468] each
    pictures: int = 0
    both: int = 0  # faces
    ours_only: int = 0
    theirs_only: int = 0

    def add(self, ours: list[Points], theirs: list[Points]) -> None:
        """Count one picture."""
        self.pictures += 1
        left = list(ours)
        for mesh in theirs:
            iod = inter_ocular_px(mesh)
            gaps = [_gap(mesh, other) / iod for other in left]
            if not gaps or min(gaps) > 0.5:
                self.theirs_only += 1
                continue
            other = left.pop(int(np.argmin(gaps)))
            self.both += 1
            self.distances_iod.append(np.hypot(*(mesh - other)[:, :2].T) / iod)
        self.ours_only += len(left)

    def numbers(self) -> dict[str, Any]:
        """The counts and the distances, for tables and JSON."""
        found = np.concatenate(self.distances_iod) if self.distances_iod else np.array([np.nan])
        return {
            "pictures": self.pictures,
            "both": self.both,
            "ours_only": self.ours_only,
            "theirs_only": self.theirs_only,
            "median_iod": round(float(np.median(found)), 5),
            "p95_iod": round(float(np.percentile(found, 95)), 5),
            "largest_iod": round(float(found.max()), 5),
        }


class Ours:
    """The networks of `streamer.faces`, with MediaPipe's rule of when to search."""

    def __init__(self) -> None:
        self._detector, self._mesh = FaceDetector("cpu"), FaceMesh("cpu")
        self._regions: list[Region] = []

    def restart(self) -> None:
        self._regions = []

    def process(self, image: Image) -> list[Points]:
        """The meshes [468, 3] of a picture."""
        regions = self._regions
        if len(regions) < MAX_FACES:
            found = [face.region for face in self._detector.find(image, LEAST_SCORE)[:MAX_FACES]]
            regions = [
                region
                for region in found
                if all(overlap(region, known) <= SAME_REGION for known in regions)
            ] + regions
        meshes = [mesh for mesh in self._mesh.measure(image, regions) if mesh.score > LEAST_SCORE]
        self._regions = [region_of_mesh(mesh) for mesh in meshes]
        return [mesh.landmarks_px for mesh in meshes]


class Theirs:
    """MediaPipe's own solution, in its mode for video."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.face_mesh import FaceMesh as Solution

        self._solution: Any = Solution(
            max_num_faces=MAX_FACES,
            refine_landmarks=False,
            min_detection_confidence=LEAST_SCORE,
            min_tracking_confidence=LEAST_SCORE,
        )

    def restart(self) -> None:
        self._solution.reset()

    def process(self, image: Image) -> list[Points]:
        """The meshes [468, 3] of a picture."""
        faces = self._solution.process(np.ascontiguousarray(image)).multi_face_landmarks or ()
        scale = np.array([image.shape[1], image.shape[0], image.shape[1]], np.float32)
        return [
            np.array([(p.x, p.y, p.z) for p in face.landmark], np.float32) * scale for face in faces
        ]


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, help="pictures, videos, folders of them")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each video")
    parser.add_argument("--json", type=Path, help="all numbers, also of every file")
    options = parser.parse_args()
    totals: dict[str, Score] = defaultdict(Score)
    rows: dict[str, dict[str, Any]] = {}
    ours, theirs = Ours(), Theirs()
    for name, images in _sources(options.paths, options.seconds):
        scores = compared(ours, theirs, images)
        rows[name] = {kind: score.numbers() for kind, score in scores.items()}
        for kind, score in scores.items():
            _merge(totals[kind], score)
            print(f"{name:46.46s} {kind:9s} {_line(score.numbers())}", flush=True)
    summary = {kind: score.numbers() for kind, score in totals.items()}
    for kind, numbers in summary.items():
        print(f"{'all':46s} {kind:9s} {_line(numbers)}")
    if options.json:
        options.json.write_text(json.dumps({"all": summary, "files": rows}, indent=1) + "\n")
    sys.exit(0 if all(_reached(numbers) for numbers in summary.values()) else 1)


def compared(ours: Ours, theirs: Theirs, images: Iterator[Image]) -> dict[str, Score]:
    """Both sides over the pictures of one source; scores of the first and of the others."""
    ours.restart()
    theirs.restart()
    scores: dict[str, Score] = {}
    for index, image in enumerate(images):
        kind = "followed" if index else "first"
        scores.setdefault(kind, Score()).add(ours.process(image), theirs.process(image))
    return scores


def _sources(paths: list[Path], seconds: float) -> Iterator[tuple[str, Iterator[Image]]]:
    """Names and pictures: the bundled ones, then those of `paths`."""
    yield "known_face.jpg", iter([known_face()] * 3)
    bundled = Path(__file__).parents[1] / "streamer" / "assets" / "sample.mp4"
    for path in [bundled, *itertools.chain.from_iterable(map(_files, paths))]:
        if path.suffix.lower() in PICTURES:
            yield path.name, _still(path)
        elif path.suffix.lower() in VIDEOS:
            yield path.name, _video(path, seconds)


def _files(path: Path) -> list[Path]:
    return sorted(path.iterdir()) if path.is_dir() else [path]


def _still(path: Path) -> Iterator[Image]:
    """A picture three times: found once, then followed."""
    import cv2

    picture = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return iter([np.asarray(picture, np.uint8)] * 3)


def _video(path: Path, seconds: float) -> Iterator[Image]:
    import av

    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        for frame in itertools.takewhile(lambda one: (one.time or 0.0) < seconds, frames):
            yield frame.to_ndarray(format="rgb24")


def _gap(first: Points, second: Points) -> float:
    return float(np.hypot(*(first[:, :2].mean(axis=0) - second[:, :2].mean(axis=0))))


def _merge(total: Score, part: Score) -> None:
    total.distances_iod += part.distances_iod
    total.pictures += part.pictures
    total.both += part.both
    total.ours_only += part.ours_only
    total.theirs_only += part.theirs_only


def _line(n: dict[str, Any]) -> str:
    faces = f"{n['both']:5d} both, {n['ours_only']:3d} ours only, {n['theirs_only']:3d} theirs only"
    most = f"95 % {n['p95_iod']:.5f}  most {n['largest_iod']:.4f}"
    return f"{n['pictures']:5d} pictures  faces {faces}  IOD median {n['median_iod']:.5f}  {most}"


def _reached(numbers: dict[str, Any]) -> bool:
    same = numbers["ours_only"] == numbers["theirs_only"] == 0
    near = numbers["median_iod"] <= TARGET_MEDIAN_IOD and numbers["p95_iod"] <= TARGET_95_IOD
    return bool(same and near)


if __name__ == "__main__":
    main()
