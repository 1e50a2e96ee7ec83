"""The loss is that of the paper, and knows neither the order nor the number of the votes."""

import math

import pytest
import torch

from finetune.retraining.kto import divergence, kto_losses


def test_nothing_learned_costs_a_half() -> None:
    same = torch.tensor([-20.0, -3.0])
    losses = kto_losses(
        policy=same,
        reference=same,
        liked=torch.tensor([True, False]),
        divergence=torch.tensor(0.0),
        beta=0.1,
    )
    assert losses.tolist() == [0.5, 0.5]


def test_the_loss_is_one_less_the_value_of_the_paper() -> None:
    losses = kto_losses(
        policy=torch.tensor([-18.0, -9.0]),
        reference=torch.tensor([-20.0, -10.0]),
        liked=torch.tensor([True, False]),
        divergence=torch.tensor(0.5),
        beta=0.3,
    )

    def value(gain: float) -> float:
        return 1 / (1 + math.exp(-0.3 * gain))

    assert losses.tolist() == pytest.approx([1 - value(2 - 0.5), 1 - value(0.5 - 1)])


def test_a_liked_joke_is_pushed_up_and_a_disliked_one_down() -> None:
    policy = torch.tensor([-20.0, -20.0], requires_grad=True)
    kto_losses(
        policy=policy,
        reference=torch.tensor([-20.0, -20.0]),
        liked=torch.tensor([True, False]),
        divergence=torch.tensor(0.0),
        beta=0.1,
    ).sum().backward()  # type: ignore[no-untyped-call]
    assert policy.grad is not None
    assert policy.grad[0] < 0 < policy.grad[1]


def test_the_divergence_is_a_mean_that_is_never_negative_and_teaches_nothing() -> None:
    policy = torch.tensor([-1.0, -4.0], requires_grad=True)
    moved = divergence(policy, torch.tensor([-3.0, -4.0]))
    assert moved.item() == 1
    assert not moved.requires_grad
    assert divergence(torch.tensor([-5.0]), torch.tensor([-1.0])).item() == 0
