"""What a network finds in recordings of known truth: peaks, hits, false ones, the rate of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from spotting.micro.learned import PEAK_RADIUS_S
from spotting.micro.learned_ticks import RATE_HZ
from training.spotting.learning.examples import Example
from training.spotting.learning.net import CausalTcn
from training.spotting.learning.windows import DELAY_S, Array, inputs_of, ticks_of
from training.spotting.matching import SpotScore, match_intervals

_RADIUS = round(PEAK_RADIUS_S * RATE_HZ)
_SHORTEST_S, _LONGEST_S = 0.04, 0.5


@dataclass(frozen=True, slots=True)
class Peak:
    """A moment the network takes for an apex."""

    logit: float
    onset_s: float
    apex_s: float
    offset_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A recording and all peaks in it, however low."""

    example: Example
    peaks: tuple[Peak, ...]

    def above(self, logit: float) -> list[Peak]:
        """Peaks that would be reported."""
        return [peak for peak in self.peaks if peak.logit >= logit]

    def score(self, logit: float) -> SpotScore:
        """Hits, false ones and misses; what nobody could see counts for neither."""
        return self.hits(logit)[0]

    def hits(self, logit: float) -> tuple[SpotScore, NDArray[np.bool_]]:
        """The score, and which of the N truths were found."""
        found = self.above(logit)
        spans = [(peak.onset_s, peak.offset_s) for peak in found]
        truth = [(float(a), float(b)) for a, _, b in self.example.truth_s]
        pairs = match_intervals(truth, spans, extra=1.0 / self.example.fps)
        hit = np.zeros(len(truth), dtype=bool)
        hit[[n for n, _ in pairs]] = True
        visible = ~self.example.hidden
        tp = int((hit & visible).sum())
        return SpotScore(tp, len(found) - len(pairs), int(visible.sum()) - tp), hit


def look_at(nets: Sequence[CausalTcn], examples: Sequence[Example]) -> list[Seen]:
    """All peaks of the mean of some networks in every recording."""
    return [Seen(example, tuple(_peaks(nets, example))) for example in examples]


def _peaks(nets: Sequence[CausalTcn], example: Example) -> list[Peak]:
    times, rows = ticks_of(example.signals.time_s, example.signals.rows)
    # As at the end of a stream, the face stays as it was last seen.
    more = round((DELAY_S + PEAK_RADIUS_S) * RATE_HZ) + 2
    rows = np.concatenate([rows, np.repeat(rows[-1:], more, axis=0)])
    times = np.concatenate([times, times[-1] + np.arange(1, more + 1) / RATE_HZ])
    with torch.no_grad():
        inputs = torch.from_numpy(inputs_of(rows)[:, None])
        curve = torch.stack([net(inputs)[:, 0] for net in nets]).mean(dim=0).numpy()
    begun_s = float(example.signals.time_s[0])
    return peaks_of(times, curve, 1.0 / example.fps, begun_s)


def peaks_of(
    times: NDArray[np.float64], curve: Array, frame_s: float, begun_s: float = -np.inf
) -> list[Peak]:
    """Local maxima of the apex curve [T, 3] whose length is that of a micro-expression."""
    found = []
    for n in range(_RADIUS, len(curve) - _RADIUS):
        before, after = curve[n - _RADIUS : n, 0], curve[n + 1 : n + _RADIUS + 1, 0]
        if not before.max() < curve[n, 0] >= after.max():
            continue
        apex_s = float(times[n]) - DELAY_S
        rise_s, fall_s = np.clip(curve[n, 1:], frame_s, _LONGEST_S).tolist()
        short = _SHORTEST_S - frame_s > rise_s + fall_s
        if apex_s < begun_s or short or rise_s + fall_s > _LONGEST_S + 2 * frame_s:
            continue
        found.append(Peak(float(curve[n, 0]), apex_s - rise_s, apex_s, apex_s + fall_s))
    return found


def total(seen: Sequence[Seen], logit: float) -> SpotScore:
    """Counts over recordings."""
    return sum((one.score(logit) for one in seen), SpotScore(0, 0, 0))
