"""The loss of KTO: learning from single thumbs, up or down, without pairs.

Ethayarajh et al. 2024, "KTO: Model Alignment as Prospect Theoretic Optimization",
https://arxiv.org/abs/2402.01306, equations 7 and 8.
"""

from collections.abc import Callable

import torch

__all__ = ["divergence", "kto_losses"]


def divergence(
    policy: torch.Tensor,
    reference: torch.Tensor,
    *,
    mean: Callable[[torch.Tensor], torch.Tensor] = torch.mean,
) -> torch.Tensor:
    """How far the policy has moved, z₀ of the paper, in nats: a scalar without gradient.

    Both are log-probabilities [rows] of mismatched jokes, each after the prompt of another. Their
    mean log-ratio is a biased estimate of the divergence, kept from falling below zero. Where rows
    are read in several places, `mean` is that over all of them.
    """
    return mean(policy - reference).clamp(min=0).detach()


def kto_losses(
    *,
    policy: torch.Tensor,
    reference: torch.Tensor,
    liked: torch.Tensor,
    divergence: torch.Tensor,
    beta: float,
) -> torch.Tensor:
    """One loss a joke, between 0 and 1: 1 - σ(±β (log π(y|x)/π_ref(y|x) - z₀)).

    `policy` and `reference` are log-probabilities [rows] of whole jokes, `liked` [rows] is boolean;
    the sign is plus for a liked joke. The weights λ of the paper are the caller's.
    """
    gain = beta * (policy - reference - divergence)
    return 1 - torch.sigmoid(torch.where(liked, gain, -gain))
