"""Which unit moved where: sides, measured motion and the picture, on faces and fields by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recognition.config import face_of
from recognition.explain.unit_picture import GAIN, draw_units
from recognition.explain.units import PLACES, UNIT_NAMES, MovedPlace, mean_motion, moved_places
from spotting.motion.regions import _CELLS
from streamer.core.records import UNITS, ActionUnit
from training.synthetic.face_model import CANONICAL_LANDMARKS, MIRROR

SIZE = 128
MIDLINE = ("17", "24", "25/26")  # their places are of both halves
FACE = np.full((SIZE, SIZE, 3), 120, dtype=np.uint8)


def mesh() -> np.ndarray:
    """The mean face on the aligned face of 128 px.

    Points that it does not know lie in the middle of the others of their place.
    """
    points = CANONICAL_LANDMARKS[:, :2].copy()
    for side in (side for places in PLACES.values() for place in places for side in place):
        for point in side:
            if np.isnan(points[point]).any():
                points[point] = np.nanmean(CANONICAL_LANDMARKS[list(side), :2], axis=0)
    face = face_of(SIZE)
    return np.asarray(points * face.iod_px + np.array(face.eyes_px), dtype=np.float32)


def halves(left: tuple[float, float], right: tuple[float, float]) -> np.ndarray:
    """A field of one motion on the left half of the picture and another on the right one."""
    field = np.empty((SIZE, SIZE, 2), dtype=np.float32)
    field[:, : SIZE // 2], field[:, SIZE // 2 :] = left, right
    return field


def unit(name: str, side: str = "both") -> ActionUnit:
    return ActionUnit(name, side, 0.9, 1.0)  # type: ignore[arg-type]


def mirrors() -> dict[int, int]:
    """Mesh points and their mirror images, as two other tables of this project have them."""
    pairs = dict(MIRROR)
    for name, cells in _CELLS.items():
        if name.endswith("_left"):
            others = _CELLS[name.replace("_left", "_right")]
            for mine, theirs in zip(cells, others, strict=True):
                pairs |= dict(zip(mine, theirs, strict=True))
    return pairs | {208: 428}


def test_every_unit_has_a_name_and_mirrored_places() -> None:
    assert tuple(PLACES) == tuple(UNIT_NAMES) == UNITS
    pairs = mirrors()
    for name, places in PLACES.items():
        for right, left in places:
            assert tuple(pairs[point] for point in right) == left, name


def test_the_person_s_right_is_on_the_left_of_the_picture() -> None:
    for name, places in PLACES.items():
        for right, left in places:
            x = [np.nanmean(CANONICAL_LANDMARKS[list(side), 0]) for side in (right, left)]
            assert x[0] <= 0 <= x[1], name
            assert x[0] < x[1] or name in ("17",), name  # the chin has one boss


@pytest.mark.parametrize("name", [name for name in UNITS if name not in MIDLINE])
def test_each_side_has_the_motion_of_its_half(name: str) -> None:
    field = halves((0.01, 0.0), (0.0, -0.03))
    both = moved_places([unit(name)], mesh(), field)
    assert [place.side for place in both] == ["R", "L"]
    assert both[0].motion_iod == pytest.approx([0.01, 0.0], abs=4e-3)
    assert both[1].motion_iod == pytest.approx([0.0, -0.03], abs=4e-3)
    (left,) = moved_places([unit(name, "L")], mesh(), field)
    assert left.side == "L" and np.array_equal(left.motion_iod, both[1].motion_iod)


def test_lips_that_press_are_two_places() -> None:
    """Upper lip down, lower lip up: a mean over both would be nothing."""
    lips_px = mesh()[13, 1]
    field = np.zeros((SIZE, SIZE, 2), dtype=np.float32)
    field[: round(float(lips_px)), :, 1], field[round(float(lips_px)) :, :, 1] = 0.02, -0.02
    places = moved_places([unit("24")], mesh(), field)
    assert [(place.side, round(float(place.motion_iod[1]), 3)) for place in places] == [
        ("R", 0.02), ("L", 0.02), ("R", -0.02), ("L", -0.02),
    ]  # fmt: skip


def test_the_mean_is_of_a_small_disc() -> None:
    field = np.zeros((SIZE, SIZE, 2), dtype=np.float32)
    field[40, 50] = (0.5, -1.0)
    reach = 0.06 * face_of(SIZE).iod_px  # 2.6 px: 21 pixels lie within
    inside = sum(x * x + y * y <= reach**2 for x in range(-3, 4) for y in range(-3, 4))
    assert inside == 21
    got = mean_motion(field, np.array([[50.0, 40.0]], dtype=np.float32))
    assert got == pytest.approx([0.5 / 21, -1.0 / 21])
    outside = np.array([[-50.0, 400.0]], dtype=np.float32)
    assert mean_motion(field, outside).tolist() == [0.0, 0.0]


def test_arrays_of_another_shape_are_named() -> None:
    with pytest.raises(ValueError, match="landmarks have shape"):
        moved_places([unit("12")], mesh()[:400], halves((0, 0), (0, 0)))
    with pytest.raises(ValueError, match="motion has shape"):
        moved_places([unit("12")], mesh(), np.zeros((8, 9, 2), dtype=np.float32))
    with pytest.raises(ValueError, match="expected uint8"):
        draw_units(FACE.astype(np.float32), [])  # type: ignore[arg-type]


def changed(places: list[MovedPlace]) -> np.ndarray:
    """Which pixels of the picture are others than without places."""
    return np.any(draw_units(FACE, places) != draw_units(FACE, []), axis=2)


def test_a_unit_on_the_left_is_drawn_and_labelled_on_the_right_of_the_picture() -> None:
    places = moved_places([unit("12", "L")], mesh(), halves((0.0, 0.0), (0.0, -0.03)))
    drawn = changed(places)
    width = drawn.shape[1]
    assert drawn[:, : width // 2].sum() == 0 and drawn[:, width // 2 :].sum() > 500
    assert drawn[:, width - 140 :].any()  # the label
    right = moved_places([unit("12", "R")], mesh(), halves((0.0, -0.03), (0.0, 0.0)))
    assert changed(right)[:, width // 2 :].sum() == 0


def test_an_arrow_goes_the_measured_way() -> None:
    """Up by 0.03 IOD: 6 x 0.03 x 43.5 px, four times as large, above the middle of the points."""
    still = moved_places([unit("12", "L")], mesh(), halves((0.0, 0.0), (0.0, 0.0)))
    moved = moved_places([unit("12", "L")], mesh(), halves((0.0, 0.0), (0.0, -0.03)))
    # The label says how far it moved: only the face is compared.
    arrow = np.any(draw_units(FACE, moved) != draw_units(FACE, still), axis=2)[26:, 150:-150]
    rows, columns = np.nonzero(arrow)
    x, y = 4 * (moved[0].centre_px + 0.5)
    length = GAIN * 0.03 * face_of(SIZE).iod_px * 4
    assert rows.max() == pytest.approx(y, abs=6) and rows.min() == pytest.approx(y - length, abs=6)
    assert columns.mean() == pytest.approx(x, abs=4)


def test_many_labels_keep_apart() -> None:
    units = [unit(name) for name in UNITS]
    picture = draw_units(FACE, moved_places(units, mesh(), halves((0, 0.02), (0, 0.02))))
    column = np.any(picture[:, 8:60] != 250, axis=(1, 2))[26:]
    lines = int((np.diff(column.astype(int)) == 1).sum())
    assert lines == 2 * len(UNITS)  # code, and below it the motion
