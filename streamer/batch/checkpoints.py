"""Checkpoints of one recording: the state of the pipeline beside the lengths of the logs.

A checkpoint may be taken before any frame. The logs are brought to the disk first; resuming cuts
them off at the lengths noted here.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from streamer.core.files.atomic import replacing
from streamer.core.files.inside import is_plain_file, read_inside
from streamer.core.files.strict_json import Each, Whole, check_shape
from streamer.core.files.writing import writing
from streamer.core.records import Frame
from streamer.core.snapshot import capture, from_bytes, restore, to_bytes
from streamer.outputs.coverage_count import CoverageCount
from streamer.outputs.held_rows import HeldRows
from streamer.outputs.no_faces import NoFaceCount
from streamer.outputs.signals import SignalsCsv
from streamer.outputs.summary import Counts
from streamer.run.pipeline import Pipeline
from streamer.sources.resume_point import ResumePoint, checksum

FILE_NAME = "checkpoint"
_VERSION = 4
_LEAST_APART_S = 1.0  # of the recording
_LOG = logging.getLogger(__name__)
_COUNTED = ("frames", "frames_with_face", "faces", "rolls", "first_s", "last_s")
_MAX_BYTES = 1024 * 2**20  # a face takes about 10 MB
_FACTS = {"start": {"frame": Whole, "time_s": float, "checksum": Whole, "plain": bool}}
_COUNTS = {
    **{"frames": Whole, "frames_with_face": Whole, "first_s": float, "last_s": float},
    **{"kinds": Each(Whole), "emotions": Each(Whole), "units": Each(Whole), "rolls": [Whole]},
    **{"coverage": dict, "no_face": list},
}
_ADVANCE = {"spotter": dict, "buffer": dict, "places": dict, "now_s": float}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where to resume, with logs of these lengths in bytes."""

    start: ResumePoint
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
        counts.units = Counter(state["counts"]["units"])
        counts.coverage = CoverageCount.of(state["counts"]["coverage"])
        counts.no_face = NoFaceCount.of(state["counts"]["no_face"])


class CheckpointWriter:
    """Takes checkpoints while a recording runs; see `run.recording.Checkpoints`."""

    def __init__(
        self,
        path: Path,
        key: str,
        pipeline: Pipeline,
        logs: Mapping[str, IO[str]],
        counts: Counts,
        signals: SignalsCsv,
        *,
        interval_s: float,
        start_s: float,
        is_plain: Callable[[], bool],
    ) -> None:
        """is_plain: whether nothing had to be repaired in the recording so far."""
        self._path = path
        self._key = key
        self._pipeline = pipeline
        self._logs = logs
        self._counts = counts
        self._signals = signals
        self._interval_s = interval_s
        self._last_s = start_s
        self._taken_s = time.monotonic()
        self._is_plain = is_plain

    def begin(self, frame: Frame) -> Any:
        """The state of the first half of the pipeline, if a checkpoint is due here."""
        now_s = time.monotonic()
        if now_s - self._taken_s < self._interval_s:
            return None
        if frame.time_s - self._last_s < _LEAST_APART_S:
            return None
        self._taken_s, self._last_s = now_s, frame.time_s
        # The tracker continues at once, so its part is taken now.
        return capture(self._pipeline.track_state())

    def finish(self, frame: Frame, half: Any) -> None:
        """Bring the logs to the disk, then the checkpoint, in place of the last one."""
        lengths = {name: _synced_length(stream) for name, stream in self._logs.items()}
        state = {
            "signals": self._signals.state(),
            "track": restore(half),
            "advance": self._pipeline.advance_state(),
            "counts": {name: getattr(self._counts, name) for name in _COUNTED}
            | {"kinds": dict(self._counts.kinds), "emotions": dict(self._counts.emotions)}
            | {"units": dict(self._counts.units)}
            | {"coverage": self._counts.coverage.state(), "no_face": self._counts.no_face.state()},
        }
        start = ResumePoint(frame.index, frame.time_s, checksum(frame.image), self._is_plain())
        facts = {
            "version": _VERSION,
            "key": self._key,
            "start": asdict(start),
            "lengths": lengths,
        }
        with replacing(self._path) as temporary, writing(self._path):
            temporary.write_bytes(to_bytes(capture(state), facts))


def load_checkpoint(work: Path, key: str, logs: Sequence[str]) -> Checkpoint | None:
    """The checkpoint in a folder for this input and these settings, with its logs; or None.

    What stands in it is checked: anybody may have changed it.
    """
    path = work / FILE_NAME
    try:
        data = read_inside(work, FILE_NAME, _MAX_BYTES)
        if data is None:
            return None
        snapshot, facts = from_bytes(data)
        if facts.get("version") != _VERSION or facts.get("key") != key:
            return None
        check_shape(facts, _FACTS)
        lengths = check_shape(facts["lengths"], dict.fromkeys(logs, Whole))
        state = restore(snapshot)
        _check_state(state)
    except (OSError, ValueError) as error:
        _LOG.warning("%s cannot be used (%s); starting over.", path, error)
        return None
    for name in logs:
        log = work / name
        if not is_plain_file(work, name) or log.stat().st_size < lengths[name]:
            _LOG.warning("%s is shorter than its checkpoint says; starting over.", log)
            return None
    return Checkpoint(ResumePoint(**facts["start"]), {n: lengths[n] for n in logs}, state)


def _check_state(state: Any) -> None:
    """Raise ValueError unless the parts of a state are there, and the counts are counts."""
    parts = {"track": {"tracker": dict, "aligner": dict}, "counts": _COUNTS, "advance": _ADVANCE}
    check_shape(state, parts | {"signals": list})
    HeldRows[str]().load(state["signals"])
    CoverageCount.of(state["counts"]["coverage"])
    NoFaceCount.of(state["counts"]["no_face"])
    if len(state["counts"]["rolls"]) != 4:
        raise ValueError("counts.rolls are not those of four quarter turns")
    faces = state["counts"]["faces"]
    if not isinstance(faces, set) or not all(type(face) is int for face in faces):
        raise ValueError("counts.faces is no set of whole numbers")


def _synced_length(stream: IO[str]) -> int:
    with writing(stream.name):
        stream.flush()
        os.fsync(stream.fileno())
        return os.fstat(stream.fileno()).st_size
