"""Checkpoints of one recording: the state of the pipeline beside the lengths of the logs.

A checkpoint is taken before the first frame of a period of the face search (see
`FaceConfig.period`), when the detector forgets what cannot be saved. The logs are brought to the
disk first; going on cuts them off at the lengths noted here.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from streamer.faces.config import FaceConfig
from streamer.outputs.files import replacing, writing
from streamer.outputs.summary import Counts
from streamer.pipeline import Pipeline
from streamer.records import Frame
from streamer.snapshot import capture, from_bytes, restore, to_bytes
from streamer.sources.start import Start, checksum

FILE_NAME = "checkpoint"
_VERSION = 1
_LOG = logging.getLogger(__name__)
_COUNTED = ("frames", "frames_with_face", "faces", "first_s", "last_s")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where to go on, with logs of these lengths in bytes."""

    start: Start
    lengths: Mapping[str, int]
    state: Mapping[str, Any]

    def resume(self, pipeline: Pipeline, counts: Counts) -> None:
        """Bring a fresh pipeline and fresh counts to where this was taken."""
        state = self.state
        pipeline.resume(state["track"], state["advance"])
        for name in _COUNTED:
            setattr(counts, name, state["counts"][name])
        counts.kinds = Counter(state["counts"]["kinds"])
        counts.emotions = Counter(state["counts"]["emotions"])


class Keeper:
    """Takes checkpoints while a recording runs; see `runner.Checkpoints`."""

    def __init__(
        self,
        path: Path,
        key: str,
        pipeline: Pipeline,
        faces: FaceConfig,
        interval_s: float,
        start_s: float = 0.0,
        is_plain: Callable[[], bool] = bool,
    ) -> None:
        """is_plain: whether nothing had to be repaired in the recording so far."""
        self._path = path
        self._key = key
        self._pipeline = pipeline
        self._faces = faces
        self._interval_s = interval_s
        self._period = faces.period(start_s)
        self._taken_s = time.monotonic()
        self._is_plain = is_plain
        self.logs: dict[str, IO[str]] = {}
        self.counts = Counts()

    def begin(self, frame: Frame) -> Any:
        """The state of the first half of the pipeline, if a checkpoint is due here."""
        period = self._faces.period(frame.time_s)
        if period == self._period:
            return None
        self._period = period
        if time.monotonic() - self._taken_s < self._interval_s:
            return None
        self._taken_s = time.monotonic()
        # The tracker goes on at once, so its part is taken apart now.
        return capture(self._pipeline.track_state())

    def finish(self, frame: Frame, half: Any) -> None:
        """Bring the logs to the disk, then the checkpoint, in place of the last one."""
        lengths = {name: _synced_length(stream) for name, stream in self.logs.items()}
        state = {
            "track": restore(half),
            "advance": self._pipeline.advance_state(),
            "counts": {name: getattr(self.counts, name) for name in _COUNTED}
            | {"kinds": dict(self.counts.kinds), "emotions": dict(self.counts.emotions)},
        }
        start = Start(frame.index, frame.time_s, checksum(frame.image), self._is_plain())
        facts = {
            "version": _VERSION,
            "key": self._key,
            "start": asdict(start),
            "lengths": lengths,
        }
        with replacing(self._path) as temporary, writing(self._path):
            temporary.write_bytes(to_bytes(capture(state), facts))


def load_checkpoint(path: Path, key: str) -> Checkpoint | None:
    """The checkpoint for this input and these settings, or None."""
    try:
        snapshot, facts = from_bytes(path.read_bytes())
        state = restore(snapshot)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _LOG.warning("%s cannot be used (%s); beginning anew.", path, error)
        return None
    if facts.get("version") != _VERSION or facts.get("key") != key:
        return None
    lengths = {str(name): int(length) for name, length in facts["lengths"].items()}
    for name, length in lengths.items():
        log = path.with_name(name)
        if not log.is_file() or log.stat().st_size < length:
            _LOG.warning("%s is shorter than its checkpoint says; beginning anew.", log)
            return None
    return Checkpoint(Start(**facts["start"]), lengths, state)


def _synced_length(stream: IO[str]) -> int:
    with writing(stream.name):
        stream.flush()
        os.fsync(stream.fileno())
        return os.fstat(stream.fileno()).st_size
