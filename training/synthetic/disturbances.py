"""What real recordings have beside expressions: gaze, head turns, light, hands and cups, chewing.

Everything is off unless its `..._every_s` is set. Each kind draws from its own random numbers, so
switching one on changes nothing else in the scene.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from streamer.core.ranges import Range, Seed, check_ranges

Disturbance = Literal["gaze", "turn", "light", "occlusion", "chewing"]
OccluderKind = Literal["hand", "cup"]
_HIDDEN_MARGIN_S = 0.3  # an expression this close to a hand or cup is not injected
_MOUTH = (0.0, 1.1)  # where a cup goes, IOD from between the eyes
_HAND_TARGETS = (_MOUTH, (0.0, 1.45), (-0.65, 0.6), (0.65, 0.6), (-0.5, 0.0), (0.5, 0.0))


@dataclass(frozen=True, slots=True)
class DisturbanceConfig:
    """Mean seconds between the disturbances of a kind, 0: none; and their sizes."""

    duration_s: Annotated[float, Range(0.0, 86_400.0)] = 60.0  # of the recording
    gaze_every_s: Annotated[float, Range(0.0, 86_400.0)] = 0.0
    turn_every_s: Annotated[float, Range(0.0, 86_400.0)] = 0.0
    turn_deg: Annotated[float, Range(0.0, 180.0)] = 12.0
    light_every_s: Annotated[float, Range(0.0, 86_400.0)] = 0.0
    light_jump: Annotated[float, Range(0.0, 10.0)] = 0.25  # relative
    # hands and cups; no expression is injected behind them
    occlude_every_s: Annotated[float, Range(0.0, 86_400.0)] = 0.0
    chew_every_s: Annotated[float, Range(0.0, 86_400.0)] = 0.0
    chew_iod: Annotated[float, Range(0.0, 10.0)] = 0.08  # how far the jaw goes down
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class Step:
    """A change to a new pair of values that lasts until the next one."""

    start_s: float
    takes_s: float  # 0: from one frame to the next
    value: tuple[float, float]

    def share(self, time_s: float) -> float:
        """0 before, 1 when it is done."""
        if self.takes_s == 0.0:
            return float(time_s >= self.start_s)
        return _smooth((time_s - self.start_s) / self.takes_s)


@dataclass(frozen=True, slots=True)
class Visit:
    """Something that comes, stays and goes."""

    start_s: float
    rise_s: float
    hold_s: float
    fall_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.rise_s + self.hold_s + self.fall_s

    def level(self, time_s: float) -> float:
        """0 away, 1 while it stays."""
        come = _smooth((time_s - self.start_s) / self.rise_s)
        return come * (1.0 - _smooth((time_s - self.end_s + self.fall_s) / self.fall_s))


@dataclass(frozen=True, slots=True)
class Turn:
    """The head turns away and comes back."""

    visit: Visit
    yaw_pitch: tuple[float, float]  # radians


@dataclass(frozen=True, slots=True)
class Occluder:
    """A hand or a cup is raised to the face, stays and goes."""

    visit: Visit
    kind: OccluderKind
    target: tuple[float, float]  # IOD from between the eyes
    source: tuple[float, float]  # where it comes from
    seed: int  # of its looks

    def place(self, time_s: float) -> tuple[float, float]:
        """Its centre, IOD from between the eyes; a held hand is never quite still."""
        level = self.visit.level(time_s)
        sway = 0.02 * level * np.sin(2 * np.pi * 1.3 * time_s + self.seed)
        x, y = (a + level * (b - a) for a, b in zip(self.source, self.target, strict=True))
        return float(x + sway), float(y + 0.5 * sway)


@dataclass(frozen=True, slots=True)
class Bout:
    """Chewing: the jaw goes down and up in rhythm, the lips stay together."""

    start_s: float
    end_s: float
    hz: float
    size_iod: float

    def jaw(self, time_s: float) -> float:
        """How far the jaw is down, IOD."""
        if not self.start_s < time_s < self.end_s:
            return 0.0
        ease = min(1.0, (time_s - self.start_s) / 0.4, (self.end_s - time_s) / 0.4)
        turns = self.hz * (time_s - self.start_s)
        return self.size_iod * ease * float(0.5 - 0.5 * np.cos(2 * np.pi * turns))


@dataclass(frozen=True, slots=True)
class Disturbances:
    """What was drawn for one scene."""

    gaze_shifts: tuple[Step, ...] = ()  # values: where the eyes look, IOD
    turns: tuple[Turn, ...] = ()
    light_jumps: tuple[Step, ...] = ()  # values: relative gain, and its growth to the right
    occluders: tuple[Occluder, ...] = ()
    bouts: tuple[Bout, ...] = ()

    def gaze(self, time_s: float) -> tuple[float, float]:
        """Shift of both irises (x, y) in IOD."""
        return _last(self.gaze_shifts, time_s)

    def light(self, time_s: float) -> tuple[float, float]:
        """Relative gain, and by how much it grows from the middle of the picture to the right."""
        return _last(self.light_jumps, time_s)

    def turn(self, time_s: float) -> tuple[float, float]:
        """Yaw and pitch of head turns, radians."""
        yaw = pitch = 0.0
        for turn in self.turns:
            level = turn.visit.level(time_s)
            yaw, pitch = yaw + level * turn.yaw_pitch[0], pitch + level * turn.yaw_pitch[1]
        return yaw, pitch

    def jaw(self, time_s: float) -> float:
        """How far chewing has the jaw down, IOD."""
        return sum(bout.jaw(time_s) for bout in self.bouts)

    def occluders_at(self, time_s: float) -> Iterator[Occluder]:
        """Hands and cups in the picture."""
        return (o for o in self.occluders if o.visit.start_s < time_s < o.visit.end_s)

    def hides(self, start_s: float, end_s: float) -> bool:
        """Whether a hand or cup is about between two times."""
        return any(
            o.visit.start_s - _HIDDEN_MARGIN_S < end_s
            and start_s < o.visit.end_s + _HIDDEN_MARGIN_S
            for o in self.occluders
        )

    def intervals(self) -> list[tuple[Disturbance, float, float]]:
        """Kind, start and end (seconds) of everything drawn, in order of time."""
        found: list[tuple[Disturbance, float, float]] = []
        found += [("gaze", s.start_s, s.start_s + s.takes_s) for s in self.gaze_shifts]
        found += [("turn", t.visit.start_s, t.visit.end_s) for t in self.turns]
        found += [("light", s.start_s, s.start_s + s.takes_s) for s in self.light_jumps]
        found += [("occlusion", o.visit.start_s, o.visit.end_s) for o in self.occluders]
        found += [("chewing", b.start_s, b.end_s) for b in self.bouts]
        return sorted(found, key=lambda item: item[1])


def draw_disturbances(
    config: DisturbanceConfig,
    draw_times: Callable[[np.random.Generator, float, float, float], list[float]],
) -> Disturbances:
    """Draw what the settings ask for; `draw_times(rng, duration_s, every_s, least_s)`."""

    def starts(
        kind: int, every_s: float, least_s: float
    ) -> tuple[np.random.Generator, list[float]]:
        rng = np.random.default_rng((config.seed, kind))
        return rng, draw_times(rng, config.duration_s, every_s, least_s)

    rng, times = starts(1, config.gaze_every_s, 0.4)
    gaze = tuple(_gaze(rng, time_s) for time_s in times)
    rng, times = starts(2, config.turn_every_s, 4.0)
    turns = tuple(_turn(rng, time_s, np.radians(config.turn_deg)) for time_s in times)
    rng, times = starts(3, config.light_every_s, 0.8)
    light = tuple(_light(rng, time_s, config.light_jump) for time_s in times)
    rng, times = starts(4, config.occlude_every_s, 5.0)
    occluders = tuple(_occluder(rng, time_s) for time_s in times)
    rng, times = starts(5, config.chew_every_s, 7.0)
    bouts = tuple(_bout(rng, time_s, config.chew_iod) for time_s in times)
    return Disturbances(gaze, turns, light, occluders, bouts)


def _gaze(rng: np.random.Generator, start_s: float) -> Step:
    """A saccade; every third one goes back to the middle."""
    back = rng.random() < 1 / 3
    x, y = rng.uniform(-0.07, 0.07), rng.uniform(-0.025, 0.025)
    return Step(start_s, float(rng.uniform(0.03, 0.07)), (0.0, 0.0) if back else (x, y))


def _turn(rng: np.random.Generator, start_s: float, size: float) -> Turn:
    visit = Visit(start_s, *(float(rng.uniform(*r)) for r in ((0.3, 0.8), (0.2, 1.2), (0.3, 0.8))))
    angle = rng.uniform(0.0, 2 * np.pi)
    reach = size * rng.uniform(0.6, 1.0)
    return Turn(visit, (float(reach * np.cos(angle)), float(0.6 * reach * np.sin(angle))))


def _light(rng: np.random.Generator, start_s: float, size: float) -> Step:
    takes_s = 0.0 if rng.random() < 0.7 else float(rng.uniform(0.05, 0.3))
    return Step(start_s, takes_s, (rng.uniform(-size, size), rng.uniform(-size, size)))


def _occluder(rng: np.random.Generator, start_s: float) -> Occluder:
    kind: OccluderKind = "cup" if rng.random() < 0.4 else "hand"
    target = _MOUTH if kind == "cup" else _HAND_TARGETS[rng.integers(len(_HAND_TARGETS))]
    x, y = target[0] + rng.normal(0, 0.08), target[1] + rng.normal(0, 0.08)
    source = (x + rng.uniform(-1.5, 1.5), 4.0)  # from below the picture
    visit = Visit(start_s, *(float(rng.uniform(*r)) for r in ((0.3, 0.7), (0.4, 2.0), (0.3, 0.7))))
    return Occluder(visit, kind, (x, y), source, int(rng.integers(1 << 30)))


def _bout(rng: np.random.Generator, start_s: float, size_iod: float) -> Bout:
    length_s = rng.uniform(3.0, 6.0)
    size = size_iod * rng.uniform(0.6, 1.0)
    return Bout(start_s, start_s + length_s, float(rng.uniform(1.1, 2.0)), size)


def _last(steps: Sequence[Step], time_s: float) -> tuple[float, float]:
    a = b = 0.0
    for step in steps:
        share = step.share(time_s)
        a, b = a + share * (step.value[0] - a), b + share * (step.value[1] - b)
    return a, b


def _smooth(part: float) -> float:
    """A raised cosine from 0 to 1."""
    return float(0.5 - 0.5 * np.cos(np.pi * min(max(part, 0.0), 1.0)))
