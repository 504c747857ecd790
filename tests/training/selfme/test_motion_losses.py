"""The losses of the motion learner (eq. 6, 7) against cases whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from streamer.core.errors import ModelError
from training.selfme import motion_losses
from training.selfme.motion_config import MotionLossConfig
from training.selfme.motion_losses import (
    ThinPlate,
    VggFeatures,
    census_loss,
    draw_thin_plates,
    equivariance_loss,
    make_reconstruction_loss,
    ssim_loss,
    warp_by,
)

CPU = torch.device("cpu")


def picture(seed=0, size=32):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(2, 3, size // 4, size // 4, generator=generator)
    return nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")


class BlobFinder(nn.Module):
    """Centre of mass [N, 1, 2] of a single bright blob: a perfectly equivariant detector."""

    def forward(self, image):
        size = image.shape[-1]
        line = (torch.arange(size) * 2.0 + 1.0) / size - 1.0
        share = image[:, 0] / image[:, 0].sum(dim=(1, 2), keepdim=True)
        return torch.stack([(share.sum(1) * line).sum(1), (share.sum(2) * line).sum(1)], -1)[
            :, None
        ]


def blob(x, y, size=64, sigma=0.06):
    line = (torch.arange(size) * 2.0 + 1.0) / size - 1.0
    away = (line[None, :] - x) ** 2 + (line[:, None] - y) ** 2
    return (-away / (2 * sigma**2)).exp().expand(1, 3, size, size)


@pytest.mark.parametrize("name", ["pixel-census", "pixel-ssim"])
def test_reconstruction_is_zero_for_equal_images_and_grows(name):
    loss = make_reconstruction_loss(MotionLossConfig(perceptual=name), CPU)
    image = picture()
    assert float(loss(image, image)) == pytest.approx(0.0, abs=1e-6)
    near = torch.roll(image, 1, dims=-1)
    far = torch.roll(image, 4, dims=-1)
    assert 0.0 < float(loss(near, image)) < float(loss(far, image))


def test_every_scale_adds_its_term():
    image, other = picture(0), picture(1)
    config = MotionLossConfig(perceptual="pixel-census", scales=(1.0,))
    one = float(make_reconstruction_loss(config, CPU)(other, image))
    assert one == pytest.approx(float(census_loss(other, image)))
    two = make_reconstruction_loss(replace(config, scales=(1.0, 0.5)), CPU)
    half = [nn.functional.avg_pool2d(x, 2) for x in (other, image)]
    assert float(two(other, image)) == pytest.approx(one + float(census_loss(*half)), rel=1e-5)


def test_census_hardly_minds_a_change_of_light():
    image = picture() * 0.8
    lit, moved = image + 0.1, torch.roll(image, 2, dims=-1)
    pixels = 0.1
    assert float(census_loss(lit, image)) == pytest.approx(pixels, abs=1e-5)
    assert float(census_loss(moved, image)) > 2 * float((moved - image).abs().mean())


def test_ssim_of_unrelated_noise_is_near_one_half():
    """Covariance of about zero: SSIM about 0, (1 - 0) / 2 x 0.85 plus the pixels' share."""
    noise = [torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(i)) for i in (0, 1)]
    expected = 0.85 * 0.5 + 0.15 / 3
    assert float(ssim_loss(*noise)) == pytest.approx(expected, abs=0.06)


def test_vgg_without_weights_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(ModelError, match="pixel-census or pixel-ssim"):
        make_reconstruction_loss(MotionLossConfig(), CPU)
    broken = tmp_path / "vgg.safetensors"
    broken.write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="holds no VGG-19"):
        make_reconstruction_loss(MotionLossConfig(vgg_weights=broken), CPU)


def test_vgg_has_the_layers_of_torchvision(tmp_path, monkeypatch):
    """Names and shapes of the published file; the taps are relu1_1, 2_1, 3_1, 4_1, 5_1."""
    monkeypatch.setattr(VggFeatures, "_load", lambda self, path: None)
    net = VggFeatures(None)
    names = [name for name in net.state_dict() if name.endswith("weight")]
    places = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
    assert names == [f"features.{i}.weight" for i in places]
    assert net.features[19].weight.shape == (512, 256, 3, 3)
    shapes = [tuple(x.shape) for x in net(torch.zeros(1, 3, 32, 32))]
    sizes = [(64, 32), (128, 16), (256, 8), (512, 4), (512, 2)]
    assert shapes == [(1, width, size, size) for width, size in sizes]


def test_features_loss_sums_over_maps_and_scales(tmp_path, monkeypatch):
    monkeypatch.setattr(motion_losses, "_VGG_WIDTHS", ((2, 2), (3,)))
    layers = {0: (2, 3), 2: (2, 2), 5: (3, 2)}
    tensors = {f"features.{i}.weight": torch.randn(*s, 3, 3) for i, s in layers.items()}
    tensors |= {f"features.{i}.bias": torch.zeros(s[0]) for i, s in layers.items()}
    save_file(tensors, tmp_path / "vgg.safetensors")
    config = MotionLossConfig(vgg_weights=tmp_path / "vgg.safetensors", scales=(1.0, 0.5))
    image, other = picture(0), picture(1)
    net = VggFeatures(config.vgg_weights)
    expected = 0.0
    for halvings in (0, 1):
        a, b = (nn.functional.avg_pool2d(x, 2) if halvings else x for x in (image, other))
        expected += sum(float((x - y).abs().mean()) for x, y in zip(net(a), net(b), strict=True))
    found = make_reconstruction_loss(config, CPU)(other, image)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_a_perfect_detector_has_no_equivariance_loss():
    """A pure shift by (0.2, -0.1): what lay at x is found at x - shift; T brings it back."""
    image = blob(0.1, 0.2)
    affine = torch.tensor([[[1.0, 0.0, 0.2], [0.0, 1.0, -0.1]]])
    plates = ThinPlate(affine, torch.zeros(1, 2), torch.zeros(1, 1))
    finder = BlobFinder()
    assert finder(warp_by(image, plates))[0, 0].tolist() == pytest.approx([-0.1, 0.3], abs=2e-3)
    assert float(equivariance_loss(finder, image, finder(image), plates)) < 2e-3

    class Fixed(nn.Module):
        def forward(self, image):
            return torch.zeros(1, 1, 2)

    stuck = equivariance_loss(Fixed(), image, torch.zeros(1, 1, 2), plates)
    assert float(stuck) == pytest.approx(0.15)  # mean of 0.2 and 0.1


def test_random_plates_bend_a_little_and_follow_their_seed():
    config, like = MotionLossConfig(), torch.zeros(1)
    points = torch.rand(4, 10, 2) - 0.5
    first = draw_thin_plates(4, config, np.random.default_rng(3), like)(points)
    again = draw_thin_plates(4, config, np.random.default_rng(3), like)(points)
    torch.testing.assert_close(first, again)
    moved = (first - points).norm(dim=-1).mean()
    assert 0.02 < moved < 0.4


def test_thin_plate_by_hand():
    """One control point at 0, weight 0.1, point at (0.5, 0): 0.25 ln 0.5 x 0.1 along both axes."""
    plates = ThinPlate(torch.eye(2, 3)[None], torch.zeros(1, 2), torch.full((1, 1), 0.1))
    expected = 0.1 * 0.25 * np.log(0.5)
    found = plates(torch.tensor([[[0.5, 0.0]]]))[0, 0].tolist()
    assert found == pytest.approx([0.5 + expected, expected], abs=1e-5)
