"""Folds: nobody is on both sides, subjects of different data sets never collide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streamer.core.errors import UsageError
from training.loso.folds import make_folds, missing_classes
from training.loso.selection import Selection
from training.models.base import Samples


def test_each_subject_is_left_out_once(selection: Selection) -> None:
    samples = selection.samples
    folds = make_folds(samples, "composite")
    assert [fold.name for fold in folds] == sorted(set(samples.groups))
    assert len(folds) == 6  # casme2/s01 and smic/s01 are two people
    for fold in folds:
        assert {samples.groups[row] for row in fold.test} == {fold.name}
        assert fold.name not in {samples.groups[row] for row in fold.train}
        assert len(fold.train) + len(fold.test) == len(samples)
    held = np.concatenate([fold.test for fold in folds])
    assert sorted(held) == list(range(len(samples)))


def test_single_trains_on_its_own_data_set_only(selection: Selection) -> None:
    samples = selection.samples
    for fold in make_folds(samples, "single"):
        own = fold.name.partition("/")[0]
        assert {samples.groups[row].partition("/")[0] for row in fold.train} == {own}


def test_cross_trains_on_one_and_tests_on_the_other(selection: Selection) -> None:
    folds = make_folds(selection.samples, "cross")
    assert [fold.name for fold in folds] == ["casme2->smic", "smic->casme2"]
    assert not set(folds[0].train) & set(folds[0].test)
    assert np.array_equal(folds[0].train, folds[1].test)


def test_groups_of_subjects_are_left_out_whole(selection: Selection) -> None:
    samples = replace(
        selection.samples, groups=tuple(f"a/s{row % 20}" for row in range(len(selection.samples)))
    )
    folds = make_folds(samples, "grouped")
    assert [fold.name for fold in folds] == [f"group {number}" for number in range(1, 9)]
    held = [{samples.groups[row] for row in fold.test} for fold in folds]
    assert len(set().union(*held)) == sum(map(len, held)) == 20  # nobody is left out twice
    for fold, own in zip(folds, held, strict=True):
        assert not own & {samples.groups[row] for row in fold.train}
        assert len(fold.train) + len(fold.test) == len(samples)
    with pytest.raises(
        UsageError, match="leaving 8 groups out needs as many subjects, there are 6"
    ):
        make_folds(selection.samples, "grouped")


def test_too_little_to_leave_out_is_a_sentence(selection: Selection) -> None:
    samples = selection.samples
    one = samples.take(np.flatnonzero([group == "smic/s01" for group in samples.groups]))
    with pytest.raises(UsageError, match="needs two subjects, there is only smic/s01"):
        make_folds(one, "composite")
    with pytest.raises(UsageError, match="cross needs two data sets"):
        make_folds(one, "cross")


def test_a_class_that_one_subject_alone_has_is_named(selection: Selection) -> None:
    samples = selection.samples
    own = np.array([group == "smic/s02" for group in samples.groups])
    labels = np.where(own, 2, np.where(samples.labels == 2, 0, samples.labels))
    rare: Samples = replace(samples, labels=labels)
    found = missing_classes(make_folds(rare, "composite"), labels, selection.classes)
    assert len(found) == 1
    assert found[0].startswith("fold smic/s02: no training clip of surprise;")
