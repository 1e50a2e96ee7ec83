"""The tone of a text is what alt-profanity-check says of it, to the last digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profanity_check import predict_prob

from finetune.moderation.tone import ToneClassifier


@pytest.fixture(scope="module")
def classifier() -> ToneClassifier:
    """The one that ships."""
    return ToneClassifier.load()


def test_a_friendly_joke_is_less_offensive_than_abuse(classifier: ToneClassifier) -> None:
    friendly, abuse = classifier.offensiveness(
        ["Why did the cat sit on the keyboard?", "you are a stupid idiot, shut up"]
    )
    assert friendly < 0.2
    assert abuse > 0.9


@given(texts=st.lists(st.text(max_size=200), min_size=1, max_size=4))
def test_it_agrees_with_the_package_on_any_text(
    classifier: ToneClassifier, texts: list[str]
) -> None:
    assert classifier.offensiveness(texts) == pytest.approx(list(predict_prob(texts)), abs=1e-12)


@given(
    words=st.lists(
        st.sampled_from(["stupid", "cat", "idiot", "hate", "you", "love", "the", "damn"])
    )
)
def test_it_agrees_with_the_package_on_words_that_count(
    classifier: ToneClassifier, words: list[str]
) -> None:
    text = " ".join(words)
    assert classifier.offensiveness([text]) == pytest.approx(list(predict_prob([text])), abs=1e-12)
