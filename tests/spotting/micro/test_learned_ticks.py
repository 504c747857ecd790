import numpy as np
import pytest

from spotting.micro.learned_ticks import BLINK, LIGHT, RATE_HZ, REGIONS, ROW, TickMaker, row_of
from tests.spotting.curves import face_motion


def ticks_at(fps, seconds=2.0):
    maker, found = TickMaker(), []
    for n in range(round(fps * seconds)):
        time_s = n / fps
        found += maker.push(time_s, row_of(face_motion(n, time_s, lift_iod=0.02 * time_s)))
    return found


@pytest.mark.parametrize("fps", [12.5, 30.0, 60.0, 200.0])
def test_ticks_are_the_same_at_any_frame_rate(fps):
    """A region that moves up at 0.02 IOD a second does so from tick to tick."""
    ticks = ticks_at(fps)
    times = np.array([t for t, _ in ticks])
    np.testing.assert_allclose(np.diff(times), 1 / RATE_HZ)
    np.testing.assert_allclose(times * RATE_HZ, np.round(times * RATE_HZ), atol=1e-9)
    moved = np.stack([row[REGIONS] for _, row in ticks])
    np.testing.assert_allclose(np.diff(moved[:, 1]), -0.02 / RATE_HZ, atol=1e-7)
    assert np.abs(moved[:, 2 * 4 :]).max() < 1e-9
    assert times[-1] > 2.0 - 2 / fps - 2 / RATE_HZ


def test_a_row_holds_what_was_measured():
    row = row_of(face_motion(3, 0.1, lift_iod=0.01, blink=0.4))
    assert row.shape == (ROW,)
    assert row[BLINK] == 0.4
    assert row[LIGHT] == pytest.approx(np.log(128.0))
    assert row[REGIONS][1] == pytest.approx(-0.01)
