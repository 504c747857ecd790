from dataclasses import replace

import numpy as np
import pytest

from streamer.faces.detector import known_face
from streamer.faces.landmarks import inter_ocular_px
from training.synthetic.disturbances import Bout, Disturbances, Occluder, Step, Visit
from training.synthetic.render import Renderer, load_portrait
from training.synthetic.scene import SceneConfig, draw_scene
from training.synthetic.video import write_truth

ALL = {
    "gaze_every_s": 2.0,
    "turn_every_s": 6.0,
    "light_every_s": 4.0,
    "occlude_every_s": 8.0,
    "chew_every_s": 12.0,
}
BARE = SceneConfig(
    duration_s=60.0,
    seed=6,
    size_px=160,
    event_every_s=0,
    blink_every_s=0,
    head_iod=0,
    head_turn_deg=0,
    flicker=0,
    noise=0,
)


@pytest.fixture(scope="module")
def portrait():
    return load_portrait(known_face(), 160)


@pytest.mark.parametrize(
    ("time_s", "level"),
    [(1.0, 0), (1.25, 0.5), (1.5, 1), (2.4, 1), (2.6, 0.5), (2.7, 0), (9.0, 0)],
)
def test_a_visit_comes_stays_and_goes(time_s, level):
    assert Visit(1.0, 0.5, 1.0, 0.2).level(time_s) == pytest.approx(level, abs=1e-9)


def test_a_step_lasts_until_the_next():
    drawn = Disturbances(gaze_shifts=(Step(1.0, 0.1, (0.06, 0.0)), Step(2.0, 0.1, (0.0, -0.02))))
    assert drawn.gaze(0.9) == (0.0, 0.0)
    assert drawn.gaze(1.05) == pytest.approx((0.03, 0.0))
    assert drawn.gaze(1.9) == pytest.approx((0.06, 0.0))
    assert drawn.gaze(2.05) == pytest.approx((0.03, -0.01))
    assert drawn.gaze(5.0) == pytest.approx((0.0, -0.02))
    jump = Disturbances(light_jumps=(Step(1.0, 0.0, (0.2, 0.1)),))
    assert (jump.light(0.999), jump.light(1.0)) == ((0.0, 0.0), (0.2, 0.1))


def test_chewing_is_rhythmic():
    bout = Bout(10.0, 14.0, hz=2.0, size_iod=0.08)
    assert bout.jaw(10.0) == bout.jaw(14.5) == 0.0
    assert bout.jaw(12.25) == pytest.approx(0.08)  # half a turn after a whole number of turns
    assert bout.jaw(12.5) == pytest.approx(0.0, abs=1e-9)


def test_every_kind_is_off_unless_asked_for_and_alters_no_other():
    quiet = SceneConfig(duration_s=60.0, seed=6)
    assert draw_scene(quiet).disturbances == Disturbances()
    together = draw_scene(replace(quiet, **ALL)).disturbances
    for name, attribute in zip(
        ALL, ("gaze_shifts", "turns", "light_jumps", "occluders", "bouts"), strict=True
    ):
        alone = draw_scene(replace(quiet, **{name: ALL[name]}))
        assert getattr(alone.disturbances, attribute) == getattr(together, attribute) != ()
        assert len(alone.disturbances.intervals()) == len(getattr(together, attribute))
        if name != "occlude_every_s":
            assert alone.injections == draw_scene(quiet).injections
        np.testing.assert_array_equal(alone.head(3.21), draw_scene(quiet).head(3.21))


def test_nothing_is_injected_behind_a_hand():
    quiet = SceneConfig(duration_s=300.0, seed=1)
    scene = draw_scene(replace(quiet, occlude_every_s=8.0))
    before = draw_scene(quiet).injections
    gone = set(before) - set(scene.injections)
    assert 0 < len(gone) < len(before)
    assert all("occlusion" not in scene.during(i.onset_s, i.offset_s) for i in scene.injections)


def change(portrait, scene, before_s, after_s):
    renderer = Renderer(portrait, scene)
    frames = [
        renderer._light(renderer._cover(renderer._move(t), t), t) for t in (before_s, after_s)
    ]
    return np.abs(frames[1].astype(int) - frames[0].astype(int)).max(axis=2)


def around(difference, portrait, points, radius=4):
    x, y = portrait.landmarks_px[points, :2].mean(axis=0).astype(int)
    return int(difference[y - radius : y + radius + 1, x - radius : x + radius + 1].max())


def test_gaze_moves_the_iris_and_nothing_else(portrait):
    scene = replace(
        draw_scene(BARE), disturbances=Disturbances(gaze_shifts=(Step(1.0, 0.05, (0.06, 0.0)),))
    )
    difference = change(portrait, scene, 0.5, 1.5)
    assert around(difference, portrait, [159, 145]) > 15
    assert around(difference, portrait, [33], 0) <= 1  # the corner stays
    assert around(difference, portrait, [61, 291], 12) <= 1
    assert np.abs(Renderer(portrait, scene).motion_px(1.5)).max() == 0.0


def test_a_hand_covers_its_target_and_leaves(portrait):
    occluder = Occluder(Visit(1.0, 0.5, 1.0, 0.5), "hand", (0.0, 1.1), (0.0, 4.0), seed=3)
    scene = replace(draw_scene(BARE), disturbances=Disturbances(occluders=(occluder,)))
    assert around(change(portrait, scene, 0.5, 2.0), portrait, [13, 14]) > 15
    assert around(change(portrait, scene, 0.5, 2.0), portrait, [10]) == 0
    assert change(portrait, scene, 0.5, 3.1).max() == 0


def test_a_cup_is_drawn_too(portrait):
    occluder = Occluder(Visit(1.0, 0.5, 1.0, 0.5), "cup", (0.0, 1.1), (0.0, 4.0), seed=3)
    scene = replace(draw_scene(BARE), disturbances=Disturbances(occluders=(occluder,)))
    assert around(change(portrait, scene, 0.5, 2.0), portrait, [13, 14]) > 15


def test_light_jumps_from_one_frame_to_the_next(portrait):
    drawn = Disturbances(light_jumps=(Step(1.0, 0.0, (0.2, 0.0)),))
    renderer = Renderer(portrait, replace(draw_scene(BARE), disturbances=drawn))
    grey = np.full((160, 160, 3), 100, dtype=np.uint8)
    assert renderer._light(grey, 0.99).mean() == 100
    assert renderer._light(grey, 1.0).mean() == 120


def test_a_turned_head_shifts_the_nose_against_the_eyes(portrait):
    drawn = draw_scene(replace(BARE, turn_every_s=6.0)).disturbances
    turn = max(drawn.turns, key=lambda t: abs(t.yaw_pitch[0]))
    renderer = Renderer(portrait, replace(draw_scene(BARE), disturbances=drawn))
    held = turn.visit.start_s + turn.visit.rise_s
    assert drawn.turn(held) == pytest.approx(turn.yaw_pitch)
    turned = load_portrait(renderer._move(held), 160).landmarks_px
    nose = [mesh[4, 0] - mesh[[33, 263], 0].mean() for mesh in (portrait.landmarks_px, turned)]
    shift_iod = (nose[1] - nose[0]) / inter_ocular_px(portrait.landmarks_px)
    assert shift_iod * np.sign(turn.yaw_pitch[0]) > 0.3 * abs(turn.yaw_pitch[0])


def test_the_truth_names_what_disturbs(tmp_path):
    scene = draw_scene(replace(BARE, event_every_s=3.0, chew_every_s=9.0))
    write_truth(scene, "x.mp4", tmp_path / "x.csv")
    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert lines[0].endswith(",during")
    assert any(line.endswith(",chewing") for line in lines[1:])
    assert any(line.endswith(",") for line in lines[1:])
