"""What is kept of one recording that spotters were run on, as records and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from streamer.core.files.strict_json import Each, OneOf, Pair, check_shape
from streamer.core.records import Kind
from training.spotting.tables import SpotRow

_FOUND = {
    "kind": OneOf(("micro", "macro")),
    **dict.fromkeys(("onset", "apex", "offset", "face_id"), int),
    **dict.fromkeys(("onset_s", "apex_s", "offset_s", "emitted_s", "score"), float),
    "emotion": str,
    "regions": [str],
}
_OBSERVATION = {
    "video": str,
    **dict.fromkeys(("fps", "seconds", "track_s"), float),
    **dict.fromkeys(("first_frame", "frames", "face_frames"), int),
    "runs": Each({"found": [_FOUND], "wall_s": float}),
    "curve": [Pair(float, float)],
    "gated": [Pair(float, str)],
}


@dataclass(frozen=True, slots=True)
class Found:
    """One spotted movement: frames of the data set, seconds of the recording."""

    kind: Kind
    onset: int
    apex: int
    offset: int
    onset_s: float
    apex_s: float
    offset_s: float
    emitted_s: float
    score: float
    emotion: str
    face_id: int
    regions: tuple[str, ...] = ()  # that moved, strongest first

    def row(self, video: str) -> SpotRow:
        """As the scorer wants it."""
        return SpotRow(
            video,
            self.onset,
            self.offset,
            self.apex,
            self.kind,
            self.emotion,
            apex_s=self.apex_s,
        )


@dataclass(frozen=True, slots=True)
class SpotterRun:
    """What one spotter found in one recording, and the time it took."""

    found: tuple[Found, ...]
    wall_s: float


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything kept of one recording."""

    video: str
    fps: float
    first_frame: int
    frames: int
    seconds: float
    face_frames: int
    track_s: float  # wall time of finding and aligning faces
    runs: Mapping[str, SpotterRun]
    curve: tuple[tuple[float, float], ...] = ()  # time, largest region motion (IOD)
    gated: tuple[tuple[float, str], ...] = ()  # time, reason

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Observation:
        """The inverse of `to_json`.

        Raises:
            ValueError: other data.
        """
        check_shape(facts, _OBSERVATION)
        facts = {name: facts[name] for name in _OBSERVATION}
        runs = {
            name: SpotterRun(
                tuple(
                    Found(**{n: f[n] for n in _FOUND} | {"regions": tuple(f["regions"])})
                    for f in run["found"]
                ),
                run["wall_s"],
            )
            for name, run in facts["runs"].items()
        }
        pairs = {name: tuple(map(tuple, facts[name])) for name in ("curve", "gated")}
        return cls(**{**facts, **pairs, "runs": runs})
