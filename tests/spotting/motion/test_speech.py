import numpy as np
import pytest

from spotting.config import GateConfig, SpotterConfig
from spotting.motion.bumps import BumpMeter
from spotting.motion.rows import FACE_ROWS, N_ROWS
from spotting.motion.series import MotionSeries
from spotting.motion.speech import SpeechWatcher
from tests.spotting.curves import CONFIG, raised_cosine, times_of


def speaking_from(row, peaks_s, config=CONFIG, seconds=8):
    """The times at which a face is taken to speak that bumps at these times in one row."""
    times = times_of(30, seconds)
    curve = 0.03 * sum(raised_cosine(times, t - 0.15, t, t + 0.15) for t in peaks_s)
    series = MotionSeries(N_ROWS, 6.0, config.smooth_s, 0.1)
    meter, watcher = BumpMeter(config, N_ROWS), SpeechWatcher(config)
    found = []
    for k, time_s in enumerate(times):
        if watcher.is_speaking(float(time_s)):
            found.append(float(time_s))
        motion = np.zeros((N_ROWS, 2))
        motion[row, 1] = curve[k]
        series.push(float(time_s), k, motion, np.zeros(3), np.zeros(N_ROWS, dtype=bool), 0.1)
        watcher.push(meter.advance(series))
    return found


MOUTH = int(np.flatnonzero(FACE_ROWS.lower)[0])
BROW = 0


def test_the_mouth_speaks_from_its_last_peak_for_as_long_as_the_first_is_remembered():
    two = SpotterConfig(gates=GateConfig(speech_bumps=2))
    found = speaking_from(MOUTH, (2.0, 2.9), two)
    # The second peak is certain 0.15 s later; each moment is known after 0.3 + 0.1 s.
    assert 3.45 <= found[0] < 3.6 and 3.9 < found[-1] < 4.05
    assert found == pytest.approx(np.arange(found[0], found[-1] + 0.01, 1 / 30))


def test_two_peaks_are_not_enough_and_brows_do_not_speak():
    syllables = (2.0, 2.35, 2.7)
    assert speaking_from(MOUTH, syllables) != []
    assert speaking_from(MOUTH, (2.0, 2.9)) == speaking_from(BROW, syllables) == []
