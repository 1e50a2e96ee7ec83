"""Floods of new members are found, and a first day is not taken for one."""

import random
from datetime import timedelta

from bot.jokes import Community
from bot.settings import LearningSettings
from bot.votes.floods import find_floods
from bot.votes.rows import IMPORTED, VoteRow
from tests.bot.votes.material import GUILD, START, vote

RULES = LearningSettings(flood_votes=20, flood_minutes=10.0, new_member_days=2.0)
WEEK = 7 * 24 * 60


def regulars(community: Community = GUILD) -> list[VoteRow]:
    """Ten members who vote every day for a week."""
    return [
        vote(day + 1, f"regular{member}", minutes=day * 24 * 60 + member, community=community)
        for day in range(8)
        for member in range(10)
    ]


def strangers(
    count: int = 30, *, at: float = WEEK, community: Community = GUILD, name: str = "stranger"
) -> list[VoteRow]:
    """So many new members, each with a vote, ten a minute."""
    return [
        vote(9, f"{name}{number}", -1, minutes=at + number / 10, community=community)
        for number in range(count)
    ]


def test_many_votes_of_new_members_in_a_short_time_are_a_flood() -> None:
    (flood,) = find_floods([*regulars(), *strangers()], RULES)
    assert flood.community == GUILD
    assert [row.member for row in flood.votes] == [f"stranger{number}" for number in range(30)]


def test_the_order_of_votes_does_not_matter() -> None:
    rows = [*regulars(), *strangers(), *strangers(at=WEEK + 60, name="second")]
    shuffled = random.Random(1).sample(rows, len(rows))
    assert find_floods(rows, RULES) == find_floods(shuffled, RULES)
    assert len(find_floods(rows, RULES)) == 2


def test_a_few_new_members_are_no_flood() -> None:
    assert find_floods([*regulars(), *strangers(19)], RULES) == []


def test_new_members_who_come_slowly_are_no_flood() -> None:
    slow = [vote(9, f"slow{number}", minutes=WEEK + 5 * number) for number in range(60)]
    assert find_floods([*regulars(), *slow], RULES) == []


def test_in_the_first_days_of_a_community_everybody_is_new_and_nothing_is_a_flood() -> None:
    assert find_floods(strangers(200, at=0), RULES) == []
    second = Community(front="telegram", key="2")
    assert find_floods([*regulars(), *strangers(200, community=second)], RULES) == []


def test_after_the_first_days_of_a_community_a_flood_is_one() -> None:
    assert len(find_floods([*strangers(5, at=0, name="first"), *strangers()], RULES)) == 1


def test_whoever_comes_back_later_counts_after_all() -> None:
    later = [vote(10, row.member, voted_at=row.voted_at + timedelta(days=3)) for row in strangers()]
    assert find_floods([*regulars(), *strangers(), *later], RULES) == []


def test_new_members_among_more_regulars_are_no_flood() -> None:
    party = [vote(9, f"regular{n % 10}", minutes=WEEK + n / 10) for n in range(40)]
    assert find_floods([*regulars(), *strangers(), *party], RULES) == []


def test_one_new_member_who_votes_on_everything_is_a_flood() -> None:
    eager = [vote(100 + n, "eager", -1, minutes=WEEK + n / 20) for n in range(25)]
    (flood,) = find_floods([*regulars(), *eager], RULES)
    assert {row.member for row in flood.votes} == {"eager"}


def test_imported_votes_are_no_flood() -> None:
    rows = [*regulars(IMPORTED), *strangers(community=IMPORTED)]
    assert find_floods(rows, RULES) == []


def test_floods_have_their_time() -> None:
    (flood,) = find_floods([*regulars(), *strangers()], RULES)
    assert flood.votes[0].voted_at == START + timedelta(days=7)
    assert flood.votes[-1].voted_at == START + timedelta(days=7, minutes=2.9)
