"""Region motion of a whole recording from its signals, few enough points to draw."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from streamer.core.errors import SourceFormatError
from streamer.core.files.regular import open_regular_text
from streamer.core.records import Gate, gates_from_text
from streamer.outputs.cells import complete_lines, true_text

MAX_POINTS = 1200
MAX_GATES = 400
_MOTION = "motion_"
_SAME_GATE_S = 0.15  # between two frames of one gate


@dataclass(frozen=True, slots=True)
class GatedStretch:
    """A stretch of time in which motion is not fully trusted, and why."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Motion over time of one face: per group of regions, the largest of each stretch."""

    time_s: tuple[float, ...]  # [P], middle of each stretch
    groups: dict[str, tuple[float, ...]]  # name -> [P] in inter-ocular distances
    gates: tuple[GatedStretch, ...]  # the first MAX_GATES

    @property
    def peak_iod(self) -> float:
        """The largest value of all."""
        return max((max(values, default=0.0) for values in self.groups.values()), default=0.0)


def region_groups(regions: Iterable[str]) -> dict[str, list[str]]:
    """Regions by the word before the first underscore: one curve for both brows."""
    return {name: list(members) for name, members in groupby(regions, lambda r: r.split("_")[0])}


def read_overviews(path: Path, faces: Collection[int], duration_s: float) -> dict[int, Overview]:
    """Of each of the faces, by one pass over a signals log; memory is bounded by MAX_POINTS.

    Raises SourceFormatError for a log that holds something else.

    Slow drift is taken out: of each group, the lowest value of the last second is subtracted from
    the curve, so that a movement starts near zero wherever the face was at rest before.
    """
    step_s = max(duration_s / MAX_POINTS, 1e-3)
    bins: dict[int, dict[int, list[float]]] = {face: {} for face in faces}
    gates: dict[int, list[GatedStretch]] = {face: [] for face in faces}
    try:
        with open_regular_text(path, path.name, "analyse the recording again") as stream:
            rows = csv.DictReader(complete_lines(stream))
            names = rows.fieldnames or ()
            moved = [name for name in names if name.startswith(_MOTION)]
            groups = region_groups(name.removeprefix(_MOTION) for name in moved)
            for row in rows:
                _take(row, groups, bins, gates, step_s)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, csv.Error) as error:
        raise SourceFormatError(f"{path.name} is no table of signals: {error}.") from None
    return {face: _overview(groups, bins[face], tuple(gates[face]), step_s) for face in faces}


def _take(
    row: Mapping[str, str],
    groups: Mapping[str, list[str]],
    bins: dict[int, dict[int, list[float]]],
    gates: dict[int, list[GatedStretch]],
    step_s: float,
) -> None:
    """One row of signals into the bins and gates of its face."""
    face = int(row["face_id"] or -1)
    cells = [[row[_MOTION + region] for region in regions] for regions in groups.values()]
    if face not in bins or not cells[0][0]:
        return
    time_s = float(row["time_s"])
    values = [max(map(float, of_group)) for of_group in cells]
    known = bins[face].setdefault(int(time_s / step_s), values)
    bins[face][int(time_s / step_s)] = [max(p) for p in zip(known, values, strict=True)]
    _add_gates(gates[face], time_s, gates_from_text(true_text(row["gate"])))


def _overview(
    names: Iterable[str],
    bins: dict[int, list[float]],
    gates: tuple[GatedStretch, ...],
    step_s: float,
) -> Overview:
    places = sorted(bins)
    reach = max(1, round(1.0 / step_s))
    groups = {
        name: _risen(places, [bins[place][column] for place in places], reach)
        for column, name in enumerate(names)
    }
    return Overview(tuple((place + 0.5) * step_s for place in places), groups, gates)


def _add_gates(stretches: list[GatedStretch], time_s: float, gates: Iterable[Gate]) -> None:
    """Lengthen the last stretch by this frame, or begin another one."""
    reason = " and ".join(gate.value for gate in gates if gate is not Gate.REANCHORED)
    if not reason:
        return
    last = stretches[-1] if stretches else None
    if last is not None and last.reason == reason and time_s - last.end_s < _SAME_GATE_S:
        stretches[-1] = GatedStretch(last.start_s, time_s, reason)
    elif len(stretches) < MAX_GATES:
        stretches.append(GatedStretch(time_s, time_s, reason))


def _risen(places: list[int], values: list[float], reach: int) -> tuple[float, ...]:
    """Values minus the lowest of the last `reach` places."""
    first, found = 0, []
    for n, place in enumerate(places):
        while places[first] < place - reach:
            first += 1
        found.append(values[n] - min(values[first : n + 1]))
    return tuple(found)
