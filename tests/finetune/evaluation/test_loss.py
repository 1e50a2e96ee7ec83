"""The held-out loss is the model's own surprise at a joke and its end, however it is batched."""

import math
from pathlib import Path

import pytest
import torch

from finetune.corpus.jokes import CorpusJoke
from finetune.evaluation.loss import joke_losses
from finetune.models import LoadedModel, load_model
from finetune.template import Template, TemplateKind
from tests.tiny import tiny_jokes, tiny_model, tiny_tokenizer

PLAIN = Template(kind=TemplateKind.PLAIN)
JOKES = [CorpusJoke(text=text) for text in [*tiny_jokes()[:8], "Ha!", "Two  fish\nmeet."]]


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def loaded(request: pytest.FixtureRequest) -> LoadedModel:
    return untaught(request.param)


def untaught(family: str, template: Template = PLAIN) -> LoadedModel:
    return LoadedModel(
        version="untaught",
        model=tiny_model(family),
        tokenizer=tiny_tokenizer(),
        template=template,
    )


def nats_by_hand(loaded: LoadedModel, text: str) -> float:
    """The same loss the slow way: the probability of one token after the other."""
    ids = PLAIN.prompt(loaded.tokenizer, topic=None, opening=None)
    nats = 0.0
    for token in PLAIN.taught_joke(loaded.tokenizer, text):
        logits = loaded.model(torch.tensor([ids])).logits[0, -1]
        nats -= float(torch.log_softmax(logits.float(), dim=-1)[token])
        ids = [*ids, token]
    return nats


def test_the_loss_is_that_of_the_joke_and_its_end_alone(loaded: LoadedModel) -> None:
    losses = joke_losses(loaded, JOKES[-2:])
    with torch.inference_mode():
        expected = [nats_by_hand(loaded, joke.text) for joke in JOKES[-2:]]
    assert [loss.nats for loss in losses] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("batch_tokens", [1, 100, 4096])
def test_batches_change_nothing(loaded: LoadedModel, batch_tokens: int) -> None:
    alone = [joke_losses(loaded, [joke])[0].nats for joke in JOKES]
    together = joke_losses(loaded, JOKES, batch_tokens=batch_tokens)
    assert [loss.nats for loss in together] == pytest.approx(alone, rel=1e-4)


def test_lengths_are_counted_in_the_text_and_not_in_tokens(loaded: LoadedModel) -> None:
    loss = joke_losses(loaded, JOKES)[-1]
    assert (loss.characters, loss.words) == (len("Two  fish\nmeet."), 3)


def test_an_untaught_model_is_as_surprised_as_by_chance() -> None:
    tokens = [len(PLAIN.taught_joke(tiny_tokenizer(), joke.text)) for joke in JOKES]
    losses = joke_losses(untaught("gpt2"), JOKES)
    mean = sum(loss.nats for loss in losses) / sum(tokens)
    assert mean == pytest.approx(math.log(512), rel=0.05)


def test_a_taught_model_is_hardly_surprised(tiny_version: Path) -> None:
    taught = load_model(tiny_version, name="tiny", device=torch.device("cpu"), dtype=torch.float32)
    known = [joke for joke in JOKES if joke.text in tiny_jokes()]
    before, after = joke_losses(untaught("llama"), known), joke_losses(taught, known)
    assert sum(loss.nats for loss in after) < sum(loss.nats for loss in before) / 5


def test_another_template_can_be_asked_for() -> None:
    base = untaught("llama", Template(kind=TemplateKind.PLAIN_EXAMPLES))
    assert joke_losses(base, JOKES, template=PLAIN) == joke_losses(untaught("llama"), JOKES)
    assert joke_losses(base, JOKES) != joke_losses(untaught("llama"), JOKES)


def test_a_joke_beyond_the_context_is_read_up_to_there() -> None:
    endless = CorpusJoke(text="and then " * 400)
    (loss,) = joke_losses(untaught("gpt2"), [endless])
    assert math.isfinite(loss.nats)


def test_progress_counts_the_jokes(loaded: LoadedModel) -> None:
    seen: list[int] = []
    joke_losses(loaded, JOKES, batch_tokens=100, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(JOKES)
