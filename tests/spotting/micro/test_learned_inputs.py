"""What the network is told, against sums done by hand."""

import numpy as np
import pytest

from spotting.micro.learned_inputs import INPUTS, PARTS, InputMaker
from spotting.micro.learned_ticks import (
    BLINK,
    HEAD,
    LIDS,
    LIGHT,
    LIPS,
    N_REGIONS,
    RATE_HZ,
    REGIONS,
    ROW,
    VISIBLE,
)

ENDS = np.cumsum(PARTS)
SPEED, SIDEWAYS, BLINKS, RELATIVE, LEVELS, TURNING, OTHERS, EYES, MESH_TURN = (
    slice(end - size, end) for end, size in zip(ENDS, PARTS, strict=True)
)


def rows(count, seed=0, size=0.0):
    made = np.random.default_rng(seed).normal(0.0, size, (count, ROW))
    made[:, LIGHT], made[:, VISIBLE], made[:, LIDS] = np.log(120.0), 1.0, 0.2
    return made


def inputs(made):
    maker = InputMaker(made.shape[1:-1])
    return np.stack([maker.step(row) for row in made])


def test_a_still_face_is_told_as_nothing_but_its_levels():
    told = inputs(rows(600))
    assert np.abs(np.delete(told[-1], np.r_[LEVELS])).max() == 0.0
    # log2 of (level + floor) over two floors: the level is the floor at first, nothing later.
    assert told[0, LEVELS] == pytest.approx(0.0, abs=1e-5)
    assert told[-1, LEVELS] == pytest.approx(-1.0, abs=0.05)


def test_speeds_by_hand():
    made = rows(600)
    made[590:, 0] = 0.001  # in one tick: 0.05 IOD a second
    made[:, HEAD.start + 1] = 0.0002 * np.arange(600)
    made[:, HEAD.start + 3] = 0.0004 * np.arange(600)
    told = inputs(made)
    assert told[590, SPEED][0] == pytest.approx(6.0 * 0.05, rel=1e-3)
    assert told[591, SPEED][0] == 0.0
    relative = 0.05 / 0.02  # nothing moved before: the floor alone
    assert told[590, RELATIVE][0] == pytest.approx(relative / (1.0 + relative / 6.0), rel=0.05)
    assert told[599, SIDEWAYS] == pytest.approx([0.0, 3.0 * 0.0002 * RATE_HZ], rel=1e-2)
    assert told[599, TURNING] == pytest.approx([0.0, 3.0 * 0.0004 * RATE_HZ, 0.0, 0.0], rel=1e-2)


def test_a_movement_counts_less_in_a_face_that_moves_all_the_time():
    quiet, restless = rows(400), rows(400)
    restless[:, REGIONS] = np.random.default_rng(1).normal(0, 0.003, (400, 2 * N_REGIONS))
    for made in (quiet, restless):
        made[300:, 0] += 0.02
    told = [inputs(made)[300, RELATIVE][0] for made in (quiet, restless)]
    assert told[0] > 1.2 * told[1] > 0.0


def test_many_faces_at_once_as_one_by_one():
    made = np.stack([rows(60, seed, 0.01) for seed in range(3)], axis=1)
    together = inputs(made)
    assert together.shape == (60, 3, INPUTS)
    for n in range(3):
        np.testing.assert_array_equal(together[:, n], inputs(made[:, n]))


def test_what_spoils_motion_is_told():
    made = rows(100)
    made[50, BLINK], made[50:, LIGHT], made[50, VISIBLE] = 0.5, np.log(120.0) + 0.2, 0.8
    made[50, LIDS], made[50:, LIPS] = 0.1, 0.05
    told = inputs(made)
    assert told[50, BLINKS] == pytest.approx([1.5]) and told[51, BLINKS] == 0.0
    gaze, cover, light, hidden, anchor = told[50, OTHERS]
    assert light == pytest.approx(1.0, rel=1e-3) and hidden == pytest.approx(0.6, rel=1e-3)
    assert gaze == cover == anchor == 0.0
    assert told[54, OTHERS][2] == pytest.approx(1.0, rel=1e-3) and told[55, OTHERS][2] == 0.0
    assert told[50, EYES] == pytest.approx([-0.5, -0.5, 0.25])
    assert told[60, EYES] == pytest.approx([0.0, 0.0, 0.25], abs=1e-6)
