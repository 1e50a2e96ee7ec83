"""A reaction that is quicker than the note of which joke a message shows."""

import asyncio

from bot.fronts.postings import Postings
from bot.store.record_port import Post
from tests.twins.store import MemoryStore

HERE = Post(front="memory", place="here", message="1")
THERE = Post(front="memory", place="there", message="1")


async def test_a_message_that_is_just_being_noted_is_waited_for() -> None:
    records = MemoryStore().records
    postings = Postings(records=records)
    with postings.under_way(HERE.place):
        looking = asyncio.create_task(postings.joke_at(HERE))
        await asyncio.sleep(0)
        await records.posted(7, HERE)
    assert await looking == 7


async def test_a_message_nobody_posts_a_joke_beside_is_not_waited_for() -> None:
    postings = Postings(records=MemoryStore().records)
    with postings.under_way(THERE.place):
        async with asyncio.timeout(1):
            assert await postings.joke_at(HERE) is None


async def test_postings_that_begin_later_are_not_waited_for() -> None:
    postings = Postings(records=MemoryStore().records)
    with postings.under_way(HERE.place):
        looking = asyncio.create_task(postings.joke_at(HERE))
        await asyncio.sleep(0)
        later = postings.under_way(HERE.place)
        later.__enter__()
    async with asyncio.timeout(1):
        assert await looking is None
    later.__exit__(None, None, None)


async def test_a_posting_that_fails_is_over_as_well() -> None:
    postings = Postings(records=MemoryStore().records)
    try:
        with postings.under_way(HERE.place):
            raise ConnectionError
    except ConnectionError:
        pass
    async with asyncio.timeout(1):
        assert await postings.joke_at(HERE) is None
