"""Whether an injected movement could be seen, or the person's own movement hid it.

The rule knows no spotter and no flow. The field of each action unit says which points of the mesh
it moves on each side, by half of its peak at least, and by how much on average; the same points of
the original recording, brought to the front (see `head`) and smoothed over 40 ms, say how far that
skin moved by itself between onset and offset. An injection is hidden where that is more than what
was injected, in all of its parts (units and sides) that are half as strong as the strongest or
more: by a turn if the head turned by `_TURN_DEG` or more meanwhile, else by speech if it sits in
the lower face, else by a movement of the person's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from training.people.events import is_upper
from training.people.head import Head
from training.synthetic.action_units import displacement
from training.synthetic.scene import Injection

Hidden = Literal["", "hidden by a turn", "hidden by speech", "hidden by own movement"]
HIDDEN: tuple[Hidden, ...] = get_args(Hidden)[1:]
_TURN_DEG = 6.0
_SMOOTH_S = 0.04
_PEAK_SHARE = _PART_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class OwnMotion:
    """What the skin under an injection, and the head, did by themselves meanwhile."""

    injected_iod: float  # mean over the points of this part
    range_iod: float  # largest distance from where they were at the onset
    bump_iod: float  # largest distance from the straight way between onset and offset
    turn_deg: float  # range of the head's turning

    def hides(self, aus: set[str]) -> Hidden:
        """Why the injection cannot be seen; "" where it can."""
        if self.range_iod <= self.injected_iod:
            return ""
        if self.turn_deg >= _TURN_DEG:
            return "hidden by a turn"
        return "hidden by own movement" if is_upper(aus) else "hidden by speech"


def own_motion(event: Injection, head: Head) -> OwnMotion:
    """The movement of the original under an event: of that part of it which is seen best."""
    near = (head.time_s >= event.onset_s - 1e-6) & (head.time_s <= event.offset_s + 1e-6)
    front = smooth(head.front_iod, head.time_s)[near, :, :2]
    turned = float(np.ptp(head.angles_deg()[near], axis=0).max())
    parts = []
    for field, here in _parts(event, head.shape_iod):
        weight = field[here] / field[here].sum()
        path = np.einsum("tnk,n->tk", front[:, here], weight)
        parts.append(OwnMotion(float(weight @ field[here]), *_excursions(path), turned))
    strong = max(part.injected_iod for part in parts) * _PART_SHARE
    strongest = [part for part in parts if part.injected_iod >= strong]
    return max(strongest, key=lambda part: part.injected_iod - part.range_iod)


def _parts(
    event: Injection, shape_iod: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """For every unit and side: how far it moves the points [468], and which of them."""
    for unit in event.activations:
        for one in (replace(unit, right=0.0), replace(unit, left=0.0)):
            if one.left or one.right:
                field = displacement((one,), shape_iod[:, :2], shape_iod).astype(float)
                size = np.hypot(*field.T)
                yield size, size >= _PEAK_SHARE * size.max()


def smooth(values: NDArray[np.float64], time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """[T, ...] smoothed over time by a Gaussian of 40 ms; what is not seen stays NaN."""
    steps = np.diff(time_s)
    sigma = _SMOOTH_S / float(np.median(steps)) if len(steps) else 0.0
    reach = max(1, round(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    known = np.isfinite(values)
    total, weight = np.zeros_like(values), np.zeros_like(values)
    for shift, share in zip(range(-reach, reach + 1), kernel, strict=True):
        to = slice(max(0, -shift), len(values) - max(0, shift))
        take = slice(max(0, shift), len(values) - max(0, -shift))
        total[to] += share * np.where(known[take], values[take], 0.0)
        weight[to] += share * known[take]
    return np.where(known, total / np.maximum(weight, 1e-9), np.nan)


def _excursions(path: NDArray[np.float64]) -> tuple[float, float]:
    """Largest distance of a path [T, 2] from its beginning, and from its chord."""
    if len(path) < 2:
        return 0.0, 0.0
    part = np.linspace(0.0, 1.0, len(path))[:, None]
    chord = path[0] + part * (path[-1] - path[0])
    away = np.hypot(*(path - path[0]).T).max()
    return float(away), float(np.hypot(*(path - chord).T).max())
