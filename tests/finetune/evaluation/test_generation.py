"""Jokes drawn in padded batches are the ones the model would write alone."""

from pathlib import Path

import pytest
import torch

from finetune.corpus.jokes import CorpusJoke
from finetune.evaluation.generation import Prompt, Sampling, draw_jokes
from finetune.evaluation.loss import joke_losses
from finetune.models import LoadedModel, load_model

PROMPTS = [
    Prompt(),
    Prompt(topic="cat"),
    Prompt(opening="Why did the dog"),
    Prompt(topic="computer", opening="Why did the computer go"),
]
GREEDY = Sampling(temperature=1.0, top_p=1e-6)


@pytest.fixture(scope="module", params=["tiny_version", "tiny_gpt2_version"])
def loaded(request: pytest.FixtureRequest) -> LoadedModel:
    directory: Path = request.getfixturevalue(request.param)
    return load_model(directory, name="tiny", device=torch.device("cpu"), dtype=torch.float32)


def test_a_batch_of_unequal_prompts_writes_what_each_prompt_would_alone(
    loaded: LoadedModel,
) -> None:
    together = draw_jokes(loaded, PROMPTS, each=1, seed=0, sampling=GREEDY)
    alone = [draw_jokes(loaded, [prompt], each=1, seed=0, sampling=GREEDY)[0] for prompt in PROMPTS]
    assert [each.text for (each,) in together] == [each.text for (each,) in alone]
    assert [each.score for (each,) in together] == pytest.approx(
        [each.score for (each,) in alone], rel=1e-3
    )


def test_the_score_is_the_models_own_surprise_and_not_that_after_truncation(
    loaded: LoadedModel,
) -> None:
    ((drawn,),) = draw_jokes(loaded, [Prompt()], each=1, seed=0, sampling=GREEDY)
    assert drawn.complete
    (loss,) = joke_losses(loaded, [CorpusJoke(text=drawn.text)])
    assert drawn.score == pytest.approx(-loss.nats / drawn.tokens, rel=1e-3)


def test_every_prompt_gets_its_candidates_in_order(loaded: LoadedModel) -> None:
    drawn = draw_jokes(loaded, PROMPTS, each=3, seed=1, batch=5)
    assert [len(candidates) for candidates in drawn] == [3] * len(PROMPTS)
    for prompt, candidates in zip(PROMPTS, drawn, strict=True):
        assert all(each.text.startswith(prompt.opening or "") for each in candidates)


def test_the_seed_decides_what_is_drawn_and_nothing_else_is_disturbed(loaded: LoadedModel) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, again, other = (
        draw_jokes(loaded, [Prompt()] * 6, each=1, seed=seed) for seed in (1, 1, 2)
    )
    assert one == again
    assert one != other
    assert torch.equal(torch.rand(3), expected)


def test_a_joke_that_does_not_end_in_time_is_not_complete(loaded: LoadedModel) -> None:
    ((cut,),) = draw_jokes(loaded, [Prompt()], each=1, seed=0, sampling=Sampling(max_tokens=3))
    assert not cut.complete
    assert cut.tokens == 3


def test_a_taught_model_ends_its_jokes_and_writes_no_template(loaded: LoadedModel) -> None:
    drawn = [each for (each,) in draw_jokes(loaded, [Prompt()] * 12, each=1, seed=0)]
    assert all(each.complete for each in drawn)
    assert not any("JOKE" in each.text or "<|" in each.text for each in drawn)


def test_the_models_own_generation_settings_do_not_count(loaded: LoadedModel) -> None:
    before = draw_jokes(loaded, PROMPTS, each=1, seed=0)
    loaded.model.generation_config.top_k = 1
    loaded.model.generation_config.repetition_penalty = 5.0
    try:
        assert draw_jokes(loaded, PROMPTS, each=1, seed=0) == before
    finally:
        loaded.model.generation_config.top_k = 50
        loaded.model.generation_config.repetition_penalty = 1.0


def test_progress_counts_the_candidates(loaded: LoadedModel) -> None:
    seen: list[int] = []
    draw_jokes(loaded, PROMPTS, each=2, seed=0, batch=3, progress=seen.append)
    assert seen == [3, 6, 8]
