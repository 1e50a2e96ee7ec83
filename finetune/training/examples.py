"""Jokes as the token ids a model is taught on."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from finetune.corpus.jokes import CorpusJoke
from finetune.template import Template, Tokenizer

__all__ = ["Example", "Examples", "shown_topic"]

_BOTH = 0.25
"""Share of the shown topics that name both words of a joke that has two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A prompt and the joke after it; only `joke` counts in the loss."""

    prompt: list[int]
    joke: list[int]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.joke)


def shown_topic(joke: CorpusJoke, *, share: float, seed: int) -> str | None:
    """The topic a model is shown with a joke, or None; the same for one joke and seed always."""
    if not joke.topics:
        return None
    digest = hashlib.blake2b(joke.text.encode(), key=seed.to_bytes(8, "big"), digest_size=8)
    shown, both = (int.from_bytes(half, "big") / 2**32 for half in _halves(digest.digest()))
    if shown >= share:
        return None
    if both < _BOTH:
        return " and ".join(joke.topics)
    return joke.topics[int(both * 1000) % len(joke.topics)]


def _halves(digest: bytes) -> tuple[bytes, bytes]:
    return digest[:4], digest[4:]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Makes examples of jokes for one tokenizer, template and share of shown topics."""

    tokenizer: Tokenizer
    template: Template
    topic_share: float
    seed: int

    def of(self, jokes: Iterable[CorpusJoke]) -> Iterator[Example]:
        """One example a joke, in order."""
        prompts: dict[str | None, list[int]] = {}
        for joke in jokes:
            topic = shown_topic(joke, share=self.topic_share, seed=self.seed)
            if topic not in prompts:
                prompts[topic] = self.template.prompt(self.tokenizer, topic=topic, opening=None)
            yield Example(
                prompt=prompts[topic], joke=self.template.taught_joke(self.tokenizer, joke.text)
            )
