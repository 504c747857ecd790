"""Region motion of whole recordings, as the streaming spotter measures it, with the truth.

What a learned spotter trains on. One pass of the pipeline per recording, kept as .npz.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError
from streamer.core.files.atomic import replacing
from streamer.core.files.strict_npz import Array, read_npz
from streamer.core.files.writing import writing
from streamer.core.records import FaceMotion

if TYPE_CHECKING:
    from streamer.run.config import StreamConfig
    from streamer.run.prefetch import SourceLike


_ARRAYS = {
    "time_s": Array(("f",), (None,)),
    "displacement_iod": Array(("f",), (None, None, 2)),
    "head_px": Array(("f",), (None, 2)),
    "blink": Array(("f",), (None,)),
    "truth_s": Array(("f",), (None, 3)),
    "strength_iod": Array(("f",), (None,), finite=False),
}


@dataclass(frozen=True, slots=True)
class Signals:
    """T frames of one face. `truth` holds the micro-expressions."""

    time_s: NDArray[np.float64]  # [T]
    displacement_iod: NDArray[np.float32]  # [T, R, 2]
    head_px: NDArray[np.float32]  # [T, 2]
    blink: NDArray[np.float32]  # [T]
    truth_s: NDArray[np.float64]  # [N, 3] onset, apex, offset
    strength_iod: NDArray[np.float64]  # [N], NaN where unknown

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


def measure(
    source: SourceLike,
    config: StreamConfig,
    truth_s: NDArray[np.float64],
    strength_iod: NDArray[np.float64],
) -> Signals:
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
    motions = max(rows.values(), key=len)
    return Signals(
        np.array([m.time_s for m in motions]),
        np.stack([m.displacement_iod for m in motions]).astype(np.float32),
        np.array([m.head_px for m in motions], dtype=np.float32),
        np.array([m.blink for m in motions], dtype=np.float32),
        truth_s,
        strength_iod,
    )
