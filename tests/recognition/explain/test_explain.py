"""Pictures and attention: places, colours, shapes, refusals."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recognition.classifiers.field_vit import make_field_vit  # noqa: E402
from recognition.classifiers.selfme import SelfmeNet  # noqa: E402
from recognition.classifiers.selfme_config import FieldConfig  # noqa: E402
from recognition.config import MapConfig  # noqa: E402
from recognition.explain.gradcam import asymmetry, field_gradcam  # noqa: E402
from recognition.explain.pictures import (  # noqa: E402
    draw_arrows,
    draw_heat,
    draw_keypoints,
    sheet,
    uncrop,
)
from recognition.explain.selfme import explain, explanation_sheet  # noqa: E402
from streamer.outputs.motion_wheel import colour_wheel, motion_colours  # noqa: E402
from tests.training.selfme.faces import make_pairs, tiny_config  # noqa: E402

FACE = np.full((64, 64, 3), 120, dtype=np.uint8)


def test_colours_by_hand() -> None:
    """Rest is white; to the right is red, to the left cyan; strength is depth."""
    field = np.zeros((1, 4, 2), dtype=np.float32)
    field[0, 1], field[0, 2], field[0, 3] = (1, 0), (-1, 0), (0.5, 0)
    white, red, cyan, pale = motion_colours(field, 1.0)[0]
    assert tuple(white) == (255, 255, 255)
    assert tuple(red) == (255, 0, 0) and tuple(cyan) == (0, 255, 255)
    assert pale[0] == 255 and 120 < pale[1] < 135
    wheel = colour_wheel(41)
    assert tuple(wheel[0, 0]) == (255, 255, 255) and wheel[20, 40, 0] > 240 > 60 > wheel[20, 40, 1]


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.zeros((0, 4, 2)), np.full((4, 4, 2), np.nan)])
def test_no_picture_of_bad_motion(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected \[h, w, 2\]|NaN"):
        motion_colours(bad.astype(np.float32))


def test_arrows_are_where_the_motion_is() -> None:
    motion = np.zeros((64, 64, 2), dtype=np.float32)
    motion[8:16, 8:16] = (1.0, 0.0)
    changed = np.argwhere((draw_arrows(FACE, motion) != 120).any(axis=2)) / (384 // 64)
    assert len(changed) and changed.max() < 26  # rows and columns of the moving corner
    with pytest.raises(ValueError, match=r"expected \[64, 64, 2\]"):
        draw_arrows(FACE, motion[:32])


def test_keypoints_stand_at_their_places() -> None:
    canvas = draw_keypoints(FACE, np.zeros((1, 2), np.float32), np.zeros((1, 2), np.float32))
    changed = np.argwhere((canvas != 120).any(axis=2))
    np.testing.assert_allclose(changed.mean(axis=0), 192, atol=1.5)
    with pytest.raises(ValueError, match=r"expected \[K, 2\]"):
        draw_keypoints(FACE, np.zeros(2, np.float32), np.zeros(2, np.float32))


def test_heat_returns_to_its_place_on_the_face() -> None:
    """The crop's middle lies at (0, 0.47) IOD from the eyes; corners of the face stay cold."""
    heat = np.zeros((9, 9), dtype=np.float32)
    heat[4, 4] = 1.0
    whole = uncrop(heat, 128)
    row, column = np.unravel_index(whole.argmax(), whole.shape)
    face = MapConfig()
    eye_x, eye_y = face.eyes_px
    middle = eye_y + face.iod_px * (face.crop_top_iod + face.crop_bottom_iod) / 2
    assert abs(column + 0.5 - eye_x) <= 1 and abs(row + 0.5 - middle) <= 1
    assert whole[0, 0] == whole[-1, -1] == 0.0
    hot = draw_heat(np.full((128, 128, 3), 120, np.uint8), whole)
    assert hot[row, column, 0] > hot[row, column, 2]  # red where it is hot, blue elsewhere
    assert hot[0, 0, 2] > hot[0, 0, 0]


def test_asymmetry_by_hand() -> None:
    assert asymmetry(np.array([[1.0, 0.5, 1.0]], np.float32)) == 0.0
    assert asymmetry(np.array([[1.0, 0.0]], np.float32)) == 1.0
    assert asymmetry(np.zeros((2, 2), np.float32)) == 0.0


def test_gradcam_finds_the_patch_that_decides() -> None:
    """A head that only reads what patches of one kind put into the token: they are hot."""
    torch.manual_seed(0)
    net = make_field_vit(64, FieldConfig(cells=28, patch=7, width=16, depth=2, heads=2))
    crop = torch.zeros(2, 28, 28)
    crop[:, 7:14, 14:21] = 0.05
    heat = field_gradcam(net, crop, label=0)
    other = field_gradcam(net, crop, label=1)
    assert heat.shape == (4, 4) and heat.min() >= 0.0 and heat.max() <= 1.0
    assert not np.array_equal(heat, other)
    assert all(p.grad is None for p in net.parameters()) and net.training
    with pytest.raises(ValueError, match=r"label 3: expected 0\.\.2"):
        field_gradcam(net, crop, label=3)


@pytest.mark.parametrize("motion", ["dis", "selfme"])
def test_a_pair_is_explained(motion: str) -> None:
    torch.manual_seed(0)
    net = SelfmeNet(tiny_config(motion)).eval()
    (onset, apex), _ = make_pairs(1)[0][0], 0
    found = explain(net, onset, apex, painted=motion == "selfme")
    assert found.motion_px.shape == (64, 64, 2) and found.attention.shape == (64, 64)
    assert (found.keypoints is None) == (motion == "dis")
    assert (found.reconstruction is None) == (motion == "dis")
    picture = explanation_sheet(onset, apex, found, found)
    assert picture.dtype == np.uint8 and picture.shape[0] == 280 and picture.shape[1] > 1500
    with pytest.raises(ValueError, match=r"expected uint8 \[64, 64, 3\]"):
        explain(net, onset[:32], apex)
    with pytest.raises(ValueError, match="one picture or more"):
        sheet([])
