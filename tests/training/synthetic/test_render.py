import csv

import cv2
import numpy as np
import pytest

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.faces.detector import known_face
from streamer.faces.landmarks import inter_ocular_px
from training.synthetic.render import Renderer, load_portrait
from training.synthetic.scene import SceneConfig, draw_scene
from training.synthetic.video import read_portrait, write_recording

STILL = SceneConfig(
    duration_s=9.0,
    seed=11,
    size_px=160,
    blink_every_s=0,
    head_iod=0,
    head_turn_deg=0,
    flicker=0,
    noise=0,
    strengths_iod=(0.05,),
)


@pytest.fixture(scope="module")
def portrait():
    return load_portrait(known_face(), 160)


def test_a_still_scene_is_the_portrait(portrait):
    scene = draw_scene(STILL)
    frame = next(Renderer(portrait, scene).frames())
    assert np.abs(frame.image.astype(int) - portrait.image.astype(int)).max() <= 1


def test_the_injected_motion_is_as_strong_as_the_truth_says(portrait):
    scene = draw_scene(STILL)
    renderer = Renderer(portrait, scene)
    item = scene.injections[0]
    moved = renderer.motion_px(item.apex_s) / inter_ocular_px(portrait.landmarks_px)
    assert np.hypot(moved[..., 0], moved[..., 1]).max() == pytest.approx(0.05, rel=0.1)
    assert np.abs(renderer.motion_px(item.onset_s - 0.1)).max() == 0.0


def test_flow_recovers_the_injected_motion(portrait):
    """The picture really moves by the field that is handed out as truth."""
    scene = draw_scene(STILL)
    renderer = Renderer(portrait, scene)
    item = scene.injections[0]
    rest = renderer._move(item.onset_s - 0.1)
    apex = renderer._move(item.apex_s)
    grey = [cv2.cvtColor(i, cv2.COLOR_RGB2GRAY) for i in (rest, apex)]
    flow = cv2.calcOpticalFlowFarneback(*grey, None, 0.5, 3, 11, 5, 5, 1.1, 0)
    true = renderer.motion_px(item.apex_s)
    strong = np.hypot(true[..., 0], true[..., 1]) > 0.7 * np.hypot(*true.T).max()
    assert strong.sum() > 20
    agreement = (flow[strong] * true[strong]).sum() / (true[strong] ** 2).sum()
    assert 0.4 < agreement < 1.4


def test_a_blink_covers_the_iris_and_leaves_the_mouth(portrait):
    scene = draw_scene(SceneConfig(**(_fields(STILL) | {"blink_every_s": 2.0})))
    renderer = Renderer(portrait, scene)
    start, length = scene.blinks[0]
    open_eyes, shut = renderer._move(start - 0.05), renderer._move(start + 0.35 * length)
    change = np.abs(open_eyes.astype(int) - shut.astype(int)).max(axis=2)
    mesh = portrait.landmarks_px
    eye = mesh[[159, 145, 33, 133], :2].mean(axis=0).astype(int)
    mouth = mesh[[61, 291], :2].mean(axis=0).astype(int)
    assert change[eye[1] - 2 : eye[1] + 3, eye[0] - 4 : eye[0] + 5].max() > 15
    assert change[mouth[1] - 5 : mouth[1] + 6, mouth[0] - 8 : mouth[0] + 9].max() <= 1


def test_a_recording_and_its_truth(portrait, tmp_path):
    from streamer.sources import open_source

    path = tmp_path / "x.mp4"
    scene = write_recording(portrait, STILL, path)
    with open_source(str(path)) as source:
        times = [frame.time_s for frame in source]
    assert len(times) == 270
    assert times[-1] == pytest.approx(269 / 30, abs=1e-4)
    rows = list(csv.DictReader(path.with_suffix(".mp4.truth.csv").open()))
    assert len(rows) == len(scene.injections)
    first = scene.injections[0]
    assert int(rows[0]["apex"]) == round(first.apex_s * 30)
    assert rows[0]["emotion"] == first.emotion


def test_portraits_that_cannot_be_used(tmp_path):
    with pytest.raises(SourceNotFoundError, match="No portrait at"):
        read_portrait(tmp_path / "none.jpg", 160)
    text = tmp_path / "text.jpg"
    text.write_text("not a picture")
    with pytest.raises(SourceFormatError, match="not a picture"):
        read_portrait(text, 160)
    with pytest.raises(SourceFormatError, match="No face found"):
        load_portrait(np.full((200, 200, 3), 128, dtype=np.uint8), 160)


def _fields(config):
    return {name: getattr(config, name) for name in config.__slots__}
