"""What a load means for database, platforms and purse."""

from dataclasses import replace

import pytest

from tests.scaling.assumptions import LIMITS, PRICES, STATED, Habits
from tests.scaling.costs import ceilings, platforms, purse, rows
from tests.scaling.measured import StoredBytes

STORED = StoredBytes(joke=2_000.0, vote=100.0, features=1_000.0)
HABITS = replace(Habits(), active_members=10.0, jokes_a_member=1.0, votes_a_joke=3.0)
"""Ten jokes a community and day, thirty votes on them."""


def test_a_year_of_rows_is_jokes_posts_features_and_votes() -> None:
    load = rows(HABITS, STORED, communities=100)
    jokes = 100 * 10 * 365
    assert load.rows_a_year == pytest.approx(jokes * (3 + 3))
    assert load.gigabytes_a_year == pytest.approx(jokes * (2_000 + 3 * 100) / 1e9)
    assert load.votes_a_second == pytest.approx(3 * load.jokes_a_second)


@pytest.mark.parametrize(
    ("guilds", "shards", "seconds"),
    [(2_500, 1, 5), (2_501, 2, 10), (100_000, 40, 200), (200_000, 80, 25)],
)
def test_shards_hold_2500_guilds_and_connect_one_after_another(
    guilds: int, shards: int, seconds: float
) -> None:
    habits = replace(HABITS, on_discord=1.0)
    seen = platforms(habits, LIMITS, communities=guilds)
    assert (seen.shards, seen.start_seconds) == (shards, seconds)


def test_one_worker_beside_one_bot_costs_one_machine_and_its_disk() -> None:
    load = rows(HABITS, STORED, communities=100)
    bill = purse(load, PRICES, STATED, guilds=70, workers=1, hour=0.1, local=True)
    assert (bill.processes, bill.bots) == (1, 0.0)
    assert bill.total == pytest.approx(73 + load.gigabytes_a_year * PRICES.gigabyte_month)


def test_many_guilds_need_several_processes_and_a_database() -> None:
    load = rows(HABITS, STORED, communities=100_000)
    bill = purse(load, PRICES, STATED, guilds=120_000, workers=2, hour=0.1, local=True)
    assert bill.processes == 3
    assert bill.bots == pytest.approx(3 * PRICES.process_hour * PRICES.hours)
    assert bill.database > PRICES.database_hour * PRICES.hours


def test_a_measured_postgresql_is_a_ceiling_of_its_own() -> None:
    stated = replace(STATED, postgresql_jokes_a_second=1_000.0)
    each = HABITS.requests_a_second(1, peak=True)
    found = ceilings(HABITS, stated, LIMITS, stored=STORED, workers={"CPU": 7.0})
    (postgresql,) = (ceiling for ceiling in found if ceiling.part.startswith("PostgreSQL"))
    assert postgresql.communities == pytest.approx(1_000 / each)


def test_what_is_full_first_comes_first_and_more_activity_fills_it_sooner() -> None:
    workers = {"CPU": 7.0, "GPU": 60.0}
    found, busier = (
        ceilings(habits, STATED, LIMITS, stored=STORED, workers=workers)
        for habits in (HABITS, replace(HABITS, jokes_a_member=2.0))
    )
    assert [each.communities for each in found] == sorted(each.communities for each in found)
    by_part = {each.part: each.communities for each in busier}
    for each in found:
        halves = "guilds" not in each.part and "connection" not in each.part
        assert by_part[each.part] == pytest.approx(each.communities / (2 if halves else 1))
