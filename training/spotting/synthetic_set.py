"""Sets of synthetic recordings of known truth, rendered from a folder of portraits.

For every portrait and frame rate: a recording with injected micro-expressions under head motion,
blinks, flicker, sensor noise and H.264; one of the same without any expression in which the person
talks part of the time; and, where asked for, one with expressions and every disturbance there is.
Beside the videos lie `truth.csv` and `videos.csv`, as `mer-train score-spots` reads them.
"""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from tqdm import tqdm

from streamer.batch.tasks import Execution
from streamer.core.errors import UsageError
from streamer.core.files.inside import read_json
from streamer.core.ranges import Range, Seed, check_ranges
from streamer.outputs.cells import safe_cell
from training.common.files import write_json, write_text
from training.common.tasks import do_all
from training.synthetic.scene import SceneConfig
from training.synthetic.video import TRUTH_FIELDS, read_portrait, write_recording

Content = Literal["expressions", "talking", "disturbed"]
CONTENTS: tuple[Content, ...] = get_args(Content)
SETTINGS, TRUTH, VIDEOS = "set.json", "truth.csv", "videos.csv"
VIDEO_FIELDS = ("video", "fps", "seconds", "content", "portrait", "seed")
_TALK_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class SpotSetConfig:
    """What is rendered. `seconds` has one length for each frame rate."""

    fps: tuple[Annotated[float, Range(1.0, 1000.0)], ...] = (30.0, 200.0)
    seconds: tuple[Annotated[float, Range(0.1, 3600.0)], ...] = (45.0, 15.0)
    strengths_iod: tuple[Annotated[float, Range(1e-4, 1.0)], ...] = (0.015, 0.03, 0.05)
    contents: tuple[Content, ...] = ("expressions", "talking")
    size_px: Annotated[int, Range(64, 4096)] = 400
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_ranges(self)
        if len(self.fps) != len(self.seconds):
            raise UsageError(
                f"{len(self.fps)} frame rates and {len(self.seconds)} lengths: give one length "
                "for each frame rate"
            )
        if not self.fps or not self.strengths_iod:
            raise UsageError("give one frame rate, one length and one strength at least")
        if self.size_px % 2:
            raise UsageError(f"size {self.size_px}: give an even number of pixels")


def parse_contents(text: str) -> tuple[Content, ...]:
    """Contents from "expressions,talking".

    Raises:
        UsageError: an unknown one, or none.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [word for word in words if word not in CONTENTS]
    if unknown or not words:
        raise UsageError(f"--contents {text!r}: choose among {', '.join(CONTENTS)}")
    return tuple(content for content in CONTENTS if content in words)


@dataclass(frozen=True, slots=True)
class Take:
    """One recording to be made."""

    portrait: Path
    content: Content
    scene: SceneConfig

    @property
    def name(self) -> str:
        return f"{self.portrait.stem}_{self.scene.fps:g}fps_{self.content}.mp4"


def takes(portraits: Sequence[Path], config: SpotSetConfig) -> Iterator[Take]:
    """All recordings of a set. A scene depends on portrait, frame rate, content and seed only."""
    for portrait in portraits:
        for fps, seconds in zip(config.fps, config.seconds, strict=True):
            for content in config.contents:
                key = f"{portrait.stem} {fps:g} {content} {config.seed}"
                scene = SceneConfig(
                    fps=fps,
                    duration_s=seconds,
                    strengths_iod=config.strengths_iod,
                    size_px=config.size_px,
                    seed=zlib.crc32(key.encode()) % 1_000_000,
                )
                yield Take(portrait, content, _with_content(scene, content))


def _with_content(scene: SceneConfig, content: Content) -> SceneConfig:
    if content == "talking":
        return replace(scene, event_every_s=0.0, talk_share=_TALK_SHARE)
    if content == "disturbed":
        return replace(
            scene,
            talk_share=0.25,
            gaze_every_s=4.0,
            turn_every_s=12.0,
            light_every_s=10.0,
            occlude_every_s=15.0,
            chew_every_s=20.0,
        )
    return scene


def write_set(portraits: Sequence[Path], config: SpotSetConfig, output: Path, jobs: int = 1) -> int:
    """Render a set into `output`; finished recordings of an earlier run are kept.

    Returns how many recordings were rendered now.

    Raises:
        UsageError: `output` holds a set with other settings.
        SourceFormatError: a portrait shows no face.
    """
    check_settings(output, {"portraits": [p.stem for p in portraits], **asdict(config)})
    wanted = list(takes(portraits, config))
    todo = [take for take in wanted if not _truth_path(output, take).is_file()]
    made = do_all(partial(_render, output), todo, Execution(workers=jobs))
    for _ in tqdm(made, total=len(todo), desc="render", unit="video", disable=None):
        pass
    _write_tables(output, wanted)
    return len(todo)


def _render(output: Path, take: Take) -> str:
    """Returns the name. The truth gets its final name last: then the recording is whole."""
    portrait = read_portrait(take.portrait, take.scene.size_px)
    part = output / f".part_{take.name}"
    write_recording(portrait, take.scene, part)
    part.replace(output / take.name)
    part.with_suffix(part.suffix + ".truth.csv").replace(_truth_path(output, take))
    return take.name


def _truth_path(output: Path, take: Take) -> Path:
    return output / f"{take.name}.truth.csv"


def check_settings(output: Path, settings: Mapping[str, Any]) -> None:
    """A folder holds a set of one kind; the first run writes its settings down.

    Raises:
        UsageError: it holds one with other settings.
    """
    path = output / SETTINGS
    settings = json.loads(json.dumps(settings))
    try:
        before = read_json(path, dict)
    except FileNotFoundError:
        write_json(path, settings)
        return
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}): choose another --output") from None
    differs = [name for name in settings if before.get(name) != settings[name]]
    if differs:
        raise UsageError(
            f"{output} holds a set with another {', '.join(differs)}: choose another --output"
        )


def _write_tables(output: Path, wanted: Sequence[Take]) -> None:
    truth, videos = io.StringIO(), io.StringIO()
    truths = csv.DictWriter(truth, (*TRUTH_FIELDS, "fps"), lineterminator="\n")
    listed = csv.DictWriter(videos, VIDEO_FIELDS, lineterminator="\n")
    truths.writeheader()
    listed.writeheader()
    for take in wanted:
        fps = f"{take.scene.fps:g}"
        row = (take.name, fps, take.scene.duration_s, take.content, take.portrait.stem)
        cells = [*map(safe_cell, row), take.scene.seed]
        listed.writerow(dict(zip(VIDEO_FIELDS, cells, strict=True)))
        with _truth_path(output, take).open(newline="", encoding="utf-8") as file:
            own = {"video": safe_cell(take.name), "fps": fps}
            truths.writerows({**row, **own} for row in csv.DictReader(file))
    write_text(output / TRUTH, truth.getvalue())
    write_text(output / VIDEOS, videos.getvalue())
