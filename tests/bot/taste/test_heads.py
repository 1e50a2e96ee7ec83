"""Everyone's taste, and a community's that starts from it; each vote counts once."""

import numpy as np
import pytest

from bot.store.taste_port import TasteVote
from bot.taste.belief import Belief, Vector
from bot.taste.heads import Heard, community_belief, everyone_belief
from tests.bot.taste.material import RULES, basis, features_of, vote

BASIS = basis()
TEXTS = [f"A {subject}, number {n}." for n in range(40) for subject in ("cat", "dog")]


def place(text: str) -> Vector:
    found = BASIS.place(text, features_of(text))
    assert found is not None
    return found


PLACES = {number: place(text) for number, text in enumerate(TEXTS)}


def fans_of(subject: str, numbers: range, member: str = "ann") -> list[TasteVote]:
    """Votes up for jokes about a subject, down for others."""
    return [vote(n, 1 if subject in TEXTS[n] else -1, member) for n in numbers]


def heard(votes: list[TasteVote]) -> Heard:
    return Heard.of(votes, PLACES, width=BASIS.width, rules=RULES)


def liking(belief: Belief, text: str) -> float:
    return float(place(text) @ belief.mean)


def taste_of(own: list[TasteVote], others: list[TasteVote]) -> Belief:
    everyone = heard([*own, *others])
    belief = everyone_belief(everyone, width=BASIS.width)
    return community_belief(belief, everyone, heard(own))


def test_a_community_that_never_voted_has_everyones_taste() -> None:
    others = fans_of("cat", range(40))
    everyone = everyone_belief(heard(others), width=BASIS.width)
    new = taste_of([], others)
    assert new.mean == pytest.approx(everyone.mean)
    assert liking(new, "The cat.") > liking(new, "The dog.")


def test_a_community_comes_to_its_own_taste_against_everyones() -> None:
    others = fans_of("cat", range(40), "others")
    preferences = []
    for number in (0, 4, 40):
        belief = taste_of(fans_of("dog", range(40, 40 + number)), others)
        preferences.append(liking(belief, "The dog.") - liking(belief, "The cat."))
    assert preferences[0] < preferences[1] < preferences[2]
    assert preferences[0] < 0 < preferences[2]


def test_an_only_communitys_votes_count_once() -> None:
    own = fans_of("dog", range(40))
    alone = taste_of(own, [])
    direct = Belief.ignorant(np.full(BASIS.width, 1.0)).after(heard(own).evidence)
    assert alone.mean == pytest.approx(direct.mean, abs=1e-4)
    assert alone.precision == pytest.approx(direct.precision, rel=1e-3, abs=1e-3)


def test_votes_of_others_are_a_beginning_and_help_those_who_agree() -> None:
    others = fans_of("dog", range(40), "others")
    own = fans_of("dog", range(40, 44))
    helped, alone = taste_of(own, others), taste_of(own, [])
    assert liking(helped, "The dog.") - liking(helped, "The cat.") > liking(
        alone, "The dog."
    ) - liking(alone, "The cat.")


def test_votes_on_jokes_nobody_has_read_are_left_out() -> None:
    known = heard([vote(0, 1), vote(9_999, 1)])
    assert [each.joke_id for each in known.votes] == [0]
    assert known.evidence.design.shape == (1, BASIS.width)
    assert heard([]).evidence.design.shape == (0, BASIS.width)


def test_what_is_shared_keeps_the_weight_it_had() -> None:
    busy = fans_of("dog", range(60), "busy")
    everyone = heard([*busy, *fans_of("cat", range(60, 64), "calm")])
    shared = everyone.shared_with(heard(busy))
    assert len(shared.liked) == 60
    assert shared.weights == pytest.approx(np.full(60, 25 / 60), abs=1e-3)
