"""The key/value cache of a running batch keeps every row's content apart from the others'."""

from typing import Any

import torch
from transformers import DynamicCache, LlamaConfig

from bot.generation.slots import SlotCache

HEADS, DIMENSION, LAYERS = 2, 4, 3
CONFIG = LlamaConfig(
    num_hidden_layers=LAYERS, num_key_value_heads=HEADS, num_attention_heads=HEADS, head_dim=4
)


def prefilled(prompts: int, tokens: int, *, seed: int) -> DynamicCache:
    """What a model leaves behind after it has read `prompts` prompts of `tokens` tokens."""
    cache = DynamicCache(config=CONFIG)
    generator = torch.Generator().manual_seed(seed)
    for layer in range(LAYERS):
        shape = (prompts, HEADS, tokens, DIMENSION)
        keys, values = torch.randn((2, *shape), generator=generator)
        cache.update(keys, values, layer)
    return cache


def contents(cache: Any, layer: int, row: int, tokens: int) -> torch.Tensor:
    """Keys and values [2, heads, tokens, dimension] of a row."""
    held = list(cache.layers)[layer]
    return torch.stack([held.keys[row, :, :tokens], held.values[row, :, :tokens]])


def step(slots: SlotCache, *, positions: list[int], length: int, value: float = 0.5) -> Any:
    """One decoding step that writes `value` at each row's position; returns layer 0's keys."""
    cache: Any = slots.stepping(positions=torch.tensor(positions), length=length)
    new = torch.full((len(positions), HEADS, 1, DIMENSION), value)
    for layer in range(LAYERS):
        keys, _ = cache.update(new, new, layer)
        assert keys.shape == (len(positions), HEADS, length, DIMENSION)
    return cache


def test_candidates_of_one_prompt_get_copies_of_its_keys_and_values() -> None:
    slots, ready = SlotCache(slots=4), prefilled(2, 6, seed=1)
    slots.admit(ready, sources=[0, 0, 1], first_row=0, length=20)
    cache = slots.stepping(positions=torch.tensor([6, 6, 6]), length=7)
    for layer in range(LAYERS):
        for row, source in enumerate([0, 0, 1]):
            assert torch.equal(contents(cache, layer, row, 6), contents(ready, layer, source, 6))


def test_a_step_writes_each_rows_token_at_that_rows_own_position() -> None:
    slots, ready = SlotCache(slots=4), prefilled(2, 6, seed=1)
    slots.admit(ready, sources=[0, 1], first_row=0, length=20)
    cache = step(slots, positions=[6, 3], length=7, value=0.5)
    assert (contents(cache, 2, 0, 7)[:, :, 6] == 0.5).all()
    assert (contents(cache, 2, 1, 7)[:, :, 3] == 0.5).all()
    assert torch.equal(contents(cache, 2, 0, 6), contents(ready, 2, 0, 6))
    assert torch.equal(contents(cache, 2, 1, 3), contents(ready, 2, 1, 3))


def test_a_row_that_moves_takes_everything_it_knows_along() -> None:
    slots, ready = SlotCache(slots=4), prefilled(3, 6, seed=1)
    slots.admit(ready, sources=[0, 1, 2], first_row=0, length=20)
    slots.move(source=2, target=0)
    cache = slots.stepping(positions=torch.tensor([6, 6]), length=7)
    for layer in range(LAYERS):
        assert torch.equal(contents(cache, layer, 0, 6), contents(ready, layer, 2, 6))
        assert torch.equal(contents(cache, layer, 1, 6), contents(ready, layer, 1, 6))


def test_room_for_a_longer_joke_leaves_the_running_ones_as_they_are() -> None:
    slots, first, long = SlotCache(slots=4), prefilled(1, 6, seed=1), prefilled(1, 300, seed=2)
    slots.admit(first, sources=[0], first_row=0, length=20)
    step(slots, positions=[6], length=7)
    slots.admit(long, sources=[0], first_row=1, length=400)
    cache = step(slots, positions=[7, 300], length=301)
    for layer in range(LAYERS):
        assert torch.equal(contents(cache, layer, 0, 6), contents(first, layer, 0, 6))
        assert (contents(cache, layer, 0, 8)[:, :, 6:] == 0.5).all()
        assert torch.equal(contents(cache, layer, 1, 300), contents(long, layer, 0, 300))


def test_a_step_shows_the_model_how_far_it_may_look() -> None:
    slots = SlotCache(slots=2)
    slots.admit(prefilled(1, 6, seed=1), sources=[0], first_row=0, length=20)
    cache = slots.stepping(positions=torch.tensor([6]), length=7)
    assert cache.get_seq_length() == 6
    assert cache.get_mask_sizes(1, 0) == (7, 0)
