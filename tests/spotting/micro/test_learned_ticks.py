import numpy as np
import pytest

from spotting.micro.learned_ticks import RATE_HZ, TickMaker
from tests.spotting.curves import face_motion


def ticks_at(fps, seconds=2.0):
    maker, found = TickMaker(), []
    for n in range(round(fps * seconds)):
        time_s = n / fps
        found += maker.push(face_motion(n, time_s, lift_iod=0.02 * time_s))
    return found


@pytest.mark.parametrize("fps", [12.5, 30.0, 60.0, 200.0])
def test_ticks_are_the_same_at_any_frame_rate(fps):
    """A region that moves at 0.02 IOD a second does so in every tick."""
    ticks = ticks_at(fps)
    times = np.array([t for t, _ in ticks])
    np.testing.assert_allclose(np.diff(times), 1 / RATE_HZ)
    np.testing.assert_allclose(times * RATE_HZ, np.round(times * RATE_HZ), atol=1e-9)
    inputs = np.stack([x for _, x in ticks])
    np.testing.assert_allclose(inputs[1:, 1], -0.02, atol=1e-5)  # y of the first region
    assert np.abs(inputs[1:, 2 * 4 :]).max() < 1e-6
    assert times[-1] > 2.0 - 2 / fps - 2 / RATE_HZ


def test_the_blink_is_handed_on_as_it_is():
    maker = TickMaker()
    inputs = [x for n in range(30) for _, x in maker.push(face_motion(n, n / 30, blink=0.4))]
    assert inputs[5][-1] == pytest.approx(0.4)


# A hand-made detector: channel 0 is the upward speed of the first region, one layer copies what it
