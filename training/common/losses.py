"""Losses and weights that the classifiers share."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# Regions UL, UR, BL, BR = 0..3. Only identical or mirrored regions have positives.
REGION_PAIRS = ((0, 0), (1, 1), (2, 2), (3, 3), (0, 1), (1, 0), (2, 3), (3, 2))


def symmetric_contrastive_loss(
    regions: Tensor, labels: Tensor, temperature: float = 0.07
) -> Tensor:
    """SelfME, eq. 14: scalar loss of regional embeddings [N, 4, D] (UL, UR, BL, BR), labels [N].

    The printed equation has the same pair above and below the fraction. It is read as supervised
    contrastive: for sample i and regions alpha, beta (identical or mirrored),

        -1/|P| sum_{p in P} log( exp(Phi_i^alpha . Phi_p^beta / tau)
                                 / sum_{a in A} exp(Phi_i^alpha . Phi_a^beta / tau) )

    with A = all samples (without i itself if alpha = beta) and P = those in A of the same class.
    Where the paper is silent: embeddings are normalised to length one, and the terms are averaged
    over samples and region pairs, so that the weight omega does not depend on the batch.
    """
    unit = functional.normalize(regions, dim=-1)
    n = len(labels)
    same_class = labels[:, None] == labels[None, :]
    itself = torch.eye(n, dtype=torch.bool, device=labels.device)
    terms = []
    for alpha, beta in REGION_PAIRS:
        allowed = ~itself if alpha == beta else torch.ones_like(itself)
        score = (unit[:, alpha] @ unit[:, beta].T / temperature).masked_fill(~allowed, -1e9)
        log_probability = score - score.logsumexp(dim=1, keepdim=True)
        positive = same_class & allowed
        count = positive.sum(dim=1)
        term = -(log_probability * positive).sum(dim=1) / count.clamp(min=1)
        terms.append(term[count > 0])
    return torch.cat(terms).mean() if terms else regions.sum() * 0.0


def class_weights(labels: Tensor, classes: int, balance: float) -> Tensor:
    """[classes], mean one over the samples; a class that is not there weighs nothing."""
    count = torch.bincount(labels, minlength=classes).float()
    weight = torch.where(count > 0, (len(labels) / count.clamp(min=1)) ** balance, 0.0)
    return weight * len(labels) / (weight * count).sum()
