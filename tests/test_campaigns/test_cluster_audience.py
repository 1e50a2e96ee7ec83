"""Where members are."""

from collections import Counter

from tests.campaigns.cluster.audience import places_of
from tests.campaigns.cluster.plan import Plan
from tests.platforms.discord.server import DiscordServer


def test_members_are_shared_out_over_communities_and_these_over_both_bots() -> None:
    plan = Plan(jokes=100, votes=400, members=45, communities=10, at_once=8)
    places = places_of(DiscordServer(), plan)
    assert Counter(each.shard for each in places) == {0: 5, 1: 5}
    members = [member.id for each in places for member in each.members]
    assert (len(members), len(set(members))) == (45, 45)
    assert {len(each.members) for each in places} == {4, 5}
