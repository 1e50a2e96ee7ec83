"""Who votes in a crowd, and how far a vote can be trusted."""

import random
from collections import Counter

from tests.campaigns.crowds.members import CLIQUE, Electorate, Member

_MANY = 4_000


def _ups(member: Member, *, fits: bool) -> float:
    source = random.Random(1)
    return sum(member.vote(fits=fits, source=source) > 0 for _ in range(_MANY)) / _MANY


def test_members_like_what_fits_but_for_fifteen_mistakes_in_a_hundred() -> None:
    honest = Member(name="honest")

    assert abs(_ups(honest, fits=True) - 0.85) < 0.02
    assert abs(_ups(honest, fits=False) - 0.15) < 0.02


def test_whoever_is_contrary_likes_the_opposite_and_errs_as_often() -> None:
    contrary = Member(name="contrary", contrary=True)

    assert abs(_ups(contrary, fits=True) - 0.15) < 0.02


def test_a_crowd_is_of_one_mind() -> None:
    crowd = Electorate.of(40, sabotaged=False)

    assert not crowd.clique
    assert not any(member.contrary for member in crowd.members)


def test_a_fifth_of_a_sabotaged_crowd_and_a_clique_beside_it_are_contrary() -> None:
    crowd = Electorate.of(40, sabotaged=True)

    assert sum(member.contrary for member in crowd.members) == 8
    assert len(crowd.clique) == CLIQUE
    assert all(member.contrary for member in crowd.clique)


def test_nobody_votes_twice_on_a_joke() -> None:
    source = random.Random(2)
    for sabotaged in (False, True):
        crowd = Electorate.of(40, sabotaged=sabotaged)
        for _ in range(200):
            names = [member.name for member in crowd.voters(5, source)]
            assert len(set(names)) == len(names) == 5


def test_the_clique_casts_half_of_all_votes_and_asks_for_nothing() -> None:
    crowd, source = Electorate.of(40, sabotaged=True), random.Random(3)

    cast = Counter(voter.contrary for _ in range(_MANY) for voter in crowd.voters(2, source))
    by_clique = sum(
        voter in crowd.clique for _ in range(_MANY) for voter in crowd.voters(2, source)
    )
    askers = {crowd.asker(source).name for _ in range(_MANY)}

    assert abs(by_clique / (2 * _MANY) - 0.5) < 0.02
    assert abs(cast[True] / cast.total() - 0.6) < 0.02
    assert askers.isdisjoint(member.name for member in crowd.clique)
