"""Which of a few jokes is told: what is liked, with a curiosity that ends where it knows."""

from collections import Counter

import numpy as np

from bot.taste.belief import Belief, Evidence, Vector
from bot.taste.ranking import ranked
from finetune.selection import Choice
from tests.bot.taste.material import basis, choice

BASIS = basis()
TEXTS = ("A cat.", "A dog.", "A moon.", "A tree.")
IGNORANT = Belief.ignorant(np.full(BASIS.width, 1.0))


def places_of(choices: list[Choice]) -> list[Vector]:
    found = [BASIS.place(each.text, each.features) for each in choices]
    return [place for place in found if place is not None]


def fond_of_dogs(votes: int) -> Belief:
    choices = [choice(f"A {'dog' if n % 2 else 'cat'}, number {n}.") for n in range(votes)]
    evidence = Evidence(
        design=np.array(places_of(choices)),
        liked=np.array([float(n % 2) for n in range(votes)]),
        weights=np.ones(votes),
    )
    return IGNORANT.after(evidence)


def order(belief: Belief, *choices: Choice, seed: int = 1, exploration: float = 0.0) -> list[str]:
    found = ranked(
        choices, places_of(list(choices)), belief=belief, exploration=exploration, seed=seed
    )
    return [each.text for each in found]


def firsts(belief: Belief, *, exploration: float) -> Counter[str]:
    """How often each joke comes first in 300 requests."""
    choices = [choice(text) for text in TEXTS]
    return Counter(
        order(belief, *choices, seed=seed, exploration=exploration)[0] for seed in range(300)
    )


def test_what_is_liked_comes_first() -> None:
    found = order(fond_of_dogs(60), *(choice(text) for text in TEXTS))
    assert (found[0], found[-1]) == ("A dog.", "A cat.")


def test_jokes_on_the_topic_stay_in_front_of_better_liked_ones() -> None:
    found = order(fond_of_dogs(60), choice("A dog.", on_topic=False), choice("A cat."))
    assert found == ["A cat.", "A dog."]


def test_the_models_own_score_decides_where_nothing_is_known() -> None:
    scored = [choice("A cat.", score=-3), choice("A dog.", score=-1), choice("A moon.", score=-2)]
    assert order(IGNORANT, *scored) == ["A dog.", "A moon.", "A cat."]


def test_a_much_better_score_does_not_outweigh_a_taste_that_is_known() -> None:
    scored = [choice("A cat.", score=-1.0), choice("A dog.", score=-2.0)]
    assert order(fond_of_dogs(200), *scored)[0] == "A dog."


def test_the_same_seed_gives_the_same_order_and_any_seed_some_order() -> None:
    choices = [choice(text) for text in TEXTS]
    for seed in (0, 5, -7, 1 << 63):
        once = order(IGNORANT, *choices, seed=seed, exploration=1.0)
        assert once == order(IGNORANT, *choices, seed=seed, exploration=1.0)
        assert sorted(once) == sorted(TEXTS)


def test_who_knows_nothing_tries_everything() -> None:
    tried = firsts(IGNORANT, exploration=1.0)
    assert set(tried) == set(TEXTS)
    assert min(tried.values()) > 20


def test_curiosity_ends_where_it_knows() -> None:
    shares = [firsts(fond_of_dogs(votes), exploration=1.0)["A dog."] for votes in (4, 40, 2000)]
    assert shares == sorted(shares)
    assert shares[0] < 250
    assert shares[-1] > 280


def test_without_exploration_only_what_is_likeliest_liked_is_told() -> None:
    assert firsts(fond_of_dogs(40), exploration=0.0) == {"A dog.": 300}


def test_learning_from_what_was_told_finds_what_is_liked() -> None:
    """A member who likes only the moon, asked 60 times with four jokes to choose from."""
    belief, liked = IGNORANT, []
    told: list[Vector] = []
    for number in range(60):
        choices = [choice(f"{text} Number {number}.") for text in TEXTS]
        best = ranked(choices, places_of(choices), belief=belief, exploration=0.5, seed=number)[0]
        told += places_of([best])
        liked.append(float("moon" in best.text))
        belief = IGNORANT.after(
            Evidence(design=np.array(told), liked=np.array(liked), weights=np.ones(len(told)))
        )
    assert sum(liked[:4]) < 4
    assert sum(liked[-20:]) >= 18
