"""Events put into measured signals: where skin moves, when, and what hides it."""

import numpy as np
import pytest

from spotting.micro.learned_ticks import REGIONS
from spotting.motion.regions import REGION_NAMES
from tests.training.spotting.learning.signals import signals
from training.spotting.learning.injection import (
    is_hidden,
    put_events,
    put_long_movement,
    region_motion,
)
from training.synthetic.action_units import Activation
from training.synthetic.scene import Injection

INNER_LEFT, INNER_RIGHT = (REGION_NAMES.index(f"brow_inner_{side}") for side in ("left", "right"))


def event(*units):
    return Injection("micro", "surprise", units, 0.05, 1.0, 1.1, 1.3)


def test_units_move_the_regions_they_are_named_after():
    raised = region_motion(event(Activation("1", 0.05, 0.0)))
    assert raised[INNER_LEFT, 1] == min(raised[:, 1])
    assert -0.05 <= raised[INNER_LEFT, 1] < -0.02
    assert abs(raised[INNER_RIGHT, 1]) < 0.01
    both = region_motion(event(Activation("1", 0.05, 0.05)))
    assert both[INNER_LEFT, 1] == pytest.approx(both[INNER_RIGHT, 1], abs=0.004)
    smile = region_motion(event(Activation("12", 0.05, 0.05)))
    corners = [REGION_NAMES.index(f"mouth_{side}") for side in ("left", "right")]
    assert smile[corners[0], 0] < -0.01 and smile[corners[1], 0] > 0.01


def test_hidden_is_what_moves_less_than_the_face_by_itself():
    moved = np.zeros((3, 2))
    moved[0, 1], moved[1, 1] = -0.03, -0.02  # the third stands still
    own = np.zeros((5, 3, 2))
    assert not is_hidden(moved, own)
    own[3, 0, 0] = 0.04  # the strongest region is hidden, the other is not
    assert not is_hidden(moved, own)
    own[2, 1, 1] = 0.025
    assert is_hidden(moved, own)


def test_events_are_put_away_from_others_and_end_where_they_began():
    made, rng = signals(apexes=(), seconds=20.0), np.random.default_rng(2)
    rows, taken = made.rows.copy(), np.array([[4.0, 5.0, 9.0]])
    put = put_events(rng, made.time_s, rows, taken, every_s=0.5)
    assert len(put.truth_s) > 4
    added = np.abs(rows[:, REGIONS] - made.rows[:, REGIONS]).max(axis=1)
    inside = np.zeros(len(rows), dtype=bool)
    for onset_s, apex_s, offset_s in put.truth_s:
        assert 0.16 <= offset_s - onset_s <= 0.5 and onset_s < apex_s < offset_s
        assert offset_s <= 3.5 + 1e-9 or onset_s >= 9.5 - 1e-9
        inside |= (made.time_s >= onset_s - 1e-9) & (made.time_s <= offset_s + 1e-9)
    assert added[~inside].max() == 0.0
    assert added[inside].max() > 0.005
    assert not put.hidden.any()  # the face is still


def test_a_long_movement_is_no_micro_expression():
    made, rows = signals(apexes=()), signals(apexes=()).rows
    onset_s, offset_s = put_long_movement(np.random.default_rng(0), made.time_s, rows)
    assert offset_s - onset_s >= 0.8
    assert np.abs(rows - made.rows).max() > 0.005
