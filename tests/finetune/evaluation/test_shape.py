"""Shares of jokes that end and that loop, and how long jokes are."""

from finetune.candidates import Candidate
from finetune.evaluation.shape import complete_share, length_spread, looping_share
from tests.tiny import tiny_jokes


def test_the_share_of_complete_jokes_is_what_the_model_ended() -> None:
    candidates = [
        Candidate(text="Ha!", tokens=1, score=-1, complete=number % 4 != 0) for number in range(20)
    ]
    assert complete_share(candidates, seed=0).value == 0.75


def test_the_share_of_looping_jokes_counts_what_the_filter_would_refuse() -> None:
    texts = [*tiny_jokes()[:9], "I said no and I said no and I said no and I said no."]
    assert looping_share(texts, seed=0).value == 0.1


def test_lengths_are_spread_in_words() -> None:
    texts = ["word " * length for length in range(1, 102)]
    spread = length_spread(texts, seed=0)
    assert {name: figure.value for name, figure in spread.items()} == {
        "words_p10": 11,
        "words_median": 51,
        "words_p90": 91,
    }
    assert spread["words_p10"].high < spread["words_p90"].low
