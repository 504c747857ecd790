import numpy as np

from spotting.motion.regions import CELLS_PER_REGION, LAYOUT, REGION_NAMES
from spotting.motion.rows import N_ROWS, moving_regions, with_symmetric_pairs
from tests.streamer.faces.meshes import upright_mesh


def test_left_regions_lie_left_and_mirror_the_right_ones():
    cells = LAYOUT.positions(upright_mesh())
    for i, name in enumerate(REGION_NAMES):
        if not name.endswith("_left"):
            continue
        j = REGION_NAMES.index(name.replace("_left", "_right"))
        left = cells[i * CELLS_PER_REGION : (i + 1) * CELLS_PER_REGION, :2]
        right = cells[j * CELLS_PER_REGION : (j + 1) * CELLS_PER_REGION, :2]
        assert left[:, 0].mean() < 0 < right[:, 0].mean()
        np.testing.assert_allclose(left.mean(axis=0) * (-1, 1), right.mean(axis=0), atol=0.12)


def test_brows_lie_above_eyes_above_mouth():
    cells = LAYOUT.positions(upright_mesh())

    def height(name):
        i = REGION_NAMES.index(name)
        return cells[i * CELLS_PER_REGION : (i + 1) * CELLS_PER_REGION, 1].mean()

    assert height("brow_inner_left") < height("eye_left") < height("nose_left")
    assert height("nose_left") < height("lip_upper") < height("lip_lower") < height("chin")


def test_pooling_ignores_one_lost_cell():
    motion = np.zeros((len(LAYOUT.first), 2))
    motion[:5] = [[0.02, 0], [0.02, 0], [0.02, 0], [0.02, 0], [-3.0, 5.0]]
    np.testing.assert_allclose(LAYOUT.pool(motion)[0], [0.02, 0.0], atol=1e-12)


def test_cells_that_were_not_found_pull_no_region_back():
    motion, found = np.zeros((len(LAYOUT.first), 2)), np.ones(len(LAYOUT.first), dtype=bool)
    motion[:3], found[3:5] = (0.02, -0.01), False
    pooled, known = LAYOUT.pool_found(motion, found)
    np.testing.assert_allclose(pooled[0], [0.02, -0.01], atol=1e-12)
    assert known.all()


def test_a_region_is_known_by_most_of_its_cells():
    found = np.ones(len(LAYOUT.first), dtype=bool)
    found[2:5] = False
    known = LAYOUT.pool_found(np.zeros((len(found), 2)), found)[1]
    assert not known[0]
    assert known[1:].all()


def test_symmetric_pairs_add_what_both_sides_do():
    motion = np.zeros((len(REGION_NAMES), 2))
    left, right = REGION_NAMES.index("mouth_left"), REGION_NAMES.index("mouth_right")
    motion[left], motion[right] = (-0.02, -0.01), (0.02, -0.01)  # both corners out and up
    rows = with_symmetric_pairs(motion)
    assert rows.shape == (N_ROWS, 2)
    moved = rows[len(REGION_NAMES) :]
    moved = moved[np.abs(moved).sum(axis=1) > 0]
    np.testing.assert_allclose(moved, [[-0.02, -0.01]], atol=1e-7)


def test_a_pair_names_both_of_its_sides():
    scores = np.zeros(N_ROWS)
    scores[REGION_NAMES.index("chin")], scores[REGION_NAMES.index("nose_left")] = 1.5, 0.9
    pairs = [name for name in REGION_NAMES if name.endswith("_left")]
    scores[len(REGION_NAMES) + pairs.index("mouth_left")] = 2.0
    assert moving_regions(scores) == ("mouth_left", "mouth_right", "chin")
