"""How sure is sure enough: the network's output as a number of false events a minute.

On recordings in which nothing was put, of people the network had not seen (each left out in turn),
every peak is false. Above a level u the number of peaks higher than z falls off exponentially:

    rate(z) = rate(u) exp(-(z - u) / s),   s = mean excess over u   (a minute)

the maximum-likelihood fit of an exponential tail (Pickands 1975, with shape 0). Its inverse says
which output to ask for when X false events a minute are allowed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

SETTINGS = ("tail_logit", "tail_per_minute", "tail_scale", "false_per_minute")
_MOST = 1e6


@dataclass(frozen=True, slots=True)
class Calibration:
    """The tail of false peaks, and the rate that is allowed where nothing else is said."""

    tail_logit: float  # u
    tail_per_minute: float  # rate(u)
    tail_scale: float  # s
    false_per_minute: float = 1.0

    def __post_init__(self) -> None:
        values = (self.tail_per_minute, self.tail_scale, self.false_per_minute)
        if not all(math.isfinite(v) and v > 0.0 for v in (*values, _exp(self.tail_logit))):
            raise ValueError(f"{self} is no calibration: its rates and scale must be positive")

    @classmethod
    def fit(cls, logits: Sequence[float], minutes: float, peaks: int) -> Calibration:
        """From all false peaks of so many minutes; the tail is that of the highest `peaks`.

        Raises:
            ValueError: there are no more peaks than that, or they are all alike.
        """
        ordered = sorted(logits, reverse=True)
        if len(ordered) <= peaks or peaks < 1:
            raise ValueError(f"{len(ordered)} false peaks: {peaks + 1} are needed for a tail")
        level = ordered[peaks]
        scale = sum(logit - level for logit in ordered[:peaks]) / peaks
        return cls(level, peaks / minutes, scale)

    @classmethod
    def of(cls, settings: Mapping[str, float]) -> Calibration:
        """From the settings of a weights file. Raises KeyError, ValueError."""
        return cls(*(settings[name] for name in SETTINGS))

    def with_rate(self, false_per_minute: float) -> Calibration:
        """The same tail, another rate that is allowed."""
        return replace(self, false_per_minute=false_per_minute)

    def settings(self) -> dict[str, float]:
        """As a weights file keeps it."""
        return {name: float(getattr(self, name)) for name in SETTINGS}

    def logit_at(self, false_per_minute: float) -> float:
        """The output at which so many false peaks a minute are higher."""
        return self.tail_logit + self.tail_scale * math.log(self.tail_per_minute / false_per_minute)

    def rate_at(self, logit: float) -> float:
        """False peaks a minute that are higher than an output."""
        return self.tail_per_minute * _exp((self.tail_logit - logit) / self.tail_scale)

    def rarity(self, logit: float, least: float) -> float:
        """By how much rarer a false peak of this height is than one of the least height."""
        return min(_exp((logit - least) / self.tail_scale), _MOST)


def _exp(value: float) -> float:
    return math.exp(min(max(value, -700.0), 700.0))
