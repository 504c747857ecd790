"""The extractor on a picture whose motion is known: a textured disc that carries a real mesh."""

import cv2
import numpy as np
import pytest

from spotting.config import SpotterConfig
from spotting.motion import reference
from spotting.motion.extractor import MotionExtractor
from spotting.motion.reference import Step
from spotting.motion.regions import LAYOUT, REGION_NAMES
from spotting.spotter import FaceSpotter, Spotter
from streamer.core.records import Face, Frame
from streamer.core.snapshot import capture, restore, set_state, state_of
from streamer.faces.alignment import Aligner
from streamer.faces.config import FaceConfig
from tests.streamer.faces.meshes import mesh_at

SIZE, IOD, FPS = 320, 60.0, 25
MESH_SHOWS = 0.4  # of a movement: a mesh is coarse
BROW = REGION_NAMES.index("brow_inner_left")


def texture():
    """Smooth random grain, RGB: every place of it can be told from the next."""
    grain = np.random.default_rng(7).normal(size=(SIZE, SIZE)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 2.0)
    grain = 128 + 45 * grain / grain.std()
    return np.repeat(np.clip(grain, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


TEXTURE = texture()


def still(_time_s):
    return 0.0, 0.0, 1.0, 0.0


def swaying(time_s):
    """Shift (px), scale and roll (degrees) of a head that goes about half an IOD to and fro."""
    phase = np.sin(2 * np.pi * time_s / 1.63)
    return 28 * phase, 12 * phase, 1 + 0.06 * phase, 9 * phase


def raised(time_s, at_s=1.0, half_s=0.2):
    """A brow raise, 0..1."""
    away = min(abs(time_s - at_s) / half_s, 1.0)
    return 0.5 * (1 + np.cos(np.pi * away))


def picture(path, time_s, lift_iod):
    """The frame, and its mesh."""
    x, y, scale, roll = path(time_s)
    centre = (SIZE / 2, 130.0)
    shown, mesh = TEXTURE, mesh_at(SIZE / 2 + x, 130.0 + y, IOD * scale, roll)
    if lift_iod:
        at_rest = mesh_at(*centre, IOD)
        brow = LAYOUT.positions(at_rest)[5 * BROW : 5 * BROW + 5, :2].mean(axis=0)
        rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
        away = (columns - brow[0]) ** 2 + (rows - brow[1]) ** 2
        near = np.exp(-away / np.float32(2 * (0.3 * IOD) ** 2)).astype(np.float32)
        shown = cv2.remap(shown, columns, rows + np.float32(lift_iod * IOD) * near, cv2.INTER_CUBIC)
        away = ((at_rest[:, :2] - brow) ** 2).sum(axis=1)
        mesh[:, 1] -= MESH_SHOWS * lift_iod * IOD * np.exp(-away / (2 * (0.3 * IOD) ** 2))
    matrix = cv2.getRotationMatrix2D(centre, -roll, scale)
    matrix[:, 2] += (x, y)
    shown = cv2.warpAffine(shown, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REFLECT)
    return shown, mesh


def faces(path=still, lift_iod=0.0, seconds=2.0, repeat=0):
    """Aligned faces with a mesh every 0.24 s; every `repeat`-th picture is the one before."""
    aligner, shown, mesh = Aligner(FaceConfig()), None, None
    for k in range(int(seconds * FPS)):
        time_s = k / FPS
        if k == 0 or not repeat or k % repeat:
            shown, true = picture(path, time_s, lift_iod * raised(time_s))
        measured = k % 6 == 0
        mesh = true if measured else mesh
        face = Face(0, (0.0, 0.0, 1.0, 1.0), mesh, 1.0, measured)
        yield from aligner.push(Frame(k, time_s, shown), [face])


def motions(**scene):
    extractor = MotionExtractor(SpotterConfig())
    return [extractor.push(face) for face in faces(**scene)]


def displacements(found):
    return np.stack([motion.displacement_iod for motion in found]).astype(np.float64)


def test_a_head_that_sways_moves_no_region_across_new_anchors():
    found = motions(path=swaying)
    assert sum(motion.quality.new_anchor for motion in found) >= 2
    moved = displacements(found)
    assert np.abs(np.diff(moved, axis=0)).max() < 0.01
    assert np.abs(moved).max() < 0.02
    way = np.stack([motion.head_iod for motion in found])
    assert np.ptp(way[:, 0]) == pytest.approx(2 * 28 / IOD, rel=0.25)


def test_a_fast_head_is_lost_where_it_is_not_expected(monkeypatch):
    known = np.abs(displacements(motions(path=swaying))).max()
    monkeypatch.setattr(reference, "_GUESS_FROM", np.inf)
    monkeypatch.setattr(reference, "CELL_FARTHEST_IOD", np.inf)
    assert np.abs(displacements(motions(path=swaying))).max() > 5 * known


@pytest.mark.parametrize(("path", "least"), [(still, 0.6), (swaying, 0.4)])
def test_a_raised_brow_is_measured_on_a_still_and_on_a_swaying_head(path, least):
    lifted = displacements(motions(path=path, lift_iod=0.05))
    calm = displacements(motions(path=path))
    moved = (lifted - calm)[FPS]  # at its apex
    # The patch is a third of the eye distance wide and averages over the foot of the movement.
    assert least < -moved[BROW, 1] / 0.05 < 1.1
    far = [i for i, name in enumerate(REGION_NAMES) if name.startswith(("mouth", "lip", "chin"))]
    assert np.abs(moved[far]).max() < 0.006


def test_a_repeated_picture_is_no_sample():
    spotter = Spotter()
    found = [spotter.push([face])[0][0] for face in faces(path=swaying, repeat=5)]
    repeated = [motion.index for motion in found if motion.quality.repeated]
    new_anchors = [motion.index for motion in found if motion.quality.new_anchor]
    assert repeated == [k for k in range(5, len(found), 5) if k not in new_anchors]
    assert len(repeated) >= 6
    for k in repeated:
        np.testing.assert_array_equal(found[k].displacement_iod, found[k - 1].displacement_iod)
        assert (found[k].index, found[k].time_s) == (k, k / FPS)
    kept = spotter._of(0).history._series.index[spotter._of(0).history._series.raw]
    assert set(kept.tolist()).isdisjoint(repeated)


def test_a_region_that_is_lost_stays_where_it_was():
    extractor = MotionExtractor(SpotterConfig())
    extractor.push(next(faces()))
    cells = len(LAYOUT.first)
    moved, all_found = np.zeros((cells, 2)), np.ones(cells, dtype=bool)
    moved[5 * BROW : 5 * BROW + 5, 1] = -0.05
    without = all_found.copy()
    without[5 * BROW : 5 * BROW + 5] = False
    for k, found in enumerate((all_found, without)):
        step = Step(np.zeros(6), moved * found[:, None], np.ones(cells, dtype=np.float32), found)
        extractor._advance(extractor._reference, step, (k + 1) / FPS)
        assert extractor._displacement[BROW, 1] == pytest.approx(-0.05, abs=1e-6)


def test_another_person_under_the_same_mesh_makes_no_impossible_motion(monkeypatch):
    extractor = MotionExtractor(SpotterConfig())
    found = []
    for face in faces(seconds=1.0):
        found.append(extractor.push(face))
        if face.index == 10:
            monkeypatch.setitem(globals(), "TEXTURE", TEXTURE[::-1, ::-1].copy())
    assert np.hypot(*np.moveaxis(displacements(found), -1, 0)).max() < 0.6


def test_state_taken_in_mid_movement_goes_on_alike():
    spotter = FaceSpotter(0, SpotterConfig(), Spotter()._make_micro(0))
    other = FaceSpotter(0, SpotterConfig(), Spotter()._make_micro(0))
    for face in faces(path=swaying, lift_iod=0.05, repeat=7):
        one = spotter.push(face)[0]
        if face.index == 21:
            set_state(other, restore(capture(state_of(spotter))))
        elif face.index > 21:
            two = other.push(face)[0]
            np.testing.assert_array_equal(one.displacement_iod, two.displacement_iod)
            assert (one.gates, one.quality) == (two.gates, two.quality)
