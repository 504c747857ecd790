"""Motion of whole recordings, as the streaming spotter measures it, with the truth.

What a learned spotter trains on. One pass of the pipeline per recording, kept as .npz.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spotting.micro.learned_ticks import ROW, row_of
from streamer.core.errors import SourceFormatError
from streamer.core.files.atomic import replacing
from streamer.core.files.strict_npz import Array, read_npz
from streamer.core.files.writing import writing
from streamer.core.records import FaceMotion, Gate

if TYPE_CHECKING:
    from streamer.run.config import StreamConfig
    from streamer.run.prefetch import SourceLike

_GATES = tuple(Gate)
_ARRAYS = {
    "time_s": Array(("f",), (None,)),
    "index": Array(("i",), (None,)),
    "rows": Array(("f",), (None, ROW)),
    "gates": Array(("b",), (None, len(_GATES))),
}


@dataclass(frozen=True, slots=True)
class Signals:
    """T frames of one face; pictures that were repeated are left out, as in the stream."""

    time_s: NDArray[np.float64]  # [T]
    index: NDArray[np.int64]  # [T] numbers of the frames
    rows: NDArray[np.float32]  # [T, ROW] see `spotting.micro.learned_ticks`
    gates: NDArray[np.bool_]  # [T, gates] in the order of `Gate`

    @classmethod
    def of(cls, motions: list[FaceMotion]) -> Signals:
        """What was measured of one face."""
        new = [m for m in motions if not m.quality.repeated]
        return cls(
            np.array([m.time_s for m in new]),
            np.array([m.index for m in new], dtype=np.int64),
            np.stack([row_of(m) for m in new]).astype(np.float32),
            np.array([[gate in m.gates for gate in _GATES] for m in new]),
        )

    def save(self, path: Path) -> None:
        """Writes an .npz, whole or not at all."""
        with replacing(path) as part, writing(path), part.open("wb") as file:
            np.savez_compressed(file, **{name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def load(cls, path: Path) -> Signals:
        """Reads one back.

        Raises:
            SourceFormatError: it is damaged or something else.
        """
        try:
            return cls(**read_npz(path, _ARRAYS))
        except (OSError, ValueError) as error:
            raise SourceFormatError(f"{path} holds no signals ({error}): remove it") from None

    def seconds_of(self, frames: NDArray[np.float64]) -> NDArray[np.float64]:
        """Times of frame numbers; beyond the ends as far on as frames usually lie apart."""
        step = float(np.median(np.diff(self.time_s))) if len(self.time_s) > 1 else 0.04
        inside = np.interp(frames, self.index, self.time_s)
        before = np.minimum(frames - self.index[0], 0.0)
        after = np.maximum(frames - self.index[-1], 0.0)
        return np.asarray(inside + step * (before + after))


def measure(source: SourceLike, config: StreamConfig) -> Signals:
    """The motion of the face that is seen longest, frame by frame as in a stream.

    Raises:
        SourceFormatError: no face is seen.
    """
    from streamer.run.build import build_pipeline
    from streamer.run.recording import run_recording

    rows: dict[int, list[FaceMotion]] = {}
    with closing(build_pipeline(replace(config, recognise=False))) as pipeline:
        for result in run_recording(source, pipeline, threads=1):
            for motion in result.motions:
                rows.setdefault(motion.face_id, []).append(motion)
    if not rows:
        raise SourceFormatError("no face is seen: give recordings of a frontal face")
    return Signals.of(max(rows.values(), key=len))
