"""FRL-DGT's displacement module: shapes, direction, what it refuses."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recognition.config import face_of  # noqa: E402
from recognition.motion.frl_dgt.config import DgmConfig  # noqa: E402
from recognition.motion.frl_dgt.dgm import DisplacementGenerator, face_window  # noqa: E402
from training.frl_dgt.losses import roughness, self_supervised_loss, warp_by  # noqa: E402
from training.frl_dgt.settings import SelfSupervision  # noqa: E402

SIZE, SHIFT_PX = 64, (0.8, -0.5)


def soft_face(size: int = SIZE) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=(size, size, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.clip(128 + 120 * soft / np.abs(soft).max(), 0, 255).astype(np.uint8)


def shifted(face: np.ndarray, x: float, y: float) -> np.ndarray:
    size, matrix = face.shape[:2], np.array([[1, 0, x], [0, 1, y]], dtype=np.float32)
    mode = {"flags": cv2.INTER_CUBIC, "borderMode": cv2.BORDER_REPLICATE}
    return cv2.warpAffine(face, matrix, size, **mode)


def batch(*faces: np.ndarray):  # type: ignore[no-untyped-def]
    return torch.from_numpy(np.stack(faces))


def make_module(size: int = SIZE) -> DisplacementGenerator:
    torch.manual_seed(0)
    return DisplacementGenerator(DgmConfig(size_px=size, width=8))


@pytest.mark.parametrize("photometric", ["ssim", "l1"])
def test_it_recovers_a_known_displacement_without_labels(photometric: str) -> None:
    module, face = make_module(), soft_face()
    onset = module.normalise(batch(face))
    apex = module.normalise(batch(shifted(face, *SHIFT_PX)))
    own = SelfSupervision(photometric=photometric)  # type: ignore[arg-type]
    adam = torch.optim.Adam(module.parameters(), 4e-3)
    assert not module.generate(onset, apex).any()  # a face at rest
    for _ in range(60):
        adam.zero_grad()
        self_supervised_loss(onset, apex, module.generate(onset, apex), own).backward()
        adam.step()
    found = module.generate(onset, apex)[0, :, 8:-8, 8:-8].mean(dim=(1, 2)).detach().numpy()
    np.testing.assert_allclose(found, SHIFT_PX, atol=0.12)


def test_the_true_displacement_has_the_least_loss() -> None:
    module, face = make_module(), soft_face()
    onset = module.normalise(batch(face))
    apex = module.normalise(batch(shifted(face, 1.0, 0.0)))
    losses = []
    for x in (1.0, 0.0, -1.0, 2.0):
        field = torch.zeros(1, 2, *onset.shape[2:])
        field[:, 0] = x
        losses.append(float(self_supervised_loss(onset, apex, field, SelfSupervision())))
    assert losses[0] < 0.1 * losses[1] and losses[0] < 0.1 * losses[3]
    assert losses[2] > losses[1]  # the wrong way round is worse than none


def test_loss_terms_by_hand() -> None:
    ramp = torch.arange(4.0).expand(1, 2, 4, 4)  # grows by 1 px along x in both planes
    assert float(roughness(ramp)) == pytest.approx(1.0)
    image = torch.arange(5.0).expand(1, 1, 5, 5)
    shift = torch.zeros(1, 2, 5, 5)
    shift[:, 0] = 0.5
    np.testing.assert_allclose(warp_by(image, shift)[0, 0, 0], [0.5, 1.5, 2.5, 3.5, 4.0], atol=1e-6)
    shift[:, 0], shift[:, 1] = 0.0, 1.0
    tall = torch.arange(6.0)[:, None].expand(1, 1, 6, 5)
    moved = warp_by(tall, torch.cat([torch.zeros(1, 1, 6, 5), torch.ones(1, 1, 6, 5)], dim=1))
    np.testing.assert_allclose(moved[0, 0, :, 0], [1, 2, 3, 4, 5, 5], atol=1e-5)


def test_light_and_contrast_are_left_out() -> None:
    module, face = make_module(), soft_face()
    other = (0.6 * face.astype(np.float32) + 40).astype(np.uint8)
    first, second = module.normalise(batch(face, other))
    assert float((first - second).abs().mean()) < 0.08 * float(first.abs().mean())


@pytest.mark.parametrize("size", [64, 96, 128, 256])
def test_the_window_holds_the_recognisers_crop(size: int) -> None:
    (top, bottom), (left, right) = face_window(size)
    face, (x, y) = face_of(size), face_of(size).eyes_px
    assert 0 <= top <= max(0.0, y + face.crop_top_iod * face.iod_px)
    assert min(size, y + face.crop_bottom_iod * face.iod_px) <= bottom <= size
    assert left <= x + face.crop_left_iod * face.iod_px
    assert x + face.crop_right_iod * face.iod_px <= right
    assert (bottom - top) % 16 == (right - left) % 16 == 0


def test_shapes_and_constant_faces() -> None:
    module = make_module(128).eval()
    torch.nn.init.normal_(module.displace.weight, std=0.1)
    flat = torch.full((2, 128, 128, 3), 90, dtype=torch.uint8)
    found = module(flat, flat)
    assert found.shape == (2, 2, 128, 128) and bool(torch.isfinite(found).all())
    (top, _), (left, _) = module.window
    assert top > 0 and left > 0
    np.testing.assert_array_equal(found[:, :, 0].detach(), found[:, :, top].detach())


def test_wrong_faces_are_named() -> None:
    module, good = make_module(), batch(soft_face())
    for wrong in (good.float(), good[:, :32], good[:0], good[..., :1], good[0]):
        with pytest.raises(ValueError, match=r"expected uint8 \[N, 64, 64, 3\]"):
            module(good, wrong)
    with pytest.raises(ValueError, match="2 onset faces but 1 apex faces"):
        module(torch.cat([good, good]), good)
    with pytest.raises(ValueError, match="multiple of 16"):
        DgmConfig(size_px=100)
