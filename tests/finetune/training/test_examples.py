"""What a model is shown and what it is taught: only the joke counts."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from finetune.corpus.jokes import CorpusJoke
from finetune.template import Template, TemplateKind
from finetune.training.examples import Examples, shown_topic
from finetune.training.packing import IGNORED, pack
from tests.tiny import tiny_jokes, tiny_tokenizer

TEMPLATE = Template(kind=TemplateKind.PLAIN)
TOKENIZER = tiny_tokenizer()
JOKES = [CorpusJoke(text=text, topics=("cat", "dog")) for text in tiny_jokes()]
MANY = [CorpusJoke(text=f"Joke number {number}.", topics=("cat", "dog")) for number in range(4000)]


def examples(*, share: float, seed: int = 17) -> Examples:
    return Examples(tokenizer=TOKENIZER, template=TEMPLATE, topic_share=share, seed=seed)


def share_of(matches: Callable[[str | None], bool], *, share: float, seed: int = 17) -> float:
    return sum(matches(shown_topic(joke, share=share, seed=seed)) for joke in MANY) / len(MANY)


def test_a_model_is_taught_the_prompt_and_the_joke_that_generation_uses() -> None:
    for joke, example in zip(JOKES, examples(share=0.5).of(JOKES), strict=True):
        topic = shown_topic(joke, share=0.5, seed=17)
        assert example.prompt == TEMPLATE.prompt(TOKENIZER, topic=topic, opening=None)
        assert example.joke == TEMPLATE.taught_joke(TOKENIZER, joke.text)
        assert TEMPLATE.joke(TOKENIZER, opening=None, generated=example.joke) == joke.text


def test_a_joke_ends_with_the_end_token_and_has_no_other() -> None:
    for example in examples(share=1).of(JOKES):
        assert example.joke[-1] == TOKENIZER.eos_token_id
        assert TOKENIZER.eos_token_id not in [*example.prompt, *example.joke[:-1]]


def test_the_loss_counts_every_token_of_the_joke_and_none_of_the_prompt() -> None:
    (example,) = examples(share=1).of(JOKES[:1])
    (labels,) = pack([example], length=128, together=True).labels
    assert labels == [IGNORED] * len(example.prompt) + example.joke


@given(
    text=st.text(min_size=1),
    topics=st.lists(st.text(min_size=1), max_size=2).map(tuple),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_one_joke_and_seed_always_show_the_same_topic_of_the_jokes_own(
    text: str, topics: tuple[str, ...], share: float, seed: int
) -> None:
    sound = text.encode(errors="replace").decode()
    joke = CorpusJoke(text=sound, topics=topics)
    shown = shown_topic(joke, share=share, seed=seed)
    assert shown == shown_topic(joke, share=share, seed=seed)
    assert shown in {None, *topics, " and ".join(topics)}


def test_topics_are_shown_with_about_the_wanted_share_of_the_jokes() -> None:
    for share in (0.0, 0.3, 0.6, 1.0):
        shown = share_of(lambda topic: topic is not None, share=share)
        assert abs(shown - share) < 0.03


def test_both_topics_are_named_in_about_a_quarter_and_each_alone_as_often() -> None:
    for topic, share in (("cat and dog", 0.25), ("cat", 0.375), ("dog", 0.375)):
        assert abs(share_of(lambda shown, topic=topic: shown == topic, share=1) - share) < 0.03


def test_another_seed_shows_topics_with_other_jokes() -> None:
    def shown(seed: int) -> list[str | None]:
        return [shown_topic(joke, share=0.5, seed=seed) for joke in MANY]

    assert shown(1) != shown(2)


def test_a_joke_without_topics_is_shown_without_one() -> None:
    assert shown_topic(CorpusJoke(text="A joke."), share=1, seed=0) is None
