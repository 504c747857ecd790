import numpy as np
import pytest

from streamer.faces.views import View, around, further_views, is_all, whole


@pytest.mark.parametrize("quarters", range(4))
def test_a_place_in_a_view_is_found_again_in_the_picture(quarters):
    """One bright pixel, by hand at (30, 45) of a picture of 120 x 90."""
    image = np.zeros((90, 120, 3), dtype=np.uint8)
    image[45, 30] = 255
    view = View(10, 20, 60, 50, quarters)
    shown, scale = view.cut(image)
    assert shown.shape == ((60, 50, 3) if quarters % 2 else (50, 60, 3))
    v, u = np.argwhere(shown[:, :, 0])[0]
    (found,) = view.back(np.array([[u + 0.5, v + 0.5]]), scale)  # the middle of the pixel
    assert found == pytest.approx([30.5, 45.5])


def test_a_view_turned_by_its_quarters_is_upright():
    """A picture that was turned clockwise, as a camera on its side gives it."""
    upright = np.arange(24, dtype=np.uint8).reshape(4, 6)[:, :, None].repeat(3, axis=2)
    for quarters in range(4):
        recorded = np.rot90(upright, -quarters)
        shown, _ = whole(recorded.shape[1], recorded.shape[0], quarters).cut(recorded)
        assert np.array_equal(shown, upright)


def test_a_large_view_is_averaged_down_and_places_are_scaled_back():
    image = np.zeros((600, 800, 3), dtype=np.uint8)
    shown, scale = View(100, 0, 512, 512, 2).cut(image)
    assert (shown.shape, scale) == ((256, 256, 3), 0.5)
    assert View(100, 0, 512, 512, 2).back(np.array([[0.0, 256.0]]), scale)[0] == pytest.approx(
        [612.0, 0.0]
    )


def test_the_whole_picture_is_shown_as_it_is():
    image = np.zeros((600, 800, 3), dtype=np.uint8)
    shown, scale = whole(800, 600).cut(image)
    assert shown.base is image or shown is image
    assert scale == 1.0


@pytest.mark.parametrize("size", [(640, 360), (1080, 1920), (3840, 2160), (7680, 4320), (100, 80)])
def test_views_lie_in_the_picture_and_cover_it(size):
    width, height = size
    views = further_views(width, height, 0)
    for view in views:
        assert view.left_px >= 0 and view.left_px + view.width_px <= width
        assert view.top_px >= 0 and view.top_px + view.height_px <= height
    assert {view.quarters for view in views if is_all(view, np.zeros((height, width)))} == {1, 2, 3}
    for side in {view.width_px for view in views if view.width_px == view.height_px} - {width}:
        tiles = [view for view in views if view.width_px == side and view.quarters == 0]
        rng = np.random.default_rng(0)
        face = 0.24 * side  # whatever fits into the overlap is whole in one of them
        for x, y in rng.uniform(0, 1, (200, 2)) * (width - face, height - face):
            assert any(
                view.left_px <= x
                and x + face <= view.left_px + side
                and view.top_px <= y
                and y + face <= view.top_px + side
                for view in tiles
            )


def test_40_px_between_the_eyes_in_4k_are_8_of_the_detector():
    sides = {view.width_px for view in further_views(3840, 2160, 0)}
    assert max(40 * 128 / side for side in sides if side < 2160) > 8


def test_the_kept_roll_comes_first_among_the_tiles():
    turns = [view.quarters for view in further_views(1280, 720, 2)]
    assert turns[:3] == [0, 3, 1]  # the whole picture in the others
    tiles = turns[3:]
    assert tiles[: tiles.count(2)] == [2] * tiles.count(2)


def test_a_view_around_a_place_at_the_border_stays_inside():
    assert around(5.0, 300.0, 100.0, (640, 360), 1) == View(0, 250, 55, 100, 1)
    assert around(-50.0, 900.0, 60.0, (640, 360), 0).height_px >= 1
