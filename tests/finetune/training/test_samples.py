"""Sample jokes show how training goes and leave no trace in it."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from finetune.recipes.recipe import SamplingRecipe
from finetune.template import Template, TemplateKind
from finetune.training.samples import FirstTokensTopK, sample_jokes
from tests.tiny import tiny_model, tiny_tokenizer

TEMPLATE = Template(kind=TemplateKind.PLAIN)
TOKENIZER = tiny_tokenizer()
FOUNDER = SamplingRecipe(temperature=1, top_p=1, top_k=3, first_tokens=3, first_top_k=20)


def allowed(sampling: SamplingRecipe, *, written: int, vocabulary: int = 50) -> int:
    """How many tokens may come after so many of the joke."""
    limit = FirstTokensTopK(prompt=4, sampling=sampling)
    scores = torch.randn(2, vocabulary, generator=torch.Generator().manual_seed(written))
    kept = limit(torch.zeros(2, 4 + written, dtype=torch.long), scores)
    finite = kept.isfinite()
    for row, mask in zip(scores, finite, strict=True):
        assert row[mask].min() >= row[~mask].max() if (~mask).any() else True
    torch.testing.assert_close(kept[finite], scores[finite])
    (count,) = set(finite.sum(dim=-1).tolist())
    return int(count)


def test_the_first_three_tokens_are_drawn_from_twenty_and_the_others_from_three() -> None:
    assert [allowed(FOUNDER, written=written) for written in range(6)] == [20, 20, 20, 3, 3, 3]


@given(k=st.integers(0, 60), first=st.integers(0, 60), written=st.integers(0, 5))
def test_a_limit_of_nought_or_above_the_vocabulary_keeps_all(
    k: int, first: int, written: int
) -> None:
    sampling = SamplingRecipe(top_k=k, first_tokens=2, first_top_k=first)
    limit = first if written < 2 else k
    assert allowed(sampling, written=written) == (limit if 0 < limit < 50 else 50)


def test_with_one_allowed_token_drawing_is_greedy() -> None:
    one = SamplingRecipe(top_k=1, first_tokens=2, first_top_k=1, max_tokens=12)
    greedy = SamplingRecipe(temperature=0, max_tokens=12)
    model = tiny_model()
    assert drawn(model, one) == drawn(model, greedy)


def drawn(model: object, sampling: SamplingRecipe, *, seed: int = 5) -> list[str]:
    return sample_jokes(model, TOKENIZER, TEMPLATE, sampling=sampling, count=3, seed=seed)


def test_a_seed_repeats_its_jokes_and_another_draws_others() -> None:
    model, few = tiny_model(), SamplingRecipe(max_tokens=8)
    assert drawn(model, few) == drawn(model, few)
    assert drawn(model, few) != drawn(model, few, seed=6)
    assert len(drawn(model, few)) == 3


def test_the_randomness_of_training_is_left_as_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    drawn(tiny_model_without_seeding(), FOUNDER)
    torch.testing.assert_close(torch.rand(4), expected)


def tiny_model_without_seeding() -> object:
    state = torch.get_rng_state()
    model = tiny_model()
    torch.set_rng_state(state)
    return model


def test_a_model_in_training_goes_on_training() -> None:
    model = tiny_model("gpt2").train()
    few = SamplingRecipe(max_tokens=4)
    # Dropout would make two draws differ.
    assert drawn(model, few) == drawn(model, few)
    assert model.training
