"""A bot process for the tests to kill: opens the store and does one job, saying what is done.

Usage: python -m tests.bot.store.process DIRECTORY URL JOB COUNT, the URL empty for SQLite
"""

import asyncio
import os
import sys
from pathlib import Path

from pydantic import SecretStr

from bot.jokes import Reason
from bot.store.port import QuotaReached
from bot.store.store import SqlStore
from tests.bot.store.conftest import GUILD, ask, at_most, joke, tell

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


async def quota(store: SqlStore, count: int) -> None:
    """Ask `count` times for five members; print 0 first, then the member of each request taken."""
    say(0)
    quotas = [at_most(7, seconds=3600), at_most(30, seconds=3600, of_everybody=True)]

    async def request(index: int) -> None:
        member = 1 + index % 5
        try:
            await store.open_request(ask(member=f"member-{member}"), quotas=quotas)
        except QuotaReached:
            return
        say(member)

    for start in range(0, count, 10):
        await asyncio.gather(*map(request, range(start, start + 10)))


JOBS = {"quota": quota, "vote": vote, "open": open_requests, "tell": tell_same, "adopt": adopt}


def say(number: int) -> None:
    """Print at once, as one write that a kill cannot tear apart."""
    os.write(sys.stdout.fileno(), b"%d\n" % number)


async def main(directory: Path, url: SecretStr | None, job: str, count: int) -> None:
    store = await SqlStore.open(directory=directory, url=url)
    await JOBS[job](store, count)
    await store.close()


if __name__ == "__main__":
    directory, url, job, count = sys.argv[1:]
    asyncio.run(main(Path(directory), SecretStr(url) if url else None, job, int(count)))
