"""Keypoints, dense motion and the whole learner: by hand, and refusing what it cannot take."""

import math

import pytest
import torch

from recognition.motion.selfme.config import LATTICE, GeneratorConfig, HourglassConfig, MotionConfig
from recognition.motion.selfme.dense_motion import align_frames, weigh_motions
from recognition.motion.selfme.diffeomorphism import compose
from recognition.motion.selfme.keypoints import attention, heatmaps, local_motions, mean_place
from recognition.motion.selfme.layers import warp
from recognition.motion.selfme.motion_learner import MotionLearner

TINY = MotionConfig(
    image_size_px=32,
    keypoints=3,
    detector=HourglassConfig(4, 8, 2),
    dense=HourglassConfig(4, 8, 2),
    generator=GeneratorConfig(4, 8, 1, 1),
)


@pytest.fixture
def learner():
    torch.manual_seed(0)
    return MotionLearner(TINY).eval()


def faces(count=2, size=32, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, size, size, 3), dtype=torch.uint8, generator=generator)


def test_soft_argmax_finds_a_planted_blob():
    """A Gaussian of 1.5 pixels at pixel (row 5.25, column 9.5) of 16: to a hundredth of a pixel."""
    row, column = 5.25, 9.5
    line = torch.arange(16.0)
    away = (line[:, None] - row) ** 2 + (line[None, :] - column) ** 2
    scores = 0.1 * (-away / (2 * 1.5**2))[None, None]
    place = (mean_place(attention(scores, 0.1))[0, 0] + 1) * 16 / 2 - 0.5
    assert place.tolist() == pytest.approx([column, row], abs=0.01)


def test_heatmap_by_hand():
    """Eq. 3 at the pixel centres -0.75, -0.25, 0.25, 0.75 around a keypoint at (0.25, -0.25)."""
    found = heatmaps(torch.tensor([[[0.25, -0.25]]]), 4, 0.5)[0, 0]
    assert found[1, 2] == pytest.approx(1.0)
    assert found[1, 3] == pytest.approx(math.exp(-(0.5**2) / 0.5))
    assert found[3, 2] == pytest.approx(math.exp(-(1.0**2) / 0.5))
    assert found[0, 0] == pytest.approx(math.exp(-(1.0**2 + 0.5**2) / 0.5))


def test_gamma_scales_the_local_motion():
    onset, apex = torch.tensor([[[0.2, 0.1]]]), torch.tensor([[[0.1, 0.3]]])
    once = local_motions(onset, apex, 1.0)
    assert once[0, 0].tolist() == pytest.approx([0.1, -0.2])
    torch.testing.assert_close(local_motions(onset, apex, 2.0), 2.0 * once)


def test_dense_motion_is_the_weighted_sum():
    psi = torch.tensor([0.25, 0.75])[None, :, None, None].expand(1, 2, 2, 2)
    local = torch.tensor([[[0.4, 0.0], [0.0, -0.8]]])
    found = weigh_motions(psi, local)
    assert found.shape == (1, 2, 2, 2)
    assert found[0, :, 1, 0].tolist() == pytest.approx([0.1, -0.6])


def test_frames_are_aligned_by_each_motion():
    """Local motion (+1/4, 0) of 8 pixels is one pixel: u shows what the onset has right of it."""
    picture = torch.rand(1, 3, 8, 8)
    aligned = align_frames(picture, torch.tensor([[[0.25, 0.0], [0.0, 0.0]]]))
    assert aligned.shape == (1, 2, 3, 8, 8)
    torch.testing.assert_close(aligned[0, 0, :, :, :-1], picture[0, :, :, 1:])
    torch.testing.assert_close(aligned[0, 1], picture[0])


def test_warp_by_whole_pixels():
    picture = torch.rand(1, 2, 6, 6)
    shift = torch.tensor([0.0, 2.0])[None, :, None, None].expand(1, 2, 6, 6)
    torch.testing.assert_close(warp(picture, shift)[:, :, :4], picture[:, :, 2:])


def test_shapes_and_ranges(learner):
    out = learner(faces(2), faces(2, seed=2))
    assert out.motion.shape == (2, 2, 32, 32)
    assert out.lattice.shape == (2, 2, 8, 8)
    assert out.onset_keypoints.shape == out.apex_keypoints.shape == (2, 3, 2)
    assert out.weights.shape == (2, 3, 8, 8)
    torch.testing.assert_close(out.weights.sum(dim=1), torch.ones(2, 8, 8))
    assert out.reconstruction.shape == (2, 3, 32, 32)
    assert out.reconstruction.min() >= 0.0 and out.reconstruction.max() <= 1.0


def test_motion_alone_is_the_same_and_runs_no_generator(learner):
    onset, apex = faces(2), faces(2, seed=2)
    expected = learner(onset, apex).motion
    del learner.generator
    torch.testing.assert_close(learner.motion(onset, apex), expected)


def test_equal_frames_do_not_move(learner):
    assert not learner.motion(faces(1), faces(1)).any()


def test_forward_motion_undoes_the_backward_one(learner):
    """The reported motion is onset -> apex; the lattice's exponential is apex -> onset."""
    out = learner(faces(1), faces(1, seed=2), gamma=3.0)
    back = learner.expand(out.lattice)
    inside = slice(4, 28)
    assert out.motion[..., inside, inside].abs().max() > 0.05
    rest = compose(out.motion, back)[..., inside, inside].abs().max()
    assert rest < 0.05 * back.abs().max()


def test_gamma_is_one_in_training_and_the_configured_one_after(learner):
    onset, apex = faces(2), faces(2, seed=2)
    both = learner.normalise(onset), learner.normalise(apex)
    moved = {g: learner.describe(*both, g).lattice for g in (None, 1.0, 2.0)}
    torch.testing.assert_close(moved[None], moved[2.0])
    assert learner._gamma(None) == 2.0
    assert learner.train()._gamma(None) == 1.0
    assert moved[2.0].abs().mean() > 1.5 * moved[1.0].abs().mean()


def test_without_spline_the_expansion_is_bilinear():
    plain = MotionLearner(MotionConfig(spline=False))
    lattice = torch.randn(1, 2, 32, 32)
    found = plain.expand(lattice)
    assert found.shape == (1, 2, 128, 128)
    # Control points lie at 4 i + 1.5: pixel 6 is 1/8 of the way from the second to the third.
    expected = 0.875 * lattice[0, 0, 1, 1] + 0.125 * lattice[0, 0, 1, 2]
    row = 0.5 * (found[0, 0, 5, 6] + found[0, 0, 6, 6])
    below = 0.875 * lattice[0, 0, 2, 1] + 0.125 * lattice[0, 0, 2, 2]
    above = 0.875 * lattice[0, 0, 0, 1] + 0.125 * lattice[0, 0, 0, 2]
    mixed = 0.5 * (0.875 + 0.875) * expected + 0.0625 * (above + below)
    assert float(row) == pytest.approx(float(mixed), abs=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        torch.zeros(1, 31, 32, 3, dtype=torch.uint8),
        torch.zeros(32, 32, 3, dtype=torch.uint8),
        torch.zeros(1, 32, 32, dtype=torch.uint8),
        torch.zeros(1, 3, 32, 32, dtype=torch.uint8),
        torch.zeros(0, 32, 32, 3, dtype=torch.uint8),
        torch.full((1, 32, 32, 3), float("nan")),
        torch.zeros(1, 32, 32, 3),
    ],
)
def test_wrong_images_are_refused_with_the_shape_wanted(learner, wrong):
    for call in (learner, learner.motion):
        with pytest.raises(ValueError, match=r"expected uint8 \[N, 32, 32, 3\]"):
            call(wrong, wrong)


def test_unequal_counts_and_bad_gamma_are_refused(learner):
    with pytest.raises(ValueError, match="2 onset images and 1 apex"):
        learner(faces(2), faces(1))
    with pytest.raises(ValueError, match="gamma is nan"):
        learner(faces(1), faces(1), gamma=float("nan"))


def test_sizes_that_the_networks_cannot_halve_are_refused():
    with pytest.raises(ValueError, match="need a multiple of 64"):
        MotionConfig(image_size_px=100)


def test_full_size_is_the_published_one():
    full = MotionConfig.full()
    assert (full.image_size_px, full.keypoints, full.image_size_px // LATTICE) == (256, 10, 64)
