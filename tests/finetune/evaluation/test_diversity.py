"""Distinct-2 and self-BLEU, against numbers worked out by hand and the BLEU everybody uses."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.evaluation.diversity import distinct_bigrams, self_bleu
from tests.tiny import tiny_jokes

WORDS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=12)


def test_distinct_2_counts_different_bigrams_among_all() -> None:
    # a-b, b-a, a-b and a-b, b-c: five bigrams, three different ones.
    assert distinct_bigrams(["A b, a b!", "a b c"], seed=0).value == 3 / 5


def test_one_joke_over_and_over_is_not_diverse() -> None:
    repeated, real = [tiny_jokes()[0]] * 30, tiny_jokes()
    assert distinct_bigrams(repeated, seed=0).value < 0.05
    assert distinct_bigrams(real, seed=0).value > 0.7
    assert self_bleu(repeated, seed=0).value == pytest.approx(1)
    assert self_bleu(real, seed=0).value < 0.2


def test_the_interval_of_distinct_2_is_not_dragged_down_by_resampling() -> None:
    figure = distinct_bigrams(tiny_jokes(), seed=0)
    assert figure.low < figure.value < figure.high
    assert (figure.low + figure.high) / 2 == pytest.approx(figure.value, abs=0.02)


def test_jokes_without_a_bigram_are_no_reason_to_fail() -> None:
    assert distinct_bigrams(["Ha!", ""], seed=0).value == 0
    assert self_bleu(["", ""], seed=0).value == 0


def bleu(hypothesis: list[str], references: list[list[str]]) -> float:
    """Papineni et al. 2002 as written, with 0.1 for a run that never matches."""
    logs = []
    for order in range(1, 5):

        def runs(told: list[str], order: int = order) -> Counter[tuple[str, ...]]:
            starts = range(len(told) - order + 1)
            return Counter(tuple(told[start : start + order]) for start in starts)

        own = runs(hypothesis)
        clipped = sum(
            min(count, max(runs(reference)[run] for reference in references))
            for run, count in own.items()
        )
        logs.append(math.log((clipped or 0.1) / max(1, own.total())))
    nearest = min(
        (len(reference) for reference in references),
        key=lambda length: (abs(length - len(hypothesis)), length),
    )
    brevity = min(1.0, math.exp(1 - nearest / len(hypothesis)))
    return brevity * math.exp(sum(logs) / 4)


@given(st.lists(WORDS, min_size=2, max_size=6))
def test_self_bleu_is_the_mean_bleu_against_all_others(told: list[list[str]]) -> None:
    expected = [bleu(text, told[:place] + told[place + 1 :]) for place, text in enumerate(told)]
    texts = [" ".join(text) for text in told]
    assert self_bleu(texts, seed=0).value == pytest.approx(sum(expected) / len(expected))
