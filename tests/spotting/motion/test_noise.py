import numpy as np
import pytest

from spotting.config import SpotterConfig
from spotting.motion.noise import NoiseFloor, _medians

ROWS = 2


def learn(config, *phases):
    """Thresholds after phases of (seconds, height)."""
    noise, now_s = NoiseFloor(ROWS, config), 0.0
    for seconds, height in phases:
        end_s = now_s + seconds
        while now_s < end_s:
            noise.push(now_s, np.array([height, 0.0]))
            now_s += 1 / 30
    return noise.threshold_iod


def test_a_quiet_row_has_the_least_threshold():
    config = SpotterConfig()
    assert learn(config, (5, 0.0005)) == pytest.approx([config.micro_min_iod] * ROWS)


def test_a_noisy_row_has_a_multiple_of_its_median():
    config = SpotterConfig()
    noisy, quiet = learn(config, (5, 0.004))
    assert noisy == pytest.approx(0.004 * config.micro_noise_factor)
    assert quiet == config.micro_min_iod


def test_the_floor_follows_the_person_within_its_memory():
    config = SpotterConfig(noise_memory_s=4.0)
    assert learn(config, (10, 0.004), (6, 0.002))[0] == pytest.approx(0.002 * 4.5)


def test_with_a_baseline_it_stays_what_it_was_then():
    config = SpotterConfig(baseline_s=5.0, noise_memory_s=4.0)
    assert learn(config, (5, 0.002), (10, 0.008))[0] == pytest.approx(0.002 * 4.5)


def test_a_baseline_of_less_than_a_second_is_not_enough_to_stop_learning():
    config = SpotterConfig(baseline_s=0.2, noise_memory_s=4.0)
    assert learn(config, (0.2, 0.002), (10, 0.008))[0] == pytest.approx(0.008 * 4.5, rel=0.01)


def test_sensitivity_divides_all_thresholds():
    config = SpotterConfig(sensitivity=2.0)
    assert learn(config, (5, 0.004)) == pytest.approx([0.009, config.micro_min_iod / 2])


@pytest.mark.parametrize("count", [1, 2, 7, 40, 41])
def test_the_quick_median_is_the_median(count):
    values = np.random.default_rng(count).normal(size=(5, count))
    np.testing.assert_array_equal(_medians(values), np.median(values, axis=1))


def test_after_the_memory_the_oldest_heights_are_forgotten():
    config = SpotterConfig(noise_memory_s=2.0)
    floor = NoiseFloor(1, config)
    for step in range(120):  # two seconds of large heights, then four of small ones
        floor.push(0.05 * step, np.array([0.02 if step < 40 else 0.004]))
    assert floor.threshold_iod[0] == pytest.approx(config.micro_noise_factor * 0.004)
