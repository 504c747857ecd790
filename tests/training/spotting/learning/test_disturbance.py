"""Blinks, slips and speech put into signals: where, and what they touch."""

import numpy as np
import pytest

from spotting.micro.learned_ticks import BLINK, HEAD, LIDS, LIPS, REGIONS
from spotting.motion.regions import REGION_NAMES
from tests.training.spotting.learning.signals import signals
from training.spotting.learning import disturbance
from training.spotting.learning.disturbance import put_disturbances


def added(put, seed=0):
    made = signals(apexes=(), seconds=6.0)
    rows = made.rows.copy()
    end_s = put(np.random.default_rng(seed), made.time_s, rows, 2.0)
    change = rows - made.rows
    outside = (made.time_s < 2.0 - 1e-9) | (made.time_s > end_s + 0.7)
    return change, outside


def test_a_blink_closes_the_lids_and_is_told_as_one():
    change, outside = added(disturbance._blink)
    assert np.abs(change[outside]).max() == 0.0
    assert change[:, BLINK].max() > 0.1 and change[:, LIDS].max() <= 0.0
    eye = REGIONS.start + 2 * REGION_NAMES.index("eye_left")
    lip = REGIONS.start + 2 * REGION_NAMES.index("lip_lower")
    assert np.abs(change[:, eye : eye + 2]).max() > 0.005
    assert np.abs(change[:, lip : lip + 2]).max() == 0.0
    eye_right = REGIONS.start + 2 * REGION_NAMES.index("eye_right")
    assert np.sign(change[:, eye].sum()) == -np.sign(change[:, eye_right].sum())


def test_speech_moves_the_lower_face_alone():
    change, outside = added(disturbance._speak)
    moved = np.abs(change[:, REGIONS]).max(axis=0).reshape(-1, 2).max(axis=1)
    assert {n for n, m in zip(REGION_NAMES, moved, strict=True) if m > 0.0} == {
        n for n in REGION_NAMES if n.startswith(("mouth", "lip", "chin", "cheek"))
    }
    assert change[:, LIPS].min() >= 0.0
    assert np.abs(change[outside]).max() == 0.0


def test_a_slip_moves_everything_and_the_head():
    change, _ = added(disturbance._slip)
    assert (np.abs(change[:, REGIONS]).max(axis=0) > 0.0).all()
    assert np.abs(change[:, HEAD]).max() > 0.0


def test_they_lie_where_they_are_said_to_lie():
    made = signals(apexes=(), seconds=30.0)
    rows = made.rows.copy()
    found = put_disturbances(np.random.default_rng(1), made.time_s, rows)
    assert len(found) > 4 and (found[1:, 0] >= found[:-1, 1]).all()
    still = made.time_s < found[0, 0] - 1e-9
    assert still.any() and np.abs(rows[still] - made.rows[still]).max() == pytest.approx(0.0)
