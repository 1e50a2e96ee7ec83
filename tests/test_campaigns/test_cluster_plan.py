"""When things die in a run."""

import random

import pytest

from tests.campaigns.cluster.plan import BLOWS, Plan


def plan(jokes: int = 5_000) -> Plan:
    return Plan(jokes=jokes, votes=4 * jokes, members=500, communities=50, at_once=48)


def test_a_seed_repeats_the_blows_and_another_gives_others() -> None:
    first = plan().blows(random.Random(1))
    assert plan().blows(random.Random(1)) == first
    assert plan().blows(random.Random(2)) != first


@pytest.mark.parametrize("jokes", [100, 5_000])
def test_everything_dies_once_in_the_rush_in_some_order(jokes: int) -> None:
    for seed in range(20):
        blows = plan(jokes).blows(random.Random(seed))
        moments = [moment for moment, _ in blows]
        assert sorted(blow for _, blow in blows) == sorted(BLOWS)
        assert moments == sorted(moments)
        assert plan(jokes).rush_begins < moments[0] < moments[-1] < plan(jokes).rush_ends
