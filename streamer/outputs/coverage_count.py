"""Counts, frame by frame, how much of a recording could be judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamer.core.coverage import CAME_OR_WENT, NO_FACE, lasts_us
from streamer.core.files.strict_json import Each, Whole, check_shape
from streamer.core.records import FrameResult, JsonObject, Judged
from streamer.outputs.coverage import Coverage, FaceCoverage, HalfCoverage

MOST_FACES = 100  # in the records; those seen longest
_JUDGED = ""
_TALLY = {"seen_us": Whole, "upper": Each(Whole), "lower": Each(Whole)}
_STATE = {"time_us": Whole, "any": _TALLY, "faces": dict, "last_us": Whole, "before": (list, None)}


@dataclass(slots=True)
class _Tally:
    """Microseconds of one face: seen, and by the reason of each half ("": judged)."""

    seen_us: int = 0
    upper: Counter[str] = field(default_factory=Counter)
    lower: Counter[str] = field(default_factory=Counter)

    def add(self, judged: Judged) -> None:
        self.upper[judged.upper] += judged.lasts_us
        self.lower[judged.lower] += judged.lasts_us

    def state(self) -> JsonObject:
        return {"seen_us": self.seen_us, "upper": dict(self.upper), "lower": dict(self.lower)}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> _Tally:
        return cls(state["seen_us"], Counter(state["upper"]), Counter(state["lower"]))


@dataclass(slots=True)
class CoverageCount:
    """Counts the coverage of a recording. State: microseconds, and the frame that is going on.

    What is said of a frame comes a moment later (`FaceMotion.judged`); time in which a face was
    seen and nothing was said of it was not judged.
    """

    time_us: int = 0
    any_face: _Tally = field(default_factory=_Tally)
    faces: dict[int, _Tally] = field(default_factory=dict)
    last_us: int = 0  # how long the last complete frame lasted
    _before: tuple[float, tuple[int, ...]] | None = None  # the frame that is going on, its faces

    def write(self, result: FrameResult) -> None:
        """Take a frame; or the end of the pictures, where a frame lasts as long as the last."""
        frame = result.frame
        if frame is None:
            self._complete(self.last_us)
            self._before = None
        else:
            if self._before is not None:
                self._complete(lasts_us(self._before[0], frame.time_s))
            self._before = frame.time_s, tuple(one.face.face_id for one in result.faces)
        for motion in result.motions:
            for one in motion.judged:
                self.faces.setdefault(motion.face_id, _Tally()).add(one)
        for best in best_of([one for motion in result.motions for one in motion.judged]):
            self.any_face.add(best)

    def _complete(self, lasting_us: int) -> None:
        if self._before is None:
            return
        self.time_us, self.last_us = self.time_us + lasting_us, lasting_us
        for face in self._before[1]:
            self.faces.setdefault(face, _Tally()).seen_us += lasting_us
        self.any_face.seen_us += lasting_us if self._before[1] else 0

    def coverage(self) -> Coverage | None:
        """So far; None without pictures."""
        if self.time_us == 0:
            return None
        longest = sorted(self.faces, key=lambda face: (-self.faces[face].seen_us, face))
        return Coverage(
            self.time_us / 1e6,
            _face(self.any_face, self.time_us),
            {n: _face(self.faces[n], self.time_us) for n in sorted(longest[:MOST_FACES])},
        )

    def state(self) -> JsonObject:
        """For a checkpoint, before a frame."""
        return {
            "time_us": self.time_us,
            "any": self.any_face.state(),
            "faces": {face: tally.state() for face, tally in self.faces.items()},
            "last_us": self.last_us,
            "before": None if self._before is None else [self._before[0], list(self._before[1])],
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> CoverageCount:
        """The inverse of `state`. Raises ValueError for anything else."""
        check_shape(state, _STATE, "coverage")
        for face, tally in state["faces"].items():
            check_shape(tally, _TALLY, f"coverage of face {face}")
            if type(face) is not int:
                raise ValueError(f"coverage.faces has {face!r}, no number of a face")
        faces = {face: _Tally.of(tally) for face, tally in state["faces"].items()}
        any_face = _Tally.of(state["any"])
        return cls(state["time_us"], any_face, faces, state["last_us"], _moment(state["before"]))


def best_of(judged: Sequence[Judged]) -> list[Judged]:
    """One verdict for each frame: a half is judged where that of some face is."""
    best: dict[int, Judged] = {}
    for one in judged:
        known = best.setdefault(one.index, one)
        upper = known.upper and one.upper and known.upper
        lower = known.lower and one.lower and known.lower
        best[one.index] = Judged(one.index, one.time_s, known.lasts_us, upper, lower)
    return list(best.values())


def _moment(value: list[Any] | None) -> tuple[float, tuple[int, ...]] | None:
    if value is None:
        return None
    time_s, faces = value if len(value) == 2 else (None, None)
    if type(time_s) is not float or not isinstance(faces, list):
        raise ValueError("coverage.before is no frame with its faces")
    if not all(type(face) is int for face in faces):
        raise ValueError("coverage.before is no frame with its faces")
    return time_s, tuple(faces)


def _face(tally: _Tally, time_us: int) -> FaceCoverage:
    halves = (_half(reasons, tally.seen_us, time_us) for reasons in (tally.upper, tally.lower))
    return FaceCoverage(tally.seen_us / 1e6, *halves)


def _half(reasons: Counter[str], seen_us: int, time_us: int) -> HalfCoverage:
    judged_us = reasons[_JUDGED]
    lost = Counter({why: us for why, us in reasons.items() if why != _JUDGED})
    lost[CAME_OR_WENT] += max(seen_us - reasons.total(), 0)
    lost[NO_FACE] += time_us - seen_us
    in_order = sorted((-us, why) for why, us in lost.items() if us > 0)
    share = round(judged_us / time_us, 4)
    return HalfCoverage(judged_us / 1e6, share, {why: -us / 1e6 for us, why in in_order})
