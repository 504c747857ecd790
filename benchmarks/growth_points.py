"""What grows in `growth`: recordings of every size, made once, and how each is run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.clips import at_rate, pictures, scaled, tiled, write_clip
from benchmarks.loop_video import loop_video
from benchmarks.timing import Timed, time_loop, time_pipeline
from streamer.run.build import build_pipeline, warm_up
from streamer.run.config import load_config

_SIZES = {360: 640, 720: 1280, 1080: 1920, 2160: 3840}  # height, width
_SCALED_S, _RATED_S, _TILED_S = 4.0, 8.0, 8.0


@dataclass(frozen=True, slots=True)
class Point:
    """One size of the work."""

    x: float
    clip: Path
    run: Callable[[], Timed]
    decode: bool = True  # whether decoding alone is measured too
    label: str = ""  # of the axis; "": the number


@dataclass(frozen=True, slots=True)
class Dimension:
    """What grows."""

    unit: str
    of: str
    note: str
    make: Callable[[str, Path], list[Point]]


def _lengths(clip: str, work: Path) -> list[Point]:
    points = []
    for seconds in (20.0, 40.0, 80.0, 160.0):
        path = _once(work / f"length-{seconds:g}.mp4", partial(_looped, clip, seconds))
        points.append(Point(seconds, path, partial(time_pipeline, str(path))))
    return points


def _looped(clip: str, seconds: float, path: Path) -> None:
    loop_video(Path(clip), seconds, path)


def _resolutions(clip: str, work: Path) -> list[Point]:
    points = []
    for height, width in _SIZES.items():
        path = _once(work / f"size-{height}.mp4", partial(_scaled, clip, width, height))
        run = partial(time_pipeline, str(path))
        points.append(Point(width * height / 1e6, path, run, label=f"{height}p"))
    return points


def _scaled(clip: str, width: int, height: int, path: Path) -> None:
    shown = at_rate(pictures(clip, _SCALED_S), 25.0)
    write_clip(scaled(shown, width, height), path, 25.0)


def _rates(clip: str, work: Path) -> list[Point]:
    points = []
    for fps in (25.0, 60.0, 120.0, 240.0):
        path = _once(work / f"rate-{fps:g}.mp4", partial(_rated, clip, fps))
        points.append(Point(fps, path, partial(time_pipeline, str(path))))
    return points


def _rated(clip: str, fps: float, path: Path) -> None:
    write_clip(at_rate(pictures(clip, _RATED_S), fps), path, fps)


def _faces(_clip: str, work: Path) -> list[Point]:
    points = []
    for count in (1, 2, 4, 8):
        path = _once(work / f"faces-{count}.mp4", partial(_tiled, count))
        settings = {"faces__max_faces": 8}
        _check_faces(path, count)
        points.append(Point(count, path, partial(time_pipeline, str(path), **settings)))
    return points


def _tiled(count: int, path: Path) -> None:
    write_clip(tiled(pictures("sample", _TILED_S), _sample_box(), count), path, 30.0)


def _sample_box() -> tuple[float, float, float, float]:
    from streamer.sources import open_source

    with closing(build_pipeline()) as pipeline, open_source("sample") as source:
        (face,) = pipeline.track(next(iter(source))).faces
        return face.face.box_px


def _check_faces(path: Path, count: int) -> None:
    """Every face must be found, or the time of fewer would be measured."""
    from streamer.sources import open_source

    most = 0
    config = load_config(None, [("faces.max_faces", 8), ("recognise", False)])
    with closing(build_pipeline(config)) as pipeline, open_source(str(path)) as source:
        for frame in source:
            most = max(most, len(pipeline.track(frame).faces))
            if most == count or frame.time_s > 3.0:
                break
    if most != count:
        raise ValueError(f"{path.name}: {most} of {count} faces are found: make the tiles larger")


def _streams(clip: str, _work: Path) -> list[Point]:
    return [
        Point(n, Path(clip), partial(time_streams, clip, n), decode=False) for n in (1, 2, 3, 4)
    ]


def time_streams(clip: str, count: int) -> Timed:
    """The same recording `count` times at once in one process, from first frame to last end."""
    pipelines = [build_pipeline() for _ in range(count)]
    for pipeline in pipelines:
        warm_up(pipeline)
    runs: list[Timed] = []
    threads = [
        threading.Thread(target=lambda p=p: runs.append(time_loop(clip, p))) for p in pipelines
    ]
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - wall_s, time.process_time() - cpu_s
    for pipeline in pipelines:
        pipeline.close()
    if len(runs) < count:
        raise RuntimeError(f"{count - len(runs)} of {count} streams failed: see above")
    return Timed(sum(run.frames for run in runs), *passed)


def _once(path: Path, make: Callable[[Path], Any]) -> Path:
    """The file, made where it is not there yet; a half-made one never has its name."""
    if not path.is_file():
        half = path.with_stem(path.stem + ".half")
        make(half)
        half.replace(path)
    return path


DIMENSIONS: Mapping[str, Dimension] = {
    "length": Dimension("seconds of the recording", "seconds", "the clip, repeated", _lengths),
    "resolution": Dimension(
        "picture, by its megapixels", f"seconds for {_SCALED_S:g} s at 25 fps",
        "the same pictures scaled; H.264", _resolutions,
    ),
    "frame rate": Dimension(
        "frames a second", f"seconds for {_RATED_S:g} s", "the same seconds, blended", _rates
    ),
    "faces": Dimension(
        "faces", f"seconds for {_TILED_S:g} s at 30 fps", "960 x 480 px, eight places", _faces
    ),
    "streams": Dimension(
        "streams in one process", "seconds until all have ended", "each the whole clip", _streams
    ),
}  # fmt: skip
