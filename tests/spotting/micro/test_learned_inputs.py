"""What the network is told, against sums done by hand."""

import numpy as np
import pytest

from spotting.micro.learned_inputs import BUMP_TICKS, CENTRE, INPUTS, PARTS, TAPS, InputMaker
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
STEPS, RELATIVE, BUMPS, LEVELS, HEADS, HEAD_LEVELS, OTHERS, MESH = (
    slice(end - size, end) for end, size in zip(ENDS, PARTS, strict=True)
)
PLACES = TAPS // 2 + 1  # of what is told at every second place


def rows(count, seed=0, size=0.0):
    made = np.random.default_rng(seed).normal(0.0, size, (count, ROW))
    made[:, LIGHT], made[:, VISIBLE] = np.log(120.0), 1.0
    return made


def inputs(made):
    maker = InputMaker(made.shape[1:-1])
    return np.stack([maker.step(row) for row in made])


def bounded(value, most):
    return value / (1.0 + abs(value) / most)


def test_a_still_face_is_told_as_nothing_but_its_levels():
    told = inputs(rows(400))
    for part in (STEPS, RELATIVE, BUMPS, HEADS, OTHERS, MESH):
        assert np.abs(told[-1, part]).max() == 0.0
    # log2 of level / floor + 1/4: the level is the floor at first, and nothing after a while.
    assert told[0, LEVELS][0] == pytest.approx(np.log2(1.25))
    assert told[-1, LEVELS] == pytest.approx(-2.0, abs=0.05)


def test_a_bump_by_hand():
    """y of the first region, 0.02 IOD up for 8 ticks; judged when its middle is the moment."""
    made = rows(400)
    made[200:208, 1] = -0.02
    told = inputs(made)
    judged = 204 + CENTRE
    for n, half in enumerate(BUMP_TICKS):
        place = 2 * N_REGIONS * n + 1
        assert told[judged, BUMPS][place] == pytest.approx(bounded(-2.0, 8.0), rel=1e-4)
        level = (np.sqrt(0.02) * 0.995**200) ** 2 + 0.02  # near the floor before the window
        relative = told[judged, RELATIVE][place]
        speed = 0.02 / (half / RATE_HZ)
        assert -bounded(speed / 0.02, 6.0) <= relative <= -bounded(speed / 0.04, 6.0)
        assert level < 0.04
    assert np.abs(told[: 200 - 1, BUMPS]).max() == 0.0  # nothing is known before it
    assert np.abs(told[208 + CENTRE + 12 :, BUMPS]).max() == 0.0


def test_steps_and_head_by_hand():
    made = rows(200)
    made[:, 0] = 0.0002 * np.arange(200)  # 0.01 IOD a second
    made[:, HEAD.start] = 0.002 * np.arange(200)
    told = inputs(made)[-1]
    steps = told[STEPS].reshape(TAPS - 1, 2 * N_REGIONS)
    assert np.abs(steps[:, 1:]).max() == 0.0
    assert 0.0 < steps[0, 0] == pytest.approx(steps[-1, 0])
    heads = told[HEADS].reshape(TAPS // 2, 6)
    assert heads[:, 0] == pytest.approx(bounded(6 * 0.002 / 0.01, 6.0), rel=1e-3)
    assert np.abs(heads[:, 1:]).max() == 0.0


def test_a_bump_counts_less_in_a_face_that_moves_all_the_time():
    quiet, restless = rows(400), rows(400)
    restless[:, REGIONS] = np.random.default_rng(1).normal(0, 0.01, (400, 2 * N_REGIONS))
    for made in (quiet, restless):
        made[300:308, 0] += 0.02
    told = [inputs(made)[304 + CENTRE, RELATIVE][0] for made in (quiet, restless)]
    assert told[0] > 2.0 * abs(told[1])


def test_many_faces_at_once_as_one_by_one():
    made = np.stack([rows(60, seed, 0.01) for seed in range(3)], axis=1)
    together = inputs(made)
    assert together.shape == (60, 3, INPUTS)
    for n in range(3):
        np.testing.assert_array_equal(together[:, n], inputs(made[:, n]))


def test_what_spoils_motion_is_told():
    made = rows(100)
    made[50, LIDS], made[50:, LIPS] = -0.1, 0.05
    made[50, BLINK], made[50:, LIGHT], made[50, VISIBLE] = 0.5, np.log(120.0) + 0.2, 0.8
    row = inputs(made)[50 + CENTRE]
    told, mesh = row[OTHERS].reshape(PLACES, -1), row[MESH].reshape(PLACES, -1)
    blink, _, _, light, hidden, anchor = told.T
    middle = PLACES // 2
    assert blink[middle] == pytest.approx(1.0) and np.delete(blink, middle).max() == 0.0
    assert light[:middle].max() == 0.0 and light[middle:] == pytest.approx(1.0, rel=1e-3)
    assert hidden[middle] == pytest.approx(0.6, rel=1e-3) and anchor.max() == 0.0
    assert mesh[middle, 0] == pytest.approx(bounded(-2.0, 6.0))  # 20 x what it was at the start
    assert np.abs(np.delete(mesh[:, 0], middle)).max() == 0.0
    assert mesh[-1, 2] == pytest.approx(bounded(1.0, 6.0))
    assert np.abs(mesh[:, 3:]).max() == 0.0
