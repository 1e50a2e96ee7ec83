"""Asking the vocabulary about joke tokens only changes neither a loss nor a gradient."""

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from finetune.training.likelihood import joke_nats, nats_of
from finetune.training.packing import IGNORED, collate, pack
from tests.finetune.training.test_packing import taught
from tests.tiny import tiny_model


def batch() -> dict[str, torch.Tensor]:
    """Two rows of several jokes with prompts, one of them padded."""
    columns = pack(taught()[:7], length=96, together=True).columns()
    rows = [
        {name: values[place] for name, values in columns.items()}
        for place in range(len(columns["labels"]))
    ]
    assert len({len(row["labels"]) for row in rows}) > 1
    return collate(rows, pad_id=1)


def gradients(model: Any, loss: torch.Tensor) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, list(model.parameters())))


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_loss_and_gradients_are_those_of_the_plain_head(family: str) -> None:
    model, rows = tiny_model(family), batch()
    plain = model(**rows, use_cache=False).loss
    nats, _ = joke_nats(model, rows)
    torch.testing.assert_close(nats.mean(), plain)
    for found, expected in zip(gradients(model, nats.mean()), gradients(model, plain), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_each_joke_token_has_its_own_figure_in_its_place() -> None:
    model, rows = tiny_model(), batch()
    nats, places = joke_nats(model, rows)
    logits = model(**rows, use_cache=False).logits[:, :-1]
    expected = cross_entropy(
        logits.transpose(1, 2), rows["labels"][:, 1:], ignore_index=IGNORED, reduction="none"
    )
    torch.testing.assert_close(nats, expected[places])
    assert not expected[~places].any()


def test_the_vocabulary_is_read_for_joke_tokens_alone_and_whole_again_afterwards() -> None:
    model, rows = tiny_model(), batch()
    seen: list[torch.Size] = []
    model.lm_head.register_forward_hook(lambda head, states, logits: seen.append(logits.shape[:-1]))
    nats, _ = joke_nats(model, rows)
    model(input_ids=rows["input_ids"], use_cache=False)
    joke_tokens = int((rows["labels"][:, 1:] != IGNORED).sum())
    assert len(nats) == joke_tokens < rows["labels"].numel()
    assert seen == [(joke_tokens,), tuple(rows["labels"].shape)]


class Wrapped(torch.nn.Module):
    """A model inside another that shows nothing of it, as those for several devices do."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, **named: Any) -> Any:
        return self.inner(**named)


def test_a_model_that_shows_no_head_is_asked_about_all_tokens() -> None:
    model, rows = tiny_model(), batch()
    expected, _ = joke_nats(model, rows)
    torch.testing.assert_close(joke_nats(Wrapped(model), rows)[0], expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_large_vocabulary_is_gone_through_in_parts_and_nothing_differs(
    dtype: torch.dtype,
) -> None:
    random = torch.Generator().manual_seed(0)
    logits = (4 * torch.randn(7, 90_000, generator=random)).to(dtype).requires_grad_()
    labels = torch.randint(0, 90_000, (7,), generator=random)
    weights = torch.rand(7, generator=random)
    expected = cross_entropy(logits.float(), labels, reduction="none")
    found = nats_of(logits, labels)
    torch.testing.assert_close(found, expected)
    (one,) = torch.autograd.grad((weights * found).sum(), logits)
    (other,) = torch.autograd.grad((weights * expected).sum(), logits)
    torch.testing.assert_close(one, other)
