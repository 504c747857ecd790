"""Synthetic recordings as files: a video and, beside it, a table of the truth."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from streamer.core.closing import Closing
from streamer.core.errors import OutputError, SourceFormatError, SourceNotFoundError
from streamer.core.records import Frame
from streamer.outputs.cells import safe_cell
from training.datasets.frames import IMAGES
from training.synthetic.render import Portrait, Renderer, load_portrait
from training.synthetic.scene import Scene, SceneConfig, draw_scene

TRUTH_FIELDS = (
    "video", "onset", "apex", "offset", "onset_s", "apex_s", "offset_s", "kind", "emotion", "aus",
    "strength_iod", "during",
)  # fmt: skip

_TICK_S = Fraction(1, 90_000)


def find_portraits(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """The pictures of a folder by name, or those called `names` (without suffix).

    Raises:
        SourceNotFoundError: there are none, or one of the names is not there.
    """
    if not folder.is_dir():
        raise SourceNotFoundError(f"{folder} is not a folder: give the folder of the portraits")
    found = {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in IMAGES}
    lacking = [name for name in names if name not in found]
    if lacking or not found:
        what = ", ".join(lacking) or f"picture ({', '.join(sorted(IMAGES))})"
        raise SourceNotFoundError(f"{folder} holds no {what}: put frontal portraits there")
    return [found[name] for name in names] if names else list(found.values())


def read_portrait(path: Path, size_px: int) -> Portrait:
    """A portrait file, cut to the square in its middle and scaled to `size_px`.

    Raises:
        SourceNotFoundError, SourceFormatError: no such file, no picture or no face in it.
    """
    if not path.is_file():
        raise SourceNotFoundError(
            f"No portrait at {path}: give a JPEG or PNG with one frontal face"
        )
    picture = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise SourceFormatError(f"{path} is not a picture: give a JPEG or PNG")
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = cv2.cvtColor(picture[top : top + side, left : left + side], cv2.COLOR_BGR2RGB)
    return load_portrait(np.asarray(square), size_px, str(path))


def write_recording(
    portrait: Portrait, config: SceneConfig, path: Path, crf: int = 15, tune: str = "grain"
) -> Scene:
    """Render a scene to an H.264 file and its truth to `<path>.truth.csv`.

    The default quality keeps motion of a hundredth of an inter-ocular distance: at crf 18 without
    grain tuning the coder flattens it by a sixth at 200 fps.
    """
    scene = draw_scene(config)
    write_video(Renderer(portrait, scene).frames(), path, config.fps, crf, tune)
    write_truth(scene, path.name, path.with_suffix(path.suffix + ".truth.csv"))
    return scene


class VideoWriter(Closing):
    """An H.264 file that frames of one even size are added to.

    Args:
        timed: frames keep their own times; otherwise they follow each other at a constant rate.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(
        self, path: Path, fps: float, crf: int = 15, tune: str = "grain", *, timed: bool = False
    ) -> None:
        self._path, self._timed = path, timed
        self._rate = Fraction(fps).limit_denominator(1001)
        self._options = {"crf": str(crf), "preset": "veryfast"} | ({"tune": tune} if tune else {})
        with self._writing():
            self._container: Any = av.open(str(path), "w")
        self._stream: Any = None

    def add(self, frame: Frame) -> None:
        """Encode one frame."""
        picture = av.VideoFrame.from_ndarray(frame.image, format="rgb24")
        if self._timed:
            picture.pts, picture.time_base = round(frame.time_s / _TICK_S), _TICK_S
        with self._writing():
            if self._stream is None:
                self._stream = self._open_stream(frame)
            self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Write what the coder still holds; safe to call twice."""
        if self._container is None:
            return
        with self._writing():
            if self._stream is not None:
                self._container.mux(self._stream.encode())
            self._container.close()
        self._container = None

    def _open_stream(self, frame: Frame) -> Any:
        stream = self._container.add_stream("libx264", rate=self._rate, options=self._options)
        stream.height, stream.width = frame.image.shape[:2]
        stream.pix_fmt = "yuv420p"
        # On a busy machine x264's threads do not always give the same bytes at the edge of
        # pictures whose sides are no multiples of 16.
        stream.codec_context.thread_count = 1
        if self._timed:
            stream.codec_context.time_base = _TICK_S
        return stream

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"Cannot write {self._path}: {error}") from error


def write_video(
    frames: Iterable[Frame], path: Path, fps: float, crf: int = 15, tune: str = "grain"
) -> None:
    """Encode frames of even size at a constant rate."""
    with VideoWriter(path, fps, crf, tune) as writer:
        for frame in frames:
            writer.add(frame)


def write_truth(scene: Scene, video: str, path: Path) -> None:
    """The injected expressions, one row each; frames are the nearest ones.

    `during` names what disturbs the expression: blink, gaze, turn, light, speech, chewing.
    """
    fps = scene.config.fps
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, TRUTH_FIELDS)
        table.writeheader()
        for item in scene.injections:
            table.writerow(
                {
                    "video": safe_cell(video),
                    "onset": round(item.onset_s * fps),
                    "apex": round(item.apex_s * fps),
                    "offset": round(item.offset_s * fps),
                    "onset_s": f"{item.onset_s:.4f}",
                    "apex_s": f"{item.apex_s:.4f}",
                    "offset_s": f"{item.offset_s:.4f}",
                    "kind": item.kind,
                    "emotion": item.emotion,
                    "aus": "+".join(a.au for a in item.activations),
                    "strength_iod": item.strength_iod,
                    "during": "+".join(scene.during(item.onset_s, item.offset_s)),
                }
            )
