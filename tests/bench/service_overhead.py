"""What Punchline itself costs: the real service, moderation and store around an instant model."""

import asyncio
import itertools
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.generation.protocol import Sampling
from bot.jokes import Community, Declined, Joke, JokeRequest
from bot.making import JokeMaker, TellingPolicy
from bot.pausing import Pause
from bot.quotas import QuotaLimits, Quotas
from bot.selecting import Selectors
from bot.service import JokeService
from bot.store.store import SqlStore
from finetune.moderation import Moderator
from tests.bench.generator import InstantGenerator
from tests.bench.measure import loop_lag
from tests.bench.results import ServiceRound
from tests.twins.service import communities_on

__all__ = ["CONCURRENCY", "DeclinedInBenchError", "measure_service"]

CONCURRENCY = 32
_COMMUNITIES = 8
_ONE_BY_ONE = 300
_SECONDS = 6.0
_WARM_UP = 50
_FLUSHES = 100
_FLUSH_BYTES = 4096
_NO_LIMIT = 1_000_000  # high enough to refuse nobody, while the counting still happens


class DeclinedInBenchError(Exception):
    """A joke was refused, so the figures would mean nothing."""


async def measure_service(
    *, directory: Path, rounds: int, say: Callable[[str], None]
) -> list[ServiceRound]:
    """Measure in a new database under `directory`, which should be on a real disk."""
    with tempfile.TemporaryDirectory(dir=directory, prefix=".bench-") as scratch:
        async with _service(Path(scratch)) as service:
            await _one_by_one(service, _requests("warm-up"), count=_WARM_UP)
            measured = []
            for number in range(1, rounds + 1):
                say(f"service overhead, round {number} of {rounds}")
                measured.append(await _round(service, number, Path(scratch)))
            return measured


@asynccontextmanager
async def _service(directory: Path) -> AsyncIterator[JokeService]:
    moderator = await asyncio.to_thread(Moderator.load)
    store = await SqlStore.open(directory=directory)
    communities = communities_on(store.records)
    limits = QuotaLimits(member_jokes=_NO_LIMIT, community_jokes=_NO_LIMIT, window_seconds=60.0)
    try:
        yield JokeService(
            store=store,
            maker=JokeMaker(
                store=store,
                generator=InstantGenerator(),
                selectors=Selectors(moderator=moderator),
                communities=communities,
                policy=TellingPolicy(
                    at_once=1_000,
                    sampling=Sampling(temperature=0.9, top_k=0, top_p=0.95, max_tokens=64),
                    candidates=4,
                    rounds=3,
                    deadline_seconds=60.0,
                    topic_characters=80,
                    opening_characters=200,
                ),
            ),
            communities=communities,
            pause=Pause(records=store.records),
            quotas=Quotas(store=store, limits=limits),
            flags_to_hide=3,
        )
    finally:
        await store.close()


async def _round(service: JokeService, number: int, scratch: Path) -> ServiceRound:
    flushes = await asyncio.to_thread(_flushes, scratch)
    tells, told = await _one_by_one(service, _requests(f"quiet {number}"), count=_ONE_BY_ONE)
    requests = _requests(f"busy {number}")

    async def tell(_: int) -> None:
        told.append((await _tell(service, next(requests))).id)

    jokes, jokes_lag = await _together(tell)

    async def vote(member: int) -> None:
        await service.vote(random.choice(told), f"voter {member}", random.choice((1, -1)))

    votes, votes_lag = await _together(vote)
    return ServiceRound(
        tell_seconds=tells,
        flush_seconds=flushes,
        jokes_per_second=jokes,
        jokes_lag_seconds=jokes_lag,
        votes_per_second=votes,
        votes_lag_seconds=votes_lag,
    )


def _requests(name: str) -> Iterator[JokeRequest]:
    """Requests of members who take turns, in communities of this name that are new."""
    for number in itertools.count():
        community = Community(front="bench", key=f"{name} {number % _COMMUNITIES}")
        member = f"member {number % CONCURRENCY}"
        yield JokeRequest(community=community, member=member, topic="cats")


async def _tell(service: JokeService, request: JokeRequest) -> Joke:
    answer = await service.tell(request)
    if isinstance(answer, Declined):
        raise DeclinedInBenchError(f"The service declined a joke: {answer.reason}.")
    return answer


async def _one_by_one(
    service: JokeService, requests: Iterator[JokeRequest], *, count: int
) -> tuple[list[float], list[int]]:
    """Seconds each joke took, and their numbers."""
    seconds, told = [], []
    for request in itertools.islice(requests, count):
        began = time.perf_counter()
        joke = await _tell(service, request)
        seconds.append(time.perf_counter() - began)
        told.append(joke.id)
    return seconds, told


async def _together(act: Callable[[int], Awaitable[None]]) -> tuple[float, list[float]]:
    """Let members act again and again at the same time; acts a second and the loop's delays."""
    began = time.perf_counter()
    done = 0

    async def keep_acting(member: int) -> None:
        nonlocal done
        while time.perf_counter() - began < _SECONDS:
            await act(member)
            done += 1

    async with loop_lag() as late:
        await asyncio.gather(*map(keep_acting, range(CONCURRENCY)))
        return done / (time.perf_counter() - began), late


def _flushes(directory: Path) -> list[float]:
    """Seconds this disk needs to keep a page for good: the floor under every commit."""
    seconds = []
    with (directory / "flushed").open("wb", buffering=0) as file:
        for _ in range(_FLUSHES):
            began = time.perf_counter()
            file.write(bytes(_FLUSH_BYTES))
            os.fdatasync(file.fileno())
            seconds.append(time.perf_counter() - began)
    return seconds
