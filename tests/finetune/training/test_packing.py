"""Jokes share sequences, whole and without seeing each other."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetune.corpus.jokes import CorpusJoke
from finetune.template import Template, TemplateKind
from finetune.training.examples import Example, Examples
from finetune.training.packing import IGNORED, Sequences, collate, keeps_apart, pack
from tests.tiny import tiny_jokes, tiny_model, tiny_tokenizer

# The first token of each example is its number, by which it is found again.
LENGTHS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 20)), max_size=120)


def numbered(lengths: list[tuple[int, int]]) -> list[Example]:
    return [
        Example(prompt=[number] * prompt, joke=[number] * joke)
        for number, (prompt, joke) in enumerate(lengths)
    ]


def unpacked(sequences: Sequences) -> list[tuple[list[int], list[int]]]:
    """The tokens and labels of each joke, cut where positions begin again."""
    found = []
    for ids, positions, labels in zip(
        sequences.input_ids, sequences.position_ids, sequences.labels, strict=True
    ):
        starts = [place for place, position in enumerate(positions) if position == 0]
        for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
            assert positions[start:end] == list(range(end - start))
            found.append((ids[start:end], labels[start:end]))
    return found


@given(lengths=LENGTHS, length=st.integers(1, 64), together=st.booleans())
def test_every_joke_that_fits_is_there_once_and_whole(
    lengths: list[tuple[int, int]], length: int, together: bool
) -> None:
    examples = numbered(lengths)
    packed = pack(examples, length=length, together=together)
    fitting = [example for example in examples if len(example) <= length]
    assert packed.too_long == len(examples) - len(fitting)
    expected = [
        ([*each.prompt, *each.joke], [IGNORED] * len(each.prompt) + each.joke) for each in fitting
    ]
    assert sorted(unpacked(packed)) == sorted(expected)
    assert packed.tokens() == sum(map(len, fitting))


@given(lengths=LENGTHS, length=st.integers(1, 64))
def test_no_sequence_is_longer_than_the_length(lengths: list[tuple[int, int]], length: int) -> None:
    packed = pack(numbered(lengths), length=length, together=True)
    assert all(0 < len(row) <= length for row in packed.input_ids)
    columns = packed.columns()
    assert columns.keys() == {"input_ids", "position_ids", "labels"}
    assert len({tuple(map(len, rows)) for rows in columns.values()}) <= 1


@given(lengths=LENGTHS)
def test_apart_each_sequence_holds_one_joke(lengths: list[tuple[int, int]]) -> None:
    packed = pack(numbered(lengths), length=64, together=False)
    assert len(packed.input_ids) == len(lengths)


def test_sequences_are_nearly_full() -> None:
    jokes = numbered([(3, 8 + number % 30) for number in range(2000)])
    packed = pack(jokes, length=128, together=True)
    assert packed.tokens() > 0.97 * 128 * len(packed.input_ids)


@given(lengths=LENGTHS.filter(bool))
def test_padding_is_a_text_of_its_own_that_does_not_count(lengths: list[tuple[int, int]]) -> None:
    columns = pack(numbered(lengths), length=32, together=True).columns()
    rows = [
        {name: values[place] for name, values in columns.items()}
        for place in range(len(columns["labels"]))
    ]
    batch = collate(rows, pad_id=999)
    width = max(len(row["input_ids"]) for row in rows)
    for place, row in enumerate(rows):
        own = len(row["input_ids"])
        for name, values in row.items():
            assert batch[name][place, :own].tolist() == values
        assert batch["input_ids"][place, own:].tolist() == [999] * (width - own)
        assert batch["labels"][place, own:].tolist() == [IGNORED] * (width - own)
        assert batch["position_ids"][place, own:].tolist() == list(range(width - own))


def taught() -> list[Example]:
    examples = Examples(
        tokenizer=tiny_tokenizer(),
        template=Template(kind=TemplateKind.PLAIN),
        topic_share=0.5,
        seed=1,
    )
    jokes = [CorpusJoke(text=text, topics=("cat",)) for text in tiny_jokes()[:9]]
    return list(examples.of(jokes))


@torch.no_grad()
def logits(model: Any, rows: Sequences) -> list[torch.Tensor]:
    """The logits of each joke [tokens, vocabulary], in the order of `unpacked`."""
    columns = rows.columns()
    every = [
        {name: values[place] for name, values in columns.items()}
        for place in range(len(columns["labels"]))
    ]
    batch = collate(every, pad_id=0)
    result = model(
        input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False
    ).logits
    return [
        result[place, start:end]
        for place, row in enumerate(every)
        for start, end in _spans(row["position_ids"])
    ]


def _spans(positions: list[int]) -> list[tuple[int, int]]:
    starts = [place for place, position in enumerate(positions) if position == 0]
    return list(zip(starts, [*starts[1:], len(positions)], strict=True))


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_packed_joke_gets_the_logits_that_it_gets_alone(family: str) -> None:
    model = tiny_model(family)
    packed = pack(taught(), length=128, together=True)
    assert len(packed.input_ids) < len(taught())
    alone = {
        tuple(example.prompt + example.joke): logits(
            model, pack([example], length=128, together=True)
        )[0]
        for example in taught()
    }
    for (ids, _), found in zip(unpacked(packed), logits(model, packed), strict=True):
        torch.testing.assert_close(found, alone[tuple(ids)], atol=2e-5, rtol=1e-4)


class Leaking(torch.nn.Module):
    """A model that does as many do: it forgets positions, or sees everything before."""

    def __init__(self, model: Any, *, forgets: str) -> None:
        super().__init__()
        self.inner, self.forgets, self.device = model, forgets, model.device

    def forward(self, **named: Any) -> Any:
        if self.forgets == "positions":
            named["position_ids"] = None
        else:
            named["attention_mask"] = torch.ones_like(named["input_ids"])
        return self.inner(**named)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_models_of_both_families_are_found_to_keep_jokes_apart(family: str) -> None:
    first, second = taught()[:2]
    assert keeps_apart(tiny_model(family), first, second)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("forgets", ["positions", "borders"])
def test_a_model_that_lets_jokes_see_each_other_is_found_out(family: str, forgets: str) -> None:
    model = tiny_model(family)
    first, second = taught()[:2]
    assert keeps_apart(model, first, second)
    assert not keeps_apart(Leaking(model, forgets=forgets), first, second)


def test_asking_leaves_the_model_in_training_as_it_was() -> None:
    model = tiny_model("gpt2").train()
    first, second = taught()[:2]
    assert keeps_apart(model, first, second)
    assert model.training
