"""A bot process for the tests to kill: opens the store and does one job, saying what is done.

Usage: python -m tests.bot.store.process DIRECTORY JOB COUNT
"""

import asyncio
import os
import sys
from pathlib import Path

from bot.jokes import Reason
from bot.store.store import SqlStore
from tests.bot.store.conftest import GUILD, ask, joke, tell

_VOTERS = 25


async def vote(store: SqlStore, count: int) -> None:
    """Vote `count` times on a few jokes and print the number of each vote that returned."""
    numbers = [await tell(store) for _ in range(20)]
    waiting = iter(range(count))

    async def voter() -> None:
        for vote in waiting:
            value = 1 if vote % 3 else -1
            await store.vote(numbers[vote % len(numbers)], f"member-{vote}", value)
            say(vote)

    await asyncio.gather(*(voter() for _ in range(_VOTERS)))


async def open_requests(store: SqlStore, count: int) -> None:
    """Leave `count` requests without an answer, and wait to be killed."""
    for index in range(count):
        say(await store.open_request(ask(GUILD, f"member-{index}", address=f"place-{index}")))
    await asyncio.sleep(60)


async def tell_same(store: SqlStore, count: int) -> None:
    """Try to tell `count` jokes that other processes tell as well; print those that were ours."""
    for index in range(count):
        number = await store.open_request(ask())
        if await store.mark_told(number, joke(fingerprint=f"same-{index}")):
            say(index)


async def adopt(store: SqlStore, count: int) -> None:
    """Look for orphans `count` times, close those found and print them; 0 says it has begun."""
    say(0)
    for _ in range(count):
        for orphan in await store.orphans():
            await store.mark_declined(orphan.joke_id, Reason.LOST)
            say(orphan.joke_id)
        await asyncio.sleep(0.01)


JOBS = {"vote": vote, "open": open_requests, "tell": tell_same, "adopt": adopt}


def say(number: int) -> None:
    """Print at once, as one write that a kill cannot tear apart."""
    os.write(sys.stdout.fileno(), b"%d\n" % number)


async def main(directory: Path, job: str, count: int) -> None:
    store = await SqlStore.open(directory=directory)
    await JOBS[job](store, count)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
