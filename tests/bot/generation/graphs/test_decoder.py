"""The step's own arithmetic is that of the model."""

from typing import Any

import pytest
import torch

from bot.generation.families import UnknownFamilyError
from bot.generation.features import HiddenState
from bot.generation.graphs.decoder import Decoder
from bot.generation.graphs.weights import StepWeights
from tests.tiny import tiny_model

LENGTH = 64


@pytest.fixture(params=["llama", "gpt2"])
def model(request: pytest.FixtureRequest) -> Any:
    """A tiny model in float32; the Llama has two heads for each head of keys."""
    return tiny_model(request.param)


def some_ids(rows: int, tokens: int) -> torch.Tensor:
    return torch.randint(0, 512, (rows, tokens), generator=torch.Generator().manual_seed(1))


def empty_caches(weights: StepWeights, rows: int) -> Any:
    shape = (rows, weights.key_heads, LENGTH, weights.head_size)
    return tuple([torch.zeros(shape) for _ in weights.layers] for _ in range(2))


@torch.no_grad()
def test_token_by_token_it_predicts_what_the_model_predicts(model: Any) -> None:
    ids = some_ids(3, 24)
    expected = model(input_ids=ids).logits
    decoder = Decoder(StepWeights.of(model), read_layer=0)
    caches = empty_caches(decoder.weights, 5)

    for place in range(24):
        positions = torch.full((3, 1), place)
        logits, _ = decoder(ids[:, place, None], positions, caches, length=32)
        torch.testing.assert_close(logits, expected[:, place], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_it_reads_prompts_of_different_lengths_into_any_places(model: Any) -> None:
    ids, ends = some_ids(3, 16), torch.tensor([15, 4, 9])
    hidden = HiddenState(model, depth=0.5)
    expected = model(input_ids=ids).logits
    states = hidden.latest
    decoder = Decoder(StepWeights.of(model), read_layer=hidden.layer)
    caches = empty_caches(decoder.weights, 6)
    places = torch.tensor([4, 0, 2])
    positions = torch.where(torch.arange(16) <= ends[:, None], torch.arange(16), LENGTH - 1)

    logits, read = decoder(ids, positions, caches, length=LENGTH, places=places, last=ends)

    rows = torch.arange(3)
    torch.testing.assert_close(logits, expected[rows, ends], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(read, states[rows, ends], atol=1e-4, rtol=1e-4)
    assert not any(cache[[1, 3, 5]].any() for part in caches for cache in part)


@torch.no_grad()
def test_what_lies_behind_a_text_does_not_matter(model: Any) -> None:
    decoder = Decoder(StepWeights.of(model), read_layer=0)
    token, position = some_ids(1, 1), torch.tensor([[7]])
    clean, dirty = (empty_caches(decoder.weights, 1) for _ in range(2))
    for cache in (*dirty[0], *dirty[1]):
        cache[:, :, 8:] = 1e4

    for length in (32, LENGTH):
        one, _ = decoder(token, position, clean, length=length)
        other, _ = decoder(token, position, dirty, length=length)
        assert torch.equal(one, other)


@torch.no_grad()
def test_the_model_goes_on_with_the_storage_it_shares(model: Any) -> None:
    ids = some_ids(2, 12)
    expected = model(input_ids=ids).logits

    weights = StepWeights.of(model)

    torch.testing.assert_close(model(input_ids=ids).logits, expected, atol=1e-5, rtol=1e-5)
    own = {each.untyped_storage().data_ptr() for each in model.parameters()}
    for layer in weights.layers:
        for linear in (layer.query_key_value, layer.output, layer.up, layer.down):
            assert linear.weight.untyped_storage().data_ptr() in own
    assert weights.head.untyped_storage().data_ptr() in own


@torch.no_grad()
def test_a_vocabulary_that_is_no_round_number_is_filled_up_unseen() -> None:
    model = tiny_model("gpt2")
    model.resize_token_embeddings(509)
    ids = some_ids(1, 4).clamp(max=508)
    expected = model(input_ids=ids).logits

    weights = StepWeights.of(model)
    decoder = Decoder(weights, read_layer=0)
    caches = empty_caches(weights, 1)
    logits, _ = decoder(ids, torch.arange(4)[None], caches, length=32, places=torch.tensor([0]))

    assert weights.head.shape[0] == 512
    torch.testing.assert_close(logits, expected[:, -1], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(model(input_ids=ids).logits, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "strange",
    [
        {"model_type": "mamba"},
        {"activation_function": "relu"},
        {"scale_attn_by_inverse_layer_idx": True},
    ],
    ids=str,
)
def test_other_arithmetic_is_refused(strange: dict[str, Any]) -> None:
    model = tiny_model("gpt2")
    for name, value in strange.items():
        setattr(model.config, name, value)

    with pytest.raises(UnknownFamilyError):
        StepWeights.of(model)
