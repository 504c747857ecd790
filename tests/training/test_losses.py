"""The symmetric contrastive loss against a plain loop written from eq. 14."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from training.common.losses import symmetric_contrastive_loss  # noqa: E402

MIRRORED = {0: 1, 1: 0, 2: 3, 3: 2}  # UL-UR, BL-BR


def plain_loop(regions, labels, tau: float) -> float:
    unit = [[r / r.norm() for r in sample] for sample in regions]
    n, terms = len(labels), []
    for alpha in range(4):
        for beta in range(4):
            for i in range(n):
                others = [a for a in range(n) if a != i or alpha != beta]
                positives = [
                    p for p in others if labels[p] == labels[i] and beta in (alpha, MIRRORED[alpha])
                ]
                if not positives:
                    continue
                scores = {a: float(unit[i][alpha] @ unit[a][beta]) / tau for a in others}
                bottom = sum(math.exp(score) for score in scores.values())
                logs = [math.log(math.exp(scores[p]) / bottom) for p in positives]
                terms.append(-sum(logs) / len(positives))
    return sum(terms) / len(terms)


@pytest.mark.parametrize("tau", [0.07, 0.5])
def test_it_equals_the_plain_loop(tau: float) -> None:
    generator = torch.Generator().manual_seed(4)
    regions = torch.randn((7, 4, 6), generator=generator)
    labels = torch.tensor([0, 1, 0, 2, 1, 0, 2])
    found = float(symmetric_contrastive_loss(regions, labels, tau))
    assert found == pytest.approx(plain_loop(regions, labels.tolist(), tau), rel=1e-4)


def test_a_class_of_one_has_only_itself_mirrored_as_positive() -> None:
    regions = torch.randn((3, 4, 6), generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([0, 1, 2])
    found = float(symmetric_contrastive_loss(regions, labels, 0.3))
    assert found == pytest.approx(plain_loop(regions, labels.tolist(), 0.3), rel=1e-4)


def test_perfect_regions_cost_least() -> None:
    """Two classes on orthogonal axes: a wrong pair weighs exp(0), a right one exp(1/tau)."""
    axes = torch.eye(2)
    labels = torch.tensor([0, 0, 1, 1])
    regions = axes[labels][:, None, :].repeat(1, 4, 1)
    tau = 0.5
    same = math.log((math.exp(2) + 2) / math.exp(2))  # one positive, two negatives
    mirrored = math.log((2 * math.exp(2) + 2) / math.exp(2))  # two positives, two negatives
    found = float(symmetric_contrastive_loss(regions, labels, tau))
    assert found == pytest.approx((same + mirrored) / 2, rel=1e-5)


def test_it_has_a_gradient() -> None:
    regions = torch.randn((4, 4, 5), requires_grad=True)
    symmetric_contrastive_loss(regions, torch.tensor([0, 0, 1, 1])).backward()
    assert regions.grad is not None and float(regions.grad.abs().sum()) > 0
