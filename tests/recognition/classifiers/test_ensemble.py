"""The exported model: views of a map, mirrored answers."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recognition.classifiers.ensemble import OTHER_SHIFT, ViewEnsemble, mirror, resampling  # noqa: E402
from recognition.classifiers.scvit import SCViT, SCViTConfig  # noqa: E402


def test_mirror_twice_is_the_identity_and_negates_u() -> None:
    rng = np.random.default_rng(0)
    maps = torch.from_numpy(rng.integers(0, 256, (2, 28, 28, 3), dtype=np.uint8))
    assert torch.equal(mirror(mirror(maps)), maps)
    assert torch.equal(mirror(maps)[:, :, 0, 0], 255 - maps[:, :, 27, 0])
    assert torch.equal(mirror(maps)[:, :, 0, 1:], maps[:, :, 27, 1:])


def test_the_ensemble_answers_a_face_and_its_mirror_image_alike() -> None:
    torch.manual_seed(0)
    ensemble = ViewEnsemble([SCViT(), SCViT()]).eval()
    rng = np.random.default_rng(1)
    maps = torch.from_numpy(rng.integers(0, 256, (4, 28, 28, 3), dtype=np.uint8))
    with torch.no_grad():
        torch.testing.assert_close(ensemble(maps), ensemble(mirror(maps)), atol=1e-5, rtol=0)


def test_resampling_by_hand() -> None:
    line = torch.tensor([0.0, 10.0, 20.0, 30.0])
    assert torch.equal(resampling(4, 0.0, 1.0), torch.eye(4))
    # moved by 1.5 cells: cell 0 and 1 lie before the start, 2 half between 0 and 1
    assert (resampling(4, 1.5, 1.0) @ line).tolist() == [0.0, 0.0, 5.0, 15.0]
    # twice as large about 1.5: cells 0..3 show 0.75, 1.25, 1.75, 2.25
    assert (resampling(4, 0.0, 2.0) @ line).tolist() == [7.5, 12.5, 17.5, 22.5]


def test_rows_sum_to_one_so_rest_stays_rest() -> None:
    ensemble = ViewEnsemble([SCViT()])
    assert torch.allclose(ensemble.rows.sum(dim=-1), torch.ones(()))
    assert torch.allclose(ensemble.columns.sum(dim=-2), torch.ones(()))


def test_each_map_is_answered_by_itself() -> None:
    torch.manual_seed(0)
    ensemble = ViewEnsemble([SCViT(), SCViT()]).eval()
    rng = np.random.default_rng(2)
    maps = torch.from_numpy(rng.integers(0, 256, (3, 28, 28, 3), dtype=np.uint8))
    with torch.no_grad():
        one_by_one = torch.cat([ensemble(maps[i : i + 1]) for i in range(3)])
        torch.testing.assert_close(ensemble(maps), one_by_one, atol=1e-5, rtol=0)


def test_the_answer_is_the_mean_over_views_and_members() -> None:
    """A plain loop over members, views and mirror images."""
    torch.manual_seed(1)
    members = [SCViT().eval(), SCViT().eval()]
    ensemble = ViewEnsemble(members).eval()
    rng = np.random.default_rng(3)
    maps = torch.from_numpy(rng.integers(0, 256, (2, 28, 28, 3), dtype=np.uint8))
    answers = []
    with torch.no_grad():
        for member in members:
            for rows, columns in zip(ensemble.rows, ensemble.columns, strict=True):
                view = torch.einsum("ij,njkc,kl->nilc", rows, maps.float(), columns)
                for seen in (view, mirror(view)):
                    answers.append(member(seen)[0].log_softmax(dim=-1))
        expected = torch.stack(answers).mean(dim=0)
        torch.testing.assert_close(ensemble(maps), expected, atol=1e-5, rtol=0)


def test_a_mirrored_face_changes_the_sides_of_its_units() -> None:
    torch.manual_seed(2)
    members = [SCViT(SCViTConfig(units=4, classes=4)).eval() for _ in range(2)]
    ensemble = ViewEnsemble([SCViT()], members).eval()
    ensemble.unit_scale.copy_(torch.tensor([[1.0], [2.0], [0.5], [1.0]]))
    maps = torch.from_numpy(
        np.random.default_rng(4).integers(0, 256, (3, 28, 28, 3), dtype=np.uint8)
    )
    with torch.no_grad():
        told, turned = ensemble.tell(maps), ensemble.tell(mirror(maps))
    assert told[0].shape == (3, 4) and told[1].shape == told[2].shape == (3, 4, 2)
    assert not torch.allclose(told[1], told[1].flip(2), atol=1e-4)
    for one, two in zip(told[1:], turned[1:], strict=True):
        torch.testing.assert_close(one, two.flip(2), atol=1e-5, rtol=0)


def test_one_member_of_units_by_hand() -> None:
    """The mean logit over views, then scale and shift; strengths as means of shares."""
    torch.manual_seed(3)
    member = SCViT(SCViTConfig(units=2, classes=4)).eval()
    ensemble = ViewEnsemble([SCViT()], [member]).eval()
    ensemble.unit_scale.copy_(torch.tensor([[2.0], [1.0]]))
    ensemble.unit_shift.copy_(torch.tensor([[0.0], [-1.0]]))
    maps = torch.from_numpy(
        np.random.default_rng(5).integers(0, 256, (1, 28, 28, 3), dtype=np.uint8)
    )
    units, strengths = [], []
    with torch.no_grad():
        for rows, columns in zip(ensemble.rows, ensemble.columns, strict=True):
            view = torch.einsum("ij,njkc,kl->nilc", rows, maps.float(), columns)
            plain, turned = member.tell(view), member.tell(mirror(view))
            units += [plain.units, turned.units.flip(2)]
            strengths += [plain.strengths.sigmoid(), turned.strengths.sigmoid().flip(2)]
        mean = torch.stack(units).mean(dim=0)
        expected = torch.stack([2.0 * mean[:, 0], mean[:, 1] - 1.0], dim=1).sigmoid()
        _, told, strong = ensemble.tell(maps)
    torch.testing.assert_close(told, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(strong, torch.stack(strengths).mean(dim=0), atol=1e-5, rtol=0)


def test_emotions_are_those_of_their_members_and_other_of_the_unit_members() -> None:
    torch.manual_seed(6)
    emotions, units = SCViT().eval(), SCViT(SCViTConfig(units=2, classes=4)).eval()
    ensemble = ViewEnsemble([emotions], [units]).eval()
    maps = torch.from_numpy(
        np.random.default_rng(6).integers(0, 256, (3, 28, 28, 3), dtype=np.uint8)
    )
    with torch.no_grad():
        shares = ensemble.tell(maps)[0].exp()
        three = ViewEnsemble([emotions]).eval()(maps).softmax(dim=-1)
        four = ViewEnsemble([units]).eval()(maps) + torch.tensor([0.0, 0.0, 0.0, OTHER_SHIFT])
        four = four.softmax(dim=-1)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(3))
    torch.testing.assert_close(shares[:, 3], four[:, 3])
    torch.testing.assert_close(shares[:, :3] / shares[:, :3].sum(dim=1, keepdim=True), three)
