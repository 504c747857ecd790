"""What regions of a face seem to do on real recordings in which nothing was injected.

    python -m benchmarks.motion_noise FOLDER [--held-back] [--cache DIR]

FOLDER holds recordings of people and an `index.csv` (file, person, motion, ...). The figure is the
bump B(s, .17 s) of `spotting.motion.bumps` without a threshold, in IOD: 50th, 90th and 99th
percentile over the regions of a group and all moments that are .25 s or more from a blink (lids
nearer than 60 % of their median, by the mesh of every frame). It is the median over recordings, by
how the person moves (as the index says) and by what the head did within .17 s.

It holds true movement, too: who talks moves the brows. How much, `common` tells: the RMS of what
the flow and a plain mesh of each frame agree upon (the root of their covariance), two measurements
with little else in common. `--held-back` shows the other half of the people: for the end only.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from benchmarks.motion_parts import MOTION_PARTS, Replacement
from benchmarks.people_cache import Person, load, split
from spotting.config import SpotterConfig
from spotting.motion.regions import LAYOUT, REGION_NAMES
from spotting.spotter import Spotter
from streamer.faces.landmarks import RIGID

HALF_WIDTH_S = 0.17
_BLINK_S = 0.25
GROUPS = {
    "brows": "brow",
    "lids": "eye",
    "nose": "nose",
    "cheeks": "cheek",
    "mouth": "mouth lip chin",
}
_HEADS = ("still", "shifted", "turned")
_STILL_IOD, _STILL_RAD = 0.03, 0.03  # within HALF_WIDTH_S to both sides
Signal = Callable[[Person], NDArray[np.float64]]  # region motion [T, R, 2], IOD


def product(person: Person) -> NDArray[np.float64]:
    """What the detectors are given; repeated pictures are no samples."""
    spotter, signal = Spotter(SpotterConfig()), np.full((len(person.time_s), 15, 2), np.nan)
    for k, face in person.aligned():
        motion = spotter.push([face])[0][0]
        if not motion.quality.repeated:
            signal[k] = motion.displacement_iod
    return _filled(person.time_s, signal)


def mesh_alone(person: Person) -> NDArray[np.float64]:
    """No flow: every mesh brought to the person's mean shape by a rigid 3-D fit and a scale."""
    shape = _fronted(person)[0]
    signal = np.full((len(person.time_s), len(REGION_NAMES), 2), np.nan)
    rest = LAYOUT.positions(np.nanmean(shape, axis=0))[:, :2]
    for k in np.flatnonzero(person.seen):
        signal[k] = LAYOUT.pool(LAYOUT.positions(shape[k])[:, :2] - rest)
    return _filled(person.time_s, signal)


def _product_with(replacement: Replacement, person: Person) -> NDArray[np.float64]:
    """The product, but for one part."""
    with replacement.made():
        return product(person)


VARIANTS: dict[str, Signal] = {
    "product": product,
    **{name: partial(_product_with, part) for name, part in MOTION_PARTS.items()},
    "mesh alone": mesh_alone,
}


def _filled(time_s: NDArray, signal: NDArray) -> NDArray[np.float64]:
    """Gaps closed by straight lines."""
    known = np.isfinite(signal[:, 0, 0])
    flat = signal.reshape(len(signal), -1)
    lines = [np.interp(time_s, time_s[known], column[known]) for column in flat.T]
    return np.stack(lines, axis=1).reshape(signal.shape)


def _fronted(person: Person) -> tuple[NDArray, NDArray, NDArray]:
    """Meshes [T, 468, 3] turned to the mean shape in IOD; rotation vectors and places [T, 3]."""
    points = person.mesh_px.astype(np.float64)
    eyes = points[:, [33, 133, 362, 263]]
    across = eyes[:, 2:].mean(axis=1) - eyes[:, :2].mean(axis=1)
    iod = np.hypot(across[:, 0], across[:, 1])[:, None, None]
    middle = points[:, list(RIGID)].mean(axis=1, keepdims=True)
    shape, turn = (points - middle) / iod, np.full((len(points), 3), np.nan)
    place = np.concatenate([middle[:, 0, :2] / np.nanmedian(iod), np.log(iod[:, :, 0])], axis=1)
    rest = np.nanmedian(shape, axis=0)
    for _ in range(2):
        for k in np.flatnonzero(person.seen):
            own = points[k] - middle[k]
            rotation, _ = Rotation.align_vectors(rest[list(RIGID)], own[list(RIGID)])
            turned = rotation.apply(own)
            dot = (turned[list(RIGID)] * rest[list(RIGID)]).sum()
            shape[k] = turned * dot / (turned[list(RIGID)] ** 2).sum()
            turn[k] = rotation.inv().as_rotvec()
        rest = np.nanmean(shape, axis=0)
    return shape, turn, place


def bumps(time_s: NDArray, signal: NDArray) -> NDArray[np.float64]:
    """B(s, HALF_WIDTH_S) [T, R, 2]; NaN where the recording does not reach."""
    flat = signal.reshape(len(signal), -1)

    def at(moments: NDArray) -> NDArray:
        return np.stack([np.interp(moments, time_s, column) for column in flat.T], axis=1)

    before, after = time_s - HALF_WIDTH_S, time_s + HALF_WIDTH_S
    found = flat - 0.5 * (at(before) + at(after))
    found[(before < time_s[0]) | (after > time_s[-1])] = np.nan
    return found.reshape(signal.shape)


def watched(person: Person) -> NDArray[np.bool_]:
    """Moments [T] with a face and far from blinks."""
    mesh = person.mesh_px[..., :2]
    gaps = [np.linalg.norm(mesh[:, a] - mesh[:, b], axis=1) for a, b in ((159, 145), (386, 374))]
    open_share = np.minimum(*gaps) / np.linalg.norm(mesh[:, 33] - mesh[:, 263], axis=1)
    bad = ~(open_share > 0.6 * np.nanmedian(open_share)) | ~person.seen
    near = np.abs(person.time_s[:, None] - person.time_s[bad][None]) <= _BLINK_S
    return np.asarray(~near.any(axis=1))


def head_kinds(person: Person) -> NDArray[np.intp]:
    """What the head did around each moment [T], as places in `_HEADS`."""
    _, turn, place = _fronted(person)
    kinds = np.zeros(len(turn), dtype=np.intp)
    for k, time_s in enumerate(person.time_s):
        near = (np.abs(person.time_s - time_s) <= HALF_WIDTH_S) & person.seen
        turned, went = (
            np.nanmax(x[near], axis=0) - np.nanmin(x[near], axis=0) if near.any() else np.zeros(3)
            for x in (turn, place)
        )
        if turned.max() > _STILL_RAD:
            kinds[k] = 2
        elif went.max() > _STILL_IOD:
            kinds[k] = 1
    return kinds


def rows_of(name: str) -> list[int]:
    """Places of the regions of a group."""
    starts = tuple(GROUPS[name].split())
    return [i for i, region in enumerate(REGION_NAMES) if region.startswith(starts)]


def table(groups: dict[str, list[NDArray]]) -> None:
    """A line per label: percentiles of heights [moments, R], the median over recordings."""
    for label, recordings in groups.items():
        cells = [f"{label:28s} {len(recordings):2d}"]
        for name in GROUPS:
            each = [np.percentile(h[:, rows_of(name)], (50, 90, 99)) for h in recordings]
            cells.append(" ".join(f"{value:.4f}" for value in np.median(each, axis=0)))
        print(" | ".join(cells), flush=True)


def common_iod(one: NDArray, other: NDArray, region_rows: list[int]) -> float:
    """RMS of what two measurements [moments, R, 2] agree upon."""
    return float(np.sqrt(max((one[:, region_rows] * other[:, region_rows]).sum(-1).mean(), 0.0)))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("motion_noise_cache"))
    parser.add_argument("--held-back", action="store_true")
    parser.add_argument("--variants", default=",".join(VARIANTS))
    options = parser.parse_args()
    people = [
        load(row, options.folder, options.cache) for row in split(options.folder, options.held_back)
    ]
    kept = {p.name: (watched(p), head_kinds(p), bumps(p.time_s, mesh_alone(p))) for p in people}
    print(" | ".join(["variant, motion or head, recordings", *GROUPS]) + "  (50 %, 90 %, 99 %)")
    for variant in options.variants.split(","):
        by_motion: dict[str, list[NDArray]] = defaultdict(list)
        by_head: dict[str, list[NDArray]] = defaultdict(list)
        agreed = defaultdict(list)
        largest = 0.0
        for person in people:
            seen, head, mesh = kept[person.name]
            signal = VARIANTS[variant](person)
            largest = max(largest, float(np.hypot(*np.moveaxis(signal, -1, 0)).max()))
            found = bumps(person.time_s, signal)
            heights = np.hypot(found[..., 0], found[..., 1])
            good = seen & np.isfinite(heights[:, 0])
            if good.sum() < 10:
                continue
            by_motion[f"{variant}, {person.motion}"].append(heights[good])
            agreed[person.motion].append(common_iod(found[good], mesh[good], rows_of("brows")))
            for kind, name in enumerate(_HEADS):
                if (part := good & (head == kind)).sum() >= 10:
                    by_head[f"{variant}, head {name}"].append(heights[part])
        table(dict(sorted(by_motion.items())))
        table(by_head)
        shares = ", ".join(f"{kind} {np.median(rms):.4f}" for kind, rms in sorted(agreed.items()))
        print(
            f"{variant}: common with the mesh, brows, RMS: {shares}; "
            f"largest displacement {largest:.3f}"
        )


if __name__ == "__main__":
    main()
