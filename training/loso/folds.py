"""Who trains and who is held out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from streamer.core.errors import UsageError
from training.loso.config import Kind
from training.models.base import Samples

GROUPS = 8  # of subjects, in the kind "grouped"


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Rows of the samples; no group is on both sides."""

    name: str  # the subject or group that is left out, or "train->test" across data sets
    train: NDArray[np.int64]
    test: NDArray[np.int64]


def make_folds(samples: Samples, kind: Kind) -> tuple[Fold, ...]:
    """The folds of a protocol.

    composite: each subject is left out once, the rest of all data sets trains.
    single: each subject is left out once, the rest of its own data set trains.
    grouped: as composite, but eight groups of subjects are left out, of about as many clips each;
        for large networks on small machines. Less is left to learn from.
    cross: train on one whole data set, test on another; every ordered pair.

    Raises:
        UsageError: too few subjects or data sets.
    """
    names = [group.partition("/")[0] for group in samples.groups]
    parts = {name: _rows(names, name) for name in sorted(set(names))}
    if kind == "cross":
        if len(parts) < 2:
            raise UsageError(f"cross needs two data sets, there is only {', '.join(parts)}")
        return tuple(Fold(f"{a}->{b}", parts[a], parts[b]) for a in parts for b in parts if a != b)
    if kind == "grouped":
        return tuple(_leave_groups_out(samples.groups))
    if kind == "composite":
        return tuple(_leave_one_out(samples.groups, np.arange(len(samples))))
    return tuple(f for rows in parts.values() for f in _leave_one_out(samples.groups, rows))


def missing_classes(
    folds: Sequence[Fold], labels: NDArray[np.int64], classes: Sequence[str]
) -> tuple[str, ...]:
    """A sentence for every fold whose training has no clip of a class."""
    found = []
    for fold in folds:
        lacking = [name for k, name in enumerate(classes) if not (labels[fold.train] == k).any()]
        if lacking:
            found.append(
                f"fold {fold.name}: no training clip of {', '.join(lacking)}; the model cannot "
                "learn it, and the class still counts in UF1 and UAR"
            )
    return tuple(found)


def _leave_one_out(groups: Sequence[str], rows: NDArray[np.int64]) -> Iterator[Fold]:
    own = np.array([groups[row] for row in rows])
    if len(set(own)) < 2:
        raise UsageError(
            f"leaving one subject out needs two subjects, there is only {', '.join(set(own))}: "
            "choose more data, or --kind composite"
        )
    for train, test in LeaveOneGroupOut().split(rows, groups=own):
        yield Fold(str(own[test[0]]), rows[train], rows[test])


def _leave_groups_out(groups: Sequence[str]) -> Iterator[Fold]:
    if len(set(groups)) < GROUPS:
        raise UsageError(
            f"leaving {GROUPS} groups out needs as many subjects, there are {len(set(groups))}: "
            "choose --kind composite"
        )
    split = GroupKFold(GROUPS).split(groups, groups=list(groups))
    for number, (train, test) in enumerate(split, start=1):
        yield Fold(f"group {number}", train, test)


def _rows(names: Sequence[str], name: str) -> NDArray[np.int64]:
    return np.flatnonzero([other == name for other in names])
