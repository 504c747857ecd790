"""Which faces are found: by size, by roll, and where there are none; as JSON.

    python -m benchmarks.any_face PORTRAITS [--count 12]

PORTRAITS is a folder of pictures of one face each. They are pasted into large pictures of noise
(1/f, in colour) at chance places, with so many pixels between the eyes; a face is found where a
mesh lies on it, after a search through all views. `searches` is how many of the tracker's searches
that takes (median). Rolled portraits count as right within 25 degrees. `false` are meshes
elsewhere, and those in noise and in portraits of which the blocks are shuffled.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.config import FaceConfig
from streamer.faces.detector import MeshDetector
from streamer.faces.finder import Sighting
from streamer.faces.landmarks import inter_ocular_px, roll_rad
from streamer.faces.search import FaceSearch
from streamer.faces.tracker import VIEWS_PER_SEARCH
from streamer.faces.views import further_views, whole

SIZES = ((640, 360), (1280, 720), (1920, 1080), (3840, 2160))
IODS_PX = (20, 30, 40, 60, 90, 130)
ROLLS_DEG = (0, 30, -30, 45, -45, 60, -60, 90, 180, 270)
_NEAR_DEG = 25.0
_SUFFIXES = {".jpg", ".jpeg", ".png"}

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Portrait:
    """A picture of one face, with its eye distance and the middle of the face (x, y)."""

    image: Image
    iod_px: float
    centre_px: NDArray[np.float64]
    roll_deg: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--count", type=int, default=12, help="portraits at most")
    options = parser.parse_args()
    config = FaceConfig(device="cpu")
    detector = MeshDetector(config)
    search = FaceSearch(detector.faces, detector.mesh, config)
    portraits = list(read(options.portraits, search))[: options.count]
    facts = {
        "portraits": len(portraits),
        "found": [row for size in SIZES for row in by_size(search, portraits, size)],
        "rolls": [by_roll(search, portraits, degrees) for degrees in ROLLS_DEG],
        "nobody": nobody(search, portraits),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    print(json.dumps(facts, indent=2))


def read(folder: Path, search: FaceSearch) -> Iterator[Portrait]:
    """The pictures of a folder in which exactly one face is found as they stand."""
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES):
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        meshes = search.search(image, [whole(*image.shape[1::-1])], (), 0.0).meshes
        if len(meshes) == 1:
            points = meshes[0].landmarks_px
            centre = points[:, :2].mean(axis=0)
            roll = float(np.degrees(roll_rad(points)))
            yield Portrait(image, inter_ocular_px(points), centre, roll)


def by_size(
    search: FaceSearch, portraits: list[Portrait], size: tuple[int, int]
) -> Iterator[dict[str, Any]]:
    """For each eye distance that fits: share found, searches needed, false finds."""
    for iod_px in IODS_PX:
        if 4 * iod_px > min(size):
            continue
        found, needed, false = 0, [], 0
        for seed, portrait in enumerate(portraits):
            image, at = paste(portrait, iod_px, size, seed)
            number, others = first_search(search, image, at, iod_px)
            false += others
            if number is not None:
                found += 1
                needed.append(number)
        yield {
            "picture": f"{size[0]}x{size[1]}",
            "iod_px": iod_px,
            "found": round(found / len(portraits), 3),
            "searches": float(np.median(needed)) if needed else None,
            "false": false,
        }


def first_search(
    search: FaceSearch, image: Image, at: NDArray[np.float64], iod_px: float
) -> tuple[int | None, int]:
    """The number of the search, from 1, that finds the face at a place; and meshes elsewhere."""
    height, width = image.shape[:2]
    further = further_views(width, height, 0)
    found, others = None, 0
    for number, start in enumerate(range(0, max(len(further), 1), VIEWS_PER_SEARCH), start=1):
        views = [whole(width, height), *further[start : start + VIEWS_PER_SEARCH]]
        for mesh in search.search(image, views, (), 0.0).meshes:
            if np.hypot(*(mesh.landmarks_px[:, :2].mean(axis=0) - at)) < iod_px:
                found = found or number
            else:
                others += 1
        if found:
            break
    return found, others


def by_roll(search: FaceSearch, portraits: list[Portrait], degrees: int) -> dict[str, Any]:
    """How many portraits that are turned clockwise are found, and found to be so."""
    found = right = 0
    for portrait in portraits:
        for mesh in all_views(search, rolled(portrait.image, degrees)).meshes[:1]:
            found += 1
            off = np.degrees(roll_rad(mesh.landmarks_px)) - portrait.roll_deg - degrees
            right += bool(abs((off + 180) % 360 - 180) < _NEAR_DEG)
    return {"degrees": degrees, "found": found, "right": right, "of": len(portraits)}


def nobody(search: FaceSearch, portraits: list[Portrait]) -> dict[str, Any]:
    """Meshes in pictures without a face, after a search through all views."""
    views = meshes = 0
    pictures = [noise((1920, 1080), seed) for seed in range(12)]
    pictures += [shuffled(p.image, side) for p in portraits for side in (16, 32)]
    for image in pictures:
        views += 1 + len(further_views(image.shape[1], image.shape[0], 0))
        meshes += len(all_views(search, image).meshes)
    return {"pictures": len(pictures), "views": views, "false": meshes}


def all_views(search: FaceSearch, image: Image) -> Sighting:
    """A search through all views, as many at a time as the tracker looks at."""
    height, width = image.shape[:2]
    further = further_views(width, height, 0)
    seen = Sighting()
    for start in range(0, max(len(further), 1), VIEWS_PER_SEARCH):
        views = [whole(width, height), *further[start : start + VIEWS_PER_SEARCH]]
        seen.meshes += search.search(image, views, seen.meshes, 0.0).meshes
    return seen


def paste(
    portrait: Portrait, iod_px: float, size: tuple[int, int], seed: int
) -> tuple[Image, NDArray[np.float64]]:
    """A picture of noise with the portrait's head in it, and where the face is (x, y)."""
    rng = np.random.default_rng(seed)
    scale = iod_px / portrait.iod_px
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(portrait.image, None, fx=scale, fy=scale, interpolation=method)
    reach = round(1.9 * iod_px)
    at = np.array([rng.integers(reach, length - reach) for length in size])
    centre = np.round(portrait.centre_px * scale).astype(int)
    image = noise(size, seed)
    for dy in range(-reach, reach):
        y = centre[1] + dy
        if 0 <= y < small.shape[0]:
            left = max(-reach, -centre[0])
            right = min(reach, small.shape[1] - centre[0])
            image[at[1] + dy, at[0] + left : at[0] + right] = small[
                y, centre[0] + left : centre[0] + right
            ]
    return image, at.astype(np.float64)


def noise(size: tuple[int, int], seed: int) -> Image:
    """1/f noise in colour, [H, W, 3]."""
    width, height = (max(1, length // 4) for length in size)
    white = np.random.default_rng(seed).normal(size=(height, width, 3))
    spectrum = np.fft.rfft2(white, axes=(0, 1))
    rate = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    rate[0, 0] = 1.0
    pink = np.fft.irfft2(spectrum / rate[..., None], s=(height, width), axes=(0, 1))
    grey = np.clip(128 + 45 * (pink - pink.mean()) / pink.std(), 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC))


def shuffled(image: Image, side: int) -> Image:
    """The blocks of a picture in another order, four times as large."""
    height, width = (length // side * side for length in image.shape[:2])
    rows, columns = height // side, width // side
    blocks = image[:height, :width].reshape(rows, side, columns, side, 3).swapaxes(1, 2)
    order = np.random.default_rng(side).permutation(rows * columns)
    mixed = blocks.reshape(-1, side, side, 3)[order].reshape(rows, columns, side, side, 3)
    picture = np.ascontiguousarray(mixed.swapaxes(1, 2).reshape(height, width, 3))
    return np.asarray(cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC))


def rolled(image: Image, degrees: int) -> Image:
    """A picture turned clockwise; the corners that come in repeat its border."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, -degrees // 90))
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 0.8)
    turned = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned)


if __name__ == "__main__":
    main()
