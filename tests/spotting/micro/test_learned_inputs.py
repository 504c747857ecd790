"""What the network is told, against sums done by hand."""

import numpy as np
import pytest

from spotting.micro.learned_inputs import BUMP_TICKS, INPUTS, InputMaker
from spotting.micro.learned_ticks import (
    BLINK,
    HEAD,
    LIGHT,
    N_REGIONS,
    RATE_HZ,
    REGIONS,
    ROW,
    VISIBLE,
)

SPEED, RELATIVE = slice(0, 2 * N_REGIONS), slice(2 * N_REGIONS, 4 * N_REGIONS)
BUMPS = [slice((4 + 2 * n) * N_REGIONS, (6 + 2 * n) * N_REGIONS) for n in range(len(BUMP_TICKS))]
LEVEL = slice((4 + 2 * len(BUMP_TICKS)) * N_REGIONS, (5 + 2 * len(BUMP_TICKS)) * N_REGIONS)


def rows(count, seed=0, size=0.0):
    made = np.random.default_rng(seed).normal(0.0, size, (count, ROW))
    made[:, LIGHT], made[:, VISIBLE] = np.log(120.0), 1.0
    return made


def inputs(made):
    maker = InputMaker(made.shape[1:-1])
    return np.stack([maker.step(row) for row in made])


def test_a_still_face_is_told_as_nothing_but_its_level():
    told = inputs(rows(300))
    quiet = np.delete(told[-1], np.r_[LEVEL, -7])  # levels of regions and of the head
    assert np.abs(quiet).max() == 0.0
    # Level 0.02 while nothing is known, towards 0 later: log2 of (level + floor) over 2 floors.
    assert told[0, LEVEL] == pytest.approx(np.log2((0.95**2 + 1.0) / 2.0), abs=1e-4)
    assert told[-1, LEVEL] == pytest.approx(-1.0, abs=0.1)


def test_speed_bump_and_head_by_hand():
    made = rows(40)
    first = REGIONS.start  # x of the first region
    made[20:30, first] = 0.01
    made[:, HEAD.start] = 0.002 * np.arange(40)
    told = inputs(made)
    assert told[20, first] == pytest.approx(6.0 * 0.01 * RATE_HZ)
    assert told[30, first] == pytest.approx(-6.0 * 0.01 * RATE_HZ)
    # half a bump width of 5 ticks: the middle lay at tick 25, the chord's ends are both at rest
    assert told[30, BUMPS[0]][0] > 1.0
    assert told[19, BUMPS[0]][0] == 0.0
    assert told[25, -13] == pytest.approx(3.0 * 0.002 * RATE_HZ, rel=1e-3)


def test_a_bump_counts_less_in_a_face_that_moves_all_the_time():
    quiet, restless = rows(400), rows(400)
    restless[:, REGIONS] = np.random.default_rng(1).normal(0, 0.01, (400, 2 * N_REGIONS))
    for made in (quiet, restless):
        made[300:306, 0] += 0.02
    told = [np.abs(inputs(made)[300:312, RELATIVE][:, 0]).max() for made in (quiet, restless)]
    assert told[0] > 2.0 * told[1]


def test_many_faces_at_once_as_one_by_one():
    made = np.stack([rows(60, seed, 0.01) for seed in range(3)], axis=1)
    together = inputs(made)
    assert together.shape == (60, 3, INPUTS)
    for n in range(3):
        np.testing.assert_array_equal(together[:, n], inputs(made[:, n]))


def test_what_spoils_motion_is_told():
    made = rows(30)
    made[10:, BLINK], made[12:, LIGHT], made[14, VISIBLE] = 0.5, np.log(120.0) + 0.2, 0.8
    told = inputs(made)
    assert told[10, -6] == pytest.approx(0.5)
    assert told[12, -3] == pytest.approx(1.0, rel=1e-3)  # 5 x 0.2, over the last tenth of a second
    assert told[14, -2] == pytest.approx(0.6, rel=1e-3)  # 3 x (1 - 0.8)
    assert told[20, -3] == pytest.approx(0.0, abs=1e-5)
