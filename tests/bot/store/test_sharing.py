"""Several bot processes on one PostgreSQL: what each may do while the others act."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.jokes import Reason
from bot.store.errors import StoreError
from bot.store.port import DuplicateRequest, QuotaReached, Tally, UnknownJoke
from bot.store.store import SqlStore
from bot.store.tables import jokes
from tests.bot.store.conftest import CHAT, GUILD, Place, ask, at_most, joke, tell
from tests.bot.store.test_processes import numbers_from, process
from tests.postgres import connected

DATABASES = ["postgresql"]


async def test_a_quota_holds_for_two_processes_that_ask_at_the_same_time(place: Place) -> None:
    with process(place, "quota", 300) as first, process(place, "quota", 300) as second:
        begun = [await asyncio.to_thread(numbers_from, child, 1) for child in (first, second)]
        assert begun == [[0], [0]]
        accepted = await asyncio.gather(
            asyncio.to_thread(numbers_from, first), asyncio.to_thread(numbers_from, second)
        )
        assert (first.wait(10), second.wait(10)) == (0, 0)
    # Five members with a quota of seven each, all in a community with a quota of thirty.
    members = Counter(accepted[0] + accepted[1])
    assert sum(members.values()) == 30
    assert max(members.values()) <= 7


async def test_quotas_are_counted_over_stores_at_any_moment(place: Place, tmp_path: Path) -> None:
    stores = [await place.open() for _ in range(3)]

    async def accepted(store: SqlStore) -> int:
        answers = await asyncio.gather(
            *(store.open_request(ask(), quotas=[at_most(10)]) for _ in range(20)),
            return_exceptions=True,
        )
        assert {type(answer) for answer in answers} <= {int, QuotaReached}
        return sum(isinstance(answer, int) for answer in answers)

    assert sum(await asyncio.gather(*map(accepted, stores))) == 10
    for store in stores:
        await store.close()


async def test_an_event_delivered_to_two_processes_asks_once(place: Place) -> None:
    stores = [await place.open() for _ in range(2)]
    requests = [ask(origin=f"event {number}") for number in range(20)]
    answers = await asyncio.gather(
        *(store.open_request(request) for request in requests for store in stores),
        return_exceptions=True,
    )
    kinds = Counter(type(answer) for answer in answers)
    assert kinds == {int: 20, DuplicateRequest: 20}
    for store in stores:
        await store.close()


async def test_a_community_hears_a_joke_once_from_whatever_process(place: Place) -> None:
    stores = [await place.open() for _ in range(2)]

    async def told(store: SqlStore, turn: int) -> bool:
        number = await store.open_request(ask(GUILD if turn % 2 else CHAT))
        return await store.mark_told(number, joke(fingerprint=f"f{turn // 2}"))

    turns = [told(store, turn) for turn in range(40) for store in stores]
    assert Counter(await asyncio.gather(*turns)) == {True: 40, False: 40}
    for store in stores:
        await store.close()


async def test_one_process_changes_the_roles_and_one_begins_a_run(place: Place) -> None:
    stores = [await place.open() for _ in range(4)]
    runs = await asyncio.gather(*(s.model_versions.begin(parent="starter") for s in stores))
    assert sum(run is not None for run in runs) == 1
    for store in stores:
        await store.close()


async def test_writes_that_touch_nothing_in_common_do_not_wait_for_each_other(
    place: Place,
) -> None:
    store = await place.open(busy_timeout=0.2)
    here, there = await tell(store), await tell(store)
    assert place.url is not None
    with connected(place.url) as other:
        other.execute(sa.select(jokes).where(jokes.c.id == here).with_for_update())
        assert await store.vote(there, "ann", 1) == Tally(up=1, down=0, flags=0)
    await store.close()


async def test_a_process_with_another_key_is_refused(place: Place, tmp_path: Path) -> None:
    store = await place.open()
    elsewhere = Place(directory=tmp_path / "elsewhere", url=place.url)
    with pytest.raises(StoreError, match="is not the key by which this database knows") as caught:
        await elsewhere.open()
    assert "\n" not in str(caught.value)
    (elsewhere.directory / "member.key").write_bytes((place.directory / "member.key").read_bytes())
    await (await elsewhere.open()).close()
    await store.close()


async def test_a_request_that_another_process_has_adopted_is_not_told_twice(place: Place) -> None:
    first = await place.open()
    number = await first.open_request(ask())
    assert place.url is not None
    with connected(place.url) as other:
        other.exec_driver_sql("UPDATE jokes SET owner = 'another process'")
    with pytest.raises(UnknownJoke):
        await first.mark_told(number, joke())
    await first.mark_declined(number, Reason.LOST)
    await first.close()
