"""Tracked keypoints follow a known shift, whatever the light does."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from recognition.motion.selfme.config import MotionConfig
from recognition.motion.selfme.keypoints import mean_place
from recognition.motion.selfme.layers import identity_grid, warp
from recognition.motion.selfme.motion_learner import MotionLearner
from recognition.motion.selfme.tracking import gradient, normalise_contrast, track_keypoints

SIZE = 64


def textured():
    generator = torch.Generator().manual_seed(2)
    coarse = torch.rand(1, 3, SIZE // 4, SIZE // 4, generator=generator)
    return functional.interpolate(coarse, size=(SIZE, SIZE), mode="bicubic").clamp(0, 1)


def attention_at(x, y, sigma=0.15):
    away = ((identity_grid(SIZE, torch.zeros(1)) - torch.tensor([x, y])) ** 2).sum(dim=-1)
    shares = (-away / (2 * sigma**2)).exp()
    return (shares / shares.sum())[None, None]


def tracked_px(onset, apex, attention):
    """How far a keypoint went from onset to apex, in pixels."""
    place = mean_place(attention)
    return ((track_keypoints(onset, apex, attention, place) - place)[0, 0] * SIZE / 2).tolist()


@pytest.mark.parametrize("shift", [(0.3, -0.2), (1.0, 0.5), (0.0, 0.0)])
def test_a_shift_is_found_to_a_tenth(shift):
    onset = textured()
    moved = torch.tensor(shift)[None, :, None, None].expand(1, 2, SIZE, SIZE)
    apex = warp(onset, -moved)
    assert tracked_px(onset, apex, attention_at(0.1, -0.2)) == pytest.approx(shift, abs=0.1)


def test_light_is_not_motion():
    onset = 0.6 * textured()
    assert tracked_px(onset, 1.3 * onset + 0.05, attention_at(0.0, 0.1)) == pytest.approx(
        [0.0, 0.0], abs=0.02
    )


def test_smooth_skin_stays_where_it_is():
    flat = torch.full((1, 3, SIZE, SIZE), 0.5)
    noisy = flat + 0.002 * torch.randn(flat.shape, generator=torch.Generator().manual_seed(1))
    assert tracked_px(flat, noisy, attention_at(0.0, 0.0)) == pytest.approx([0, 0], abs=0.05)


def test_each_keypoint_follows_its_own_place():
    """The left half moves right by one pixel, the right half rests."""
    onset = textured()
    moved = torch.zeros(1, 2, SIZE, SIZE)
    moved[:, 0, :, : SIZE // 2] = 1.0
    attention = torch.cat([attention_at(-0.5, 0.0), attention_at(0.5, 0.0)], dim=1)
    place = mean_place(attention)
    found = (track_keypoints(onset, warp(onset, -moved), attention, place) - place) * SIZE / 2
    assert found[0, 0].tolist() == pytest.approx([1.0, 0.0], abs=0.12)
    assert found[0, 1].tolist() == pytest.approx([0.0, 0.0], abs=0.05)


def test_gradient_and_contrast_by_hand():
    ramp = (torch.arange(8.0) * 0.5).expand(1, 1, 8, 8)
    along_x, along_y = gradient(ramp)
    torch.testing.assert_close(along_x[..., 1:-1], torch.full((1, 1, 8, 6), 0.5))
    assert not along_y.any()
    image = textured()
    torch.testing.assert_close(
        normalise_contrast(0.5 * image + 0.2), normalise_contrast(image), atol=0.15, rtol=0
    )


def large_shift_error(rounds):
    torch.manual_seed(0)
    learner = MotionLearner(replace(MotionConfig.small(), track_rounds=rounds)).eval()
    image = functional.interpolate(textured(), size=(128, 128), mode="bilinear")
    apex = warp(image, -torch.full((1, 2, 128, 128), 3.0))
    with torch.no_grad():
        motion = learner.describe(image, apex, 1.0, paint=False).motion
    return float((motion[..., 32:96, 32:96] - 3.0).abs().mean())


def test_a_second_round_finds_the_rest_of_a_large_motion():
    assert large_shift_error(2) < 0.7 * large_shift_error(1)


def test_tracked_motion_is_amplified_in_proportion():
    torch.manual_seed(0)
    learner = MotionLearner(MotionConfig.small()).eval()
    image = functional.interpolate(textured(), size=(128, 128), mode="bilinear")
    apex = warp(image, -torch.full((1, 2, 128, 128), 1.0))
    with torch.no_grad():
        once, twice = (learner.describe(image, apex, g, paint=False).lattice for g in (1.0, 2.0))
    torch.testing.assert_close(twice, 2.0 * once)


def test_a_tracking_learner_learns_where_to_look():
    """The gradient of the motion reaches the detector through the attention."""
    torch.manual_seed(0)
    learner = MotionLearner(MotionConfig.small()).train()
    image = functional.interpolate(textured(), size=(128, 128), mode="bilinear")
    moved = torch.full((1, 2, 128, 128), 1.0)
    out = learner.describe(image, warp(image, -moved), paint=False)
    out.motion.square().mean().backward()
    gradients = [p.grad.abs().max() for p in learner.detector.parameters() if p.grad is not None]
    assert len(gradients) > 5
    assert max(gradients) > 0.0
    assert float(out.motion.detach()[..., 32:96, 32:96].mean()) == pytest.approx(1.0, abs=0.3)
