"""The spotter: aligned faces in; motions and spots out. One set of parts per face.

Causal: what it returns for a frame depends on that frame and earlier ones only, so a file and a
stream of its frames give the same spots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spotting.config import SpotterConfig
from spotting.detector import MicroDetector, MicroFactory
from spotting.macro import MacroDetector
from spotting.micro.learned import open_learned
from spotting.micro.rule import open_rule
from spotting.motion.coverage import CoverageWatcher
from spotting.motion.extractor import MotionExtractor
from spotting.motion.history import KEEP_S, MotionHistory, MotionUpdate
from streamer.core.records import AlignedFace, FaceMotion, Rejected, Spot
from streamer.core.snapshot import set_state, state_of

# Detectors of micro-expressions by name. A new one is one file and one line here: a function that
# takes the settings and weights (None: its own) and returns a maker of detectors, one per face.
MICRO_DETECTORS: Mapping[str, Callable[[SpotterConfig, Path | None], MicroFactory]] = {
    "rule": open_rule,
    "learned": open_learned,
}


class FaceSpotter:
    """The parts of one face, each with a state of its own."""

    _PARTS = ("extractor", "history", "micro", "macro", "coverage")

    def __init__(self, face_id: int, config: SpotterConfig, micro: MicroDetector) -> None:
        self.extractor = MotionExtractor(config)
        self.history = MotionHistory(config)
        self.micro = micro
        self.macro = MacroDetector(face_id, config)
        self.coverage = CoverageWatcher(config.gates, micro.withheld, micro.lead_s)

    def push(self, face: AlignedFace) -> tuple[FaceMotion, list[Spot]]:
        """Motion of the face in this frame, and the spots that have become certain."""
        motion = self.extractor.push(face)
        spots: list[Spot] = []
        rejected: list[Rejected] = []
        if not motion.quality.repeated:  # else the next new picture says what happened in between
            spots, rejected = self._detect(self.history.push(motion))
        judged = self.coverage.push(motion, self.history.baseline_end_s)
        return replace(motion, rejected=tuple(rejected), judged=judged), spots

    def close(self) -> list[Spot]:
        """The face has gone: decide what is open."""
        return self._detect(self.history.close())[0]

    def _detect(self, update: MotionUpdate) -> tuple[list[Spot], list[Rejected]]:
        found = self.micro.detect(update)
        for finding in found:
            if isinstance(finding, Spot) and finding.kind == "macro":
                self.macro.note(finding)
        found = [*found, *self.macro.detect(update)]
        spots = [finding for finding in found if isinstance(finding, Spot)]
        return spots, [finding for finding in found if isinstance(finding, Rejected)]

    def state_dict(self) -> dict[str, Any]:
        """Where each part is in the stream."""
        return {name: state_of(getattr(self, name)) for name in self._PARTS}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there. Raises ValueError for the state of other parts."""
        if set(state) != set(self._PARTS):
            raise ValueError(f"not the state of a face: it holds {', '.join(map(str, state))}")
        for name in self._PARTS:
            set_state(getattr(self, name), state[name])


class Spotter:
    """Spots micro- and macro-expressions on any number of faces. `push`, `flush`, `reset`.

    Raises:
        ModelError: the weights cannot be used.
        ValueError: the detector knows no such setting.
    """

    def __init__(
        self,
        config: SpotterConfig | None = None,
        detector: str = "rule",
        weights: Path | None = None,
    ) -> None:
        self._config = config or SpotterConfig()
        self._make_micro = MICRO_DETECTORS[detector](self._config, weights)
        self._faces: dict[int, FaceSpotter] = {}

    @property
    def lookback_s(self) -> float:
        """How long the aligned faces must be kept for the recogniser."""
        return KEEP_S

    def push(self, faces: Sequence[AlignedFace]) -> tuple[list[FaceMotion], list[Spot]]:
        """Motion of each face of one frame, in order, and the spots that have become certain.

        A face that is gone closes what it had open; when it is back it starts anew.
        """
        spots: list[Spot] = []
        present = {face.face.face_id for face in faces}
        for face_id in [i for i in self._faces if i not in present]:
            spots += self._faces.pop(face_id).close()
        motions = []
        for face in faces:
            motion, found = self._of(face.face.face_id).push(face)
            motions.append(motion)
            spots += found
        return motions, spots

    def flush(self) -> list[Spot]:
        """Close all faces at the end of the stream."""
        spots = [spot for face in self._faces.values() for spot in face.close()]
        self._faces.clear()
        return spots

    def reset(self) -> None:
        """Forget everything without reporting it."""
        self._faces.clear()

    def state_dict(self) -> dict[str, Any]:
        """The state of every face, for a checkpoint; settings and weights are not in it."""
        return {"faces": {i: face.state_dict() for i, face in self._faces.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of a spotter with the same settings.

        Raises:
            ValueError: it is the state of something else.
        """
        faces = state.get("faces")
        if set(state) != {"faces"} or not isinstance(faces, Mapping):
            raise ValueError(f"not the state of a Spotter: it holds {', '.join(map(str, state))}")
        self._faces.clear()
        for face_id, parts in faces.items():
            if type(face_id) is not int or not isinstance(parts, Mapping):
                raise ValueError(f"{face_id!r} is no face with its state")
            self._of(face_id).load_state_dict(parts)

    def _of(self, face_id: int) -> FaceSpotter:
        if face_id not in self._faces:
            micro = self._make_micro(face_id)
            self._faces[face_id] = FaceSpotter(face_id, self._config, micro)
        return self._faces[face_id]
