"""A small synthetic data set in the `folder` format: portraits that show micro-expressions.

Every portrait is a subject. A clip has one injected expression of known onset, apex and offset,
under head motion, sensor noise, flicker and now and then a blink; its frames are PNG files beside
`clips.csv`. Clips can be listed again with a wrong onset and apex, as a spotter would give them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from tqdm import tqdm

from streamer.core.errors import OutputError, UsageError
from streamer.core.ranges import Range, Seed, Share, check_ranges
from streamer.core.records import EMOTIONS
from streamer.outputs.cells import csv_line, safe_cell
from training.common.files import write_text
from training.datasets.folder import TABLE
from training.synthetic.recipes import ActivationRange, draw_activations
from training.synthetic.render import Portrait, Renderer
from training.synthetic.scene import Injection, Scene, SceneConfig, draw_scene
from training.synthetic.video import read_portrait

COLUMNS = ("subject", "clip", "path", "fps", "onset", "apex", "offset", "emotion", "dataset")


@dataclass(frozen=True, slots=True)
class ClipSetConfig:
    """What is rendered, for every portrait."""

    clips: Annotated[int, Range(1, 100_000)] = 12  # of each portrait, the classes by turns
    fps: Annotated[float, Range(1.0, 1000.0)] = 60.0
    strength_iod: tuple[Annotated[float, Range(0.0, 1.0)], Annotated[float, Range(0.0, 1.0)]] = (
        0.015,
        0.05,
    )
    head_iod: Annotated[float, Range(0.0, 1.0)] = 0.03
    blinks: Share = 0.15  # share of the clips
    noise: Annotated[float, Range(0.0, 100.0)] = 1.5
    flicker: Share = 0.02
    # more rows for each clip, with a wrong onset and apex
    jittered: Annotated[int, Range(0, 1000)] = 0
    jitter_frames: Annotated[int, Range(0, 1000)] = 4  # wrong by up to so many frames
    # rendered before the onset and after the offset
    margin_frames: Annotated[int, Range(0, 1000)] = 8
    size_px: Annotated[int, Range(64, 4096)] = 384
    dataset: str = "synthetic"
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.jitter_frames > self.margin_frames:
            raise UsageError(
                f"jitter of {self.jitter_frames} frames: only {self.margin_frames} are rendered "
                "around an expression"
            )


def write_clip_set(portraits: Sequence[Path], output: Path, config: ClipSetConfig) -> Path:
    """Renders what is not there yet and writes `clips.csv` last; returns the table.

    Raises:
        SourceNotFoundError, SourceFormatError: a portrait is missing or shows no face.
        OutputError: the folder cannot be written.
    """
    rows: list[tuple[object, ...]] = []
    for number, path in enumerate(tqdm(portraits, desc="portraits", unit="face", disable=None)):
        portrait: Portrait | None = None
        for index in range(config.clips):
            seed = [config.seed, number, index]
            scene = draw_clip(seed, EMOTIONS[index % len(EMOTIONS)], config)
            folder = output / path.stem / f"clip{index:03d}"
            if not _is_there(folder, scene):
                portrait = portrait or read_portrait(path, config.size_px)
                _write_frames(Renderer(portrait, scene), folder)
            rows += _rows(path.stem, index, scene, config)
    cells = (map(safe_cell, row) for row in rows)
    write_text(output / TABLE, "".join(map(csv_line, (COLUMNS, *cells))))
    return output / TABLE


def draw_clip(seed: Sequence[int], emotion: str, config: ClipSetConfig) -> Scene:
    """The scene of one clip: its only expression begins after the margin."""
    rng = np.random.default_rng(seed)
    margin_s = config.margin_frames / config.fps
    length_s = float(rng.uniform(0.16, 0.5))
    rise = float(rng.uniform(0.35, 0.6))
    strength = float(rng.uniform(*config.strength_iod))
    units = draw_activations(emotion, rng, ActivationRange())
    scaled = tuple(replace(u, left=strength * u.left, right=strength * u.right) for u in units)
    onset_s = margin_s
    injection = Injection(
        "micro", emotion, scaled, strength, onset_s, onset_s + rise * length_s, onset_s + length_s
    )
    scene = draw_scene(
        SceneConfig(
            fps=config.fps,
            duration_s=2 * margin_s + length_s,
            event_every_s=0.0,
            blink_every_s=0.0,
            head_iod=config.head_iod,
            flicker=config.flicker,
            noise=config.noise,
            size_px=config.size_px,
            seed=int(rng.integers(2**31)),
        )
    )
    blinks: tuple[tuple[float, float], ...] = ()
    if rng.random() < config.blinks:
        blinks = ((float(rng.uniform(0.0, margin_s + length_s)), float(rng.uniform(0.15, 0.35))),)
    return replace(scene, injections=(injection,), blinks=blinks)


def _rows(
    subject: str, index: int, scene: Scene, config: ClipSetConfig
) -> Iterator[tuple[object, ...]]:
    """The true row, then those with a wrong onset and apex."""
    fps, (injection,) = config.fps, scene.injections
    times = (injection.onset_s, injection.apex_s, injection.offset_s)
    onset, apex, offset = (round(time_s * fps) for time_s in times)
    name, last = f"clip{index:03d}", _count(scene) - 1
    rng = np.random.default_rng([config.seed, index, 1])
    for copy in range(config.jittered + 1):
        shift = rng.integers(-config.jitter_frames, config.jitter_frames + 1, 2)
        first, top = (onset, apex) if copy == 0 else (onset + shift[0], apex + shift[1])
        first = int(np.clip(first, 0, last - 1))
        top = int(np.clip(top, first + 1, last))
        own = name if copy == 0 else f"{name}-jitter{copy}"
        path = f"{subject}/{name}"
        end = max(offset, top)
        yield subject, own, path, fps, first, top, end, injection.emotion, config.dataset


def _count(scene: Scene) -> int:
    return round(scene.config.duration_s * scene.config.fps)


def _is_there(folder: Path, scene: Scene) -> bool:
    return (folder / f"{_count(scene) - 1:05d}.png").is_file()


def _write_frames(renderer: Renderer, folder: Path) -> None:
    """Frames in order: the last one says that the clip is whole."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for frame in renderer.frames():
            coded = cv2.imencode(".png", frame.image[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
            (folder / f".{frame.index:05d}.part").write_bytes(coded[1].tobytes())
            (folder / f".{frame.index:05d}.part").replace(folder / f"{frame.index:05d}.png")
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error}): choose another folder") from error
