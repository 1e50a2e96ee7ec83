"""Votes as token ids, made as serving makes them."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from finetune.retraining.votes import Vote, VotesError
from finetune.template import PromptTooLongError, Template
from finetune.training.examples import Example

__all__ = ["VoteExample", "mismatched", "told_joke", "vote_examples"]


@dataclass(frozen=True, kw_only=True, slots=True)
class VoteExample:
    """A vote and its tokens."""

    vote: Vote
    example: Example


def vote_examples(
    votes: Iterable[Vote], *, tokenizer: Any, template: Template, length: int
) -> Iterator[VoteExample]:
    """One example a vote, in order, without those that have more than `length` tokens.

    Raises `VotesError` for a prompt that the template does not make.
    """
    for vote in votes:
        try:
            topic, opening = template.asked(vote.prompt)
            prompt = template.prompt(tokenizer, topic=topic, opening=opening)
        except ValueError as error:
            raise VotesError(f"A vote was given after a prompt that is none: {error}.") from None
        except PromptTooLongError:
            continue
        written = vote.completion.strip() if opening is None else vote.completion.rstrip()
        joke = template.taught_joke(tokenizer, written, opened=opening is not None)
        example = Example(prompt=prompt, joke=joke)
        if len(example) <= length:
            yield VoteExample(vote=vote, example=example)


def mismatched(examples: Sequence[VoteExample], *, seed: int) -> list[Example]:
    """Each prompt with the joke of another vote, every joke once: where KTO takes its divergence.

    The paper draws the pairs within a batch; pairs drawn once for all, like those that
    TRL precomputes, leave batches free to be shuffled.
    """
    order = list(range(len(examples)))
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    following = dict(zip(order, [*order[1:], *order[:1]], strict=True))
    return [
        replace(each.example, joke=examples[following[place]].example.joke)
        for place, each in enumerate(examples)
    ]


def told_joke(vote: Vote, template: Template) -> str:
    """The whole text that was told, its opening included. Raises `ValueError`."""
    _, opening = template.asked(vote.prompt)
    return f"{opening or ''}{vote.completion}".strip()
