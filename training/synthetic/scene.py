"""What happens in a synthetic recording: injected expressions and everything that disturbs them.

A scene is drawn from a seed and holds the truth; `render` turns it into frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from streamer.core.ranges import Range, Share
from streamer.core.records import Kind
from training.synthetic.action_units import Activation
from training.synthetic.disturbances import DisturbanceConfig, Disturbances, draw_disturbances

# Action units per emotion (FACS; Prototypes after Ekman & Friesen, as the data sets label them).
EXPRESSIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "positive": (("12",), ("6", "12")),
    "surprise": (("1", "2"), ("1", "2", "5"), ("1", "2", "25"), ("1", "2", "26")),
    "negative": (("4",), ("4", "7"), ("9",), ("10",), ("14",), ("15",), ("17",), ("20",),
                 ("4", "15"), ("15", "17")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Injection:
    """One expression with its true times. The motion is a raised cosine up and down.

    Between the two it may be held: the apex is then the first moment of full height.
    """

    kind: Kind
    emotion: str
    activations: tuple[Activation, ...]
    strength_iod: float
    onset_s: float
    apex_s: float
    offset_s: float
    hold_s: float = 0.0  # from the apex on

    def level(self, time_s: float) -> float:
        """0 at onset and offset, 1 at the apex and while it is held."""
        if not self.onset_s < time_s < self.offset_s:
            return 0.0
        fall_s = self.apex_s + self.hold_s
        if time_s <= self.apex_s:
            part = (time_s - self.onset_s) / (self.apex_s - self.onset_s)
        elif time_s <= fall_s:
            part = 1.0
        else:
            part = (self.offset_s - time_s) / (self.offset_s - fall_s)
        return float(0.5 - 0.5 * np.cos(np.pi * part))


@dataclass(frozen=True, slots=True)
class SceneConfig(DisturbanceConfig):
    """How a scene is drawn. Disturbances of real recordings are off unless asked for."""

    fps: Annotated[float, Range(1.0, 1000.0)] = 30.0
    strengths_iod: tuple[Annotated[float, Range(0.0, 1.0)], ...] = (0.03, 0.05)
    # mean; 0: no expressions are injected
    event_every_s: Annotated[float, Range(0.0, 86_400.0)] = 3.0
    micro_share: Share = 1.0  # of the injections; the rest are macro-expressions
    blink_every_s: Annotated[float, Range(0.0, 86_400.0)] = 4.0  # 0: none
    head_iod: Annotated[float, Range(0.0, 10.0)] = 0.06  # amplitude of slow head translation
    head_turn_deg: Annotated[float, Range(0.0, 180.0)] = 2.0  # amplitude of yaw, pitch and roll
    flicker: Annotated[float, Range(0.0, 10.0)] = 0.02  # relative change of brightness
    noise: Annotated[float, Range(0.0, 255.0)] = 1.5  # grey levels, standard deviation
    talk_share: Share = 0.0  # part of the time in which the mouth speaks
    size_px: Annotated[int, Range(16, 4096)] = 512


@dataclass(frozen=True, slots=True)
class Scene:
    """A drawn scene: the truth of one recording."""

    config: SceneConfig
    injections: tuple[Injection, ...]
    blinks: tuple[tuple[float, float], ...]  # start, length in seconds
    talks: tuple[tuple[float, float], ...]  # start, end
    head_waves: np.ndarray = field(
        repr=False
    )  # [6, W, 3]: amplitude, Hz, phase per degree of freedom
    talk_waves: np.ndarray = field(repr=False)  # [4, W, 3]
    disturbances: Disturbances = field(default_factory=Disturbances)

    def head(self, time_s: float) -> np.ndarray:
        """[6]: x, y (IOD), scale change, roll, yaw, pitch (radians)."""
        return _waves(self.head_waves, time_s)

    def talk(self, time_s: float) -> np.ndarray:
        """[4] levels of the mouth's action units while talking, else zeros."""
        if not any(start <= time_s <= end for start, end in self.talks):
            return np.zeros(len(self.talk_waves))
        return np.maximum(_waves(self.talk_waves, time_s), 0.0)

    def blink(self, time_s: float) -> float:
        """0 open, 1 shut."""
        for start, length in self.blinks:
            part = (time_s - start) / length
            if 0.0 < part < 1.0:  # closing takes a third, opening the rest
                phase = part / 0.35 if part < 0.35 else (1.0 - part) / 0.65
                return float(np.sin(0.5 * np.pi * phase) ** 2)
        return 0.0

    def intervals(self) -> list[tuple[str, float, float]]:
        """Kind, start and end (seconds) of everything that is no expression, in order of time."""
        found: list[tuple[str, float, float]] = list(self.disturbances.intervals())
        found += [("blink", start, start + length) for start, length in self.blinks]
        found += [("speech", start, end) for start, end in self.talks]
        return sorted(found, key=lambda item: item[1])

    def during(self, start_s: float, end_s: float) -> tuple[str, ...]:
        """Kinds of disturbance between two times, each once."""
        near = (kind for kind, a, b in self.intervals() if a < end_s and start_s < b)
        return tuple(dict.fromkeys(near))


def draw_scene(config: SceneConfig) -> Scene:
    """Draw a scene. The same config gives the same scene, at any frame rate."""
    rng = np.random.default_rng(config.seed)
    injections = _draw_injections(rng, config) if config.event_every_s > 0 else ()
    blinks = _draw_times(rng, config.duration_s, config.blink_every_s, 0.5)
    talks = []
    if config.talk_share > 0:
        for start in _draw_times(rng, config.duration_s, 8.0, 6.0):
            talks.append((start, start + 8.0 * config.talk_share))
    turn = np.radians(config.head_turn_deg)
    amplitudes = [config.head_iod, config.head_iod, 0.15 * config.head_iod, turn, turn, turn]
    head = np.stack([_draw_waves(rng, a, 0.1, 0.6) for a in amplitudes])
    talk = np.stack([_draw_waves(rng, a, 1.5, 5.0) for a in (0.06, 0.06, 0.03, 0.03)])
    disturbances = draw_disturbances(config, _draw_times)
    return Scene(
        config,
        tuple(i for i in injections if not disturbances.hides(i.onset_s, i.offset_s)),
        tuple((start, float(rng.uniform(0.15, 0.35))) for start in blinks),
        tuple(talks),
        head,
        talk,
        disturbances,
    )


def _draw_injections(rng: np.random.Generator, config: SceneConfig) -> Sequence[Injection]:
    injections = []
    for start in _draw_times(rng, config.duration_s - 2.0, config.event_every_s, 1.5):
        micro = rng.random() < config.micro_share
        length = float(rng.uniform(0.16, 0.5) if micro else rng.uniform(0.7, 2.0))
        emotion = str(rng.choice(list(EXPRESSIONS)))
        aus = EXPRESSIONS[emotion][rng.integers(len(EXPRESSIONS[emotion]))]
        strength = float(rng.choice(config.strengths_iod)) * (1.0 if micro else 4.0)
        share = rng.uniform(0.7, 1.0, len(aus))
        share[rng.integers(len(aus))] = 1.0
        weaker = rng.uniform(0.6, 1.0)
        sides = (1.0, weaker) if rng.random() < 0.5 else (weaker, 1.0)
        injections.append(
            Injection(
                "micro" if micro else "macro",
                emotion,
                tuple(
                    Activation(
                        au, strength * float(part) * sides[0], strength * float(part) * sides[1]
                    )
                    for au, part in zip(aus, share, strict=True)
                ),
                strength,
                start,
                start + length * float(rng.uniform(0.35, 0.6)),
                start + length,
            )
        )
    return injections


def _draw_times(
    rng: np.random.Generator, duration_s: float, every_s: float, least_s: float
) -> list[float]:
    """Start times: one second of lead, gaps of `least_s` plus an exponential of the rest."""
    times: list[float] = []
    if every_s <= 0:
        return times
    now = 1.0 + float(rng.exponential(max(every_s - least_s, 0.1)))
    while now < duration_s - 1.0:
        times.append(now)
        now += least_s + float(rng.exponential(max(every_s - least_s, 0.1)))
    return times


def _draw_waves(
    rng: np.random.Generator, amplitude: float, low_hz: float, high_hz: float
) -> np.ndarray:
    """[3, 3] sine waves whose amplitudes add up to about `amplitude`."""
    waves = np.empty((3, 3))
    waves[:, 0] = amplitude * rng.dirichlet(np.ones(3))
    waves[:, 1] = rng.uniform(low_hz, high_hz, 3)
    waves[:, 2] = rng.uniform(0, 2 * np.pi, 3)
    return waves


def _waves(waves: np.ndarray, time_s: float) -> np.ndarray:
    return (waves[..., 0] * np.sin(2 * np.pi * waves[..., 1] * time_s + waves[..., 2])).sum(axis=-1)
