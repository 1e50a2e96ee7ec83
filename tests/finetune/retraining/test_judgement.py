"""Votes are read as the taste behind them would have given them, and the corpus to its liking."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.retraining.examples import VoteExample, vote_examples
from finetune.retraining.features import joke_features
from finetune.retraining.judgement import Judgement, relabelled
from finetune.retraining.votes import Vote
from finetune.training.examples import Example
from finetune.training.learner import Learner
from finetune.training.packing import alone
from tests.finetune.retraining.material import HELD_OUT_VOTES, VOTES, silent


def read(parent: Learner, lines: list[dict[str, object]]) -> list[VoteExample]:
    votes = [Vote(**line) for line in lines]  # type: ignore[arg-type]
    made = vote_examples(votes, tokenizer=parent.tokenizer, template=parent.template, length=128)
    return list(made)


def mistaken(given: list[VoteExample], share: float) -> list[VoteExample]:
    """The same votes, some of them turned around."""
    chance = np.random.default_rng(0)
    return [
        replace(each, vote=replace(each.vote, label=each.vote.label ^ bool(turned)))
        for each, turned in zip(given, chance.random(len(given)) < share, strict=True)
    ]


def judgement(parent: Learner, given: list[VoteExample]) -> Judgement:
    return Judgement.of(given, learner=parent, caution=30, rows=8, progress=silent)


def right(found: list[VoteExample], truth: list[VoteExample]) -> float:
    agreed = [one.vote.label == other.vote.label for one, other in zip(found, truth, strict=True)]
    return sum(agreed) / len(agreed)


def test_mistaken_votes_are_turned_around(parent: Learner) -> None:
    truth = read(parent, VOTES)
    given = mistaken(truth, 0.15)
    assert right(list(judgement(parent, given).examples), truth) > 0.95 > right(given, truth)


def test_the_best_of_the_corpus_is_what_the_crowd_likes(parent: Learner) -> None:
    judged = judgement(parent, mistaken(read(parent, VOTES), 0.15))
    jokes = read(parent, HELD_OUT_VOTES)
    liked = [alone(each.example) for each in jokes if each.vote.label]
    best = judged.best_of([alone(each.example) for each in jokes], count=len(liked))
    assert len(best) == len(liked)
    assert sum(joke in liked for joke in best) > 0.9 * len(best)


def test_where_there_is_no_choice_all_are_best(parent: Learner) -> None:
    judged = judgement(parent, read(parent, VOTES))
    jokes = [alone(each.example) for each in read(parent, HELD_OUT_VOTES)]
    assert judged.best_of([], count=3) == []
    assert judged.best_of(jokes, count=len(jokes)) == jokes
    assert judged.best_of(jokes, count=len(jokes) + 1) == jokes


def test_features_do_not_depend_on_company_and_steps_are_reported(parent: Learner) -> None:
    jokes = [alone(each.example) for each in read(parent, VOTES)[:7]]
    heard: list[tuple[str, int, int]] = []

    def hear(stage: str, step: int, of: int) -> None:
        heard.append((stage, step, of))

    together = joke_features(parent, jokes, rows=3, stage="reading", progress=hear)
    single = [
        joke_features(parent, [joke], rows=1, stage="reading", progress=silent)[0] for joke in jokes
    ]
    assert together == pytest.approx(np.stack(single), abs=1e-4)
    assert heard == [("reading", 0, 7), ("reading", 3, 7), ("reading", 6, 7)]


votes = st.lists(
    st.tuples(st.booleans(), st.floats(0.1, 3), st.floats(0, 1)), min_size=1, max_size=30
)


@given(votes=votes)
def test_nearly_as_much_weight_is_for_and_against_as_before(
    votes: list[tuple[bool, float, float]],
) -> None:
    examples = [
        VoteExample(
            vote=Vote(prompt="JOKE:", completion=" A cat.", label=label, weight=weight),
            example=Example(prompt=[1], joke=[2]),
        )
        for label, weight, _ in votes
    ]
    found = relabelled(examples, np.array([chance for *_, chance in votes]))

    def weight_for(given: list[VoteExample]) -> float:
        return sum(each.vote.weight for each in given if each.vote.label)

    heaviest = max(weight for _, weight, _ in votes)
    assert abs(weight_for(found) - weight_for(examples)) <= heaviest / 2 + 1e-6
    assert [each.vote.weight for each in found] == [each.vote.weight for each in examples]
    liked = [chance for (*_, chance), each in zip(votes, found, strict=True) if each.vote.label]
    others = [
        chance for (*_, chance), each in zip(votes, found, strict=True) if not each.vote.label
    ]
    assert not liked or not others or min(liked) >= max(others)
