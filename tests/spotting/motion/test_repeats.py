import numpy as np
import pytest

from spotting.motion.repeats import RepeatWatcher

RNG = np.random.default_rng(3)
STEP_S = 1 / 30


def pictures(n, change=4):
    """Grey faces that differ from one to the next by about `change` levels."""
    start = RNG.integers(60, 190, (64, 64))
    return [
        np.clip(start + RNG.integers(-change, change + 1, start.shape), 0, 255).astype(np.uint8)
        for _ in range(n)
    ]


def told(shown, step_s=STEP_S, anchors=None):
    watcher = RepeatWatcher()
    anchors = anchors or [0] * len(shown)
    return [
        watcher.is_repeat(picture, anchor, k * step_s)
        for k, (picture, anchor) in enumerate(zip(shown, anchors, strict=True))
    ]


def test_every_picture_that_is_shown_twice_is_found_and_no_other():
    new = pictures(20)
    shown = [picture for k, picture in enumerate(new) for _ in range(2 if k % 5 == 4 else 1)]
    expected = [
        again for k in range(len(new)) for again in ([False, True] if k % 5 == 4 else [False])
    ]
    assert told(shown) == expected


def test_encoding_noise_of_a_repeat_is_still_a_repeat():
    new = pictures(12)
    again = new[-1].copy()
    again[0, :40] += 1  # 40 of 4096 pixels by one level: 0.01 levels a pixel
    assert told([*new, again])[-1]


def test_a_small_movement_is_no_repeat():
    new = pictures(12)
    moved = new[-1].copy()
    moved[:32] += 1  # half a level a pixel
    assert not told([*new, moved])[-1]


@pytest.mark.parametrize("step_s", [1 / 200, 1 / 30])
def test_a_picture_that_stands_counts_again_after_a_tenth_of_a_second(step_s):
    new = pictures(12)
    repeats = told([*new, *[new[-1]] * 60], step_s)[len(new) :]
    samples = np.flatnonzero(~np.array(repeats)) * step_s
    assert len(samples) >= 2
    assert np.diff(samples) == pytest.approx(0.1, abs=step_s)


def test_a_new_anchor_is_a_new_picture():
    (one,) = pictures(1)
    assert told([one, one], anchors=[0, 1]) == [False, False]
