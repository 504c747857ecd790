from dataclasses import replace

import numpy as np
import pytest

from training.synthetic.action_units import Activation
from training.synthetic.scene import EXPRESSIONS, Injection, SceneConfig, draw_scene

INJECTION = Injection("micro", "positive", (Activation("12", 0.03, 0.03),), 0.03, 2.0, 2.2, 2.5)


@pytest.mark.parametrize(
    ("time_s", "level"),
    [(1.9, 0), (2.0, 0), (2.1, 0.5), (2.2, 1), (2.35, 0.5), (2.5, 0), (3, 0)],
)
def test_the_level_is_a_raised_cosine(time_s, level):
    assert INJECTION.level(time_s) == pytest.approx(level, abs=1e-9)


def test_a_seed_gives_the_same_scene_at_any_frame_rate():
    slow = draw_scene(SceneConfig(fps=30, seed=4))
    fast = draw_scene(SceneConfig(fps=200, seed=4))
    assert slow.injections == fast.injections
    assert slow.blinks == fast.blinks
    np.testing.assert_array_equal(slow.head(1.23), fast.head(1.23))
    assert slow.injections != draw_scene(SceneConfig(fps=30, seed=5)).injections


def test_micro_expressions_last_at_most_half_a_second_and_do_not_overlap():
    scene = draw_scene(SceneConfig(duration_s=600, seed=1))
    assert len(scene.injections) > 100
    for item in scene.injections:
        assert 0.16 <= item.offset_s - item.onset_s <= 0.5
        assert item.onset_s < item.apex_s < item.offset_s
        assert max(max(a.left, a.right) for a in item.activations) == item.strength_iod
        assert tuple(a.au for a in item.activations) in EXPRESSIONS[item.emotion]
    for before, after in zip(scene.injections, scene.injections[1:], strict=False):
        assert after.onset_s - before.offset_s >= 0.9


def test_disturbances_can_be_switched_off():
    quiet = SceneConfig(event_every_s=0, blink_every_s=0, head_iod=0, head_turn_deg=0)
    scene = draw_scene(quiet)
    assert scene.injections == ()
    assert scene.blinks == ()
    np.testing.assert_array_equal(scene.head(3.0), np.zeros(6))
    assert np.abs(draw_scene(replace(quiet, head_iod=0.1)).head(3.0)[:2]).max() <= 0.1


def test_talk_moves_the_mouth_only_while_it_lasts():
    scene = draw_scene(SceneConfig(duration_s=60, talk_share=0.5, seed=2))
    start, end = scene.talks[0]
    assert max(scene.talk(t).max() for t in np.linspace(start, end, 50)) > 0.01
    assert scene.talk(start - 0.5).max() == 0.0


def test_a_blink_shuts_and_opens():
    scene = draw_scene(SceneConfig(seed=3))
    start, length = scene.blinks[0]
    assert scene.blink(start) == 0.0
    assert scene.blink(start + 0.35 * length) == pytest.approx(1.0)
    assert 0.0 < scene.blink(start + 0.8 * length) < 0.6
    assert scene.blink(start + length) == 0.0
