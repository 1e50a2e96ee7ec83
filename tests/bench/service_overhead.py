"""What Punchline itself costs: the real service, moderation and store around an instant model."""

import asyncio
import gc
import itertools
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bot.generation.protocol import Sampling
from bot.jokes import Community, Declined, Joke, JokeRequest
from bot.making import JokeMaker, TellingPolicy
from bot.pausing import Pause
from bot.quotas import QuotaLimits
from bot.selecting import Selectors
from bot.service import JokeService
from bot.shelf.shelf import Shelf
from bot.store.store import SqlStore
from bot.taste.heads import TasteRules
from bot.taste.taste import Taste
from finetune.moderation import Moderator
from tests.bench.generator import VERSION, InstantGenerator
from tests.bench.measure import loop_lag
from tests.bench.results import ServiceRound
from tests.bench.shelf_stock import Stock
from tests.twins.service import communities_on

__all__ = ["CONCURRENCY", "DeclinedInBenchError", "measure_service"]

CONCURRENCY = 32
_COMMUNITIES = 8
_ONE_BY_ONE = 300
_SECONDS = 6.0
_AT_ONCE = 960
_WARM_UP = 50
_VOTERS = 4
_FLUSHES = 100
_FLUSH_BYTES = 4096
_NO_LIMIT = 1_000_000  # high enough to refuse nobody, while the counting still happens


class DeclinedInBenchError(Exception):
    """A joke was refused, or came from elsewhere, so the figures would mean nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bench:
    """The service, the shelf it tells from, the taste it has, and the generator for the rest."""

    service: JokeService
    generator: InstantGenerator
    stock: Stock
    taste: Taste


async def measure_service(
    *, directory: Path, rounds: int, say: Callable[[str], None], url: SecretStr | None = None
) -> list[ServiceRound]:
    """Measure in a new database under `directory`, which should be on a real disk.

    With a `url`, in that database on PostgreSQL, which should be empty.
    """
    with tempfile.TemporaryDirectory(dir=directory, prefix=".bench-") as scratch:
        async with _bench(Path(scratch), url) as bench:
            await _one_by_one(bench.service, _requests("warm-up"), count=_WARM_UP)
            await _learn_tastes(bench)
            # As the bot does: what was loaded is no garbage, and looking at it takes long.
            gc.collect()
            gc.freeze()
            measured = []
            for number in range(1, rounds + 1):
                say(f"service overhead, round {number} of {rounds}")
                measured.append(await _round(bench, number, Path(scratch)))
            return measured


@asynccontextmanager
async def _bench(directory: Path, url: SecretStr | None) -> AsyncIterator[_Bench]:
    moderator = await asyncio.to_thread(Moderator.load)
    store = await SqlStore.open(directory=directory, url=url)
    communities = communities_on(store.records)
    limits = QuotaLimits(member_jokes=_NO_LIMIT, community_jokes=_NO_LIMIT, window_seconds=60.0)
    generator, shelf = InstantGenerator(), Shelf(answers=lambda _: VERSION)
    rules = TasteRules(votes=2_000, member_share=0.1, clique_share=0.25, exploration=0.3)
    taste = Taste(tastes=store.tastes, rules=rules)
    try:
        service = JokeService(
            store=store,
            maker=JokeMaker(
                store=store,
                generator=generator,
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
                taste=taste,
                shelf=shelf,
            ),
            communities=communities,
            pause=Pause(records=store.records),
            quotas=limits,
            flags_to_hide=3,
            taste=taste,
        )
        stock = Stock(store=store, shelf=shelf)
        yield _Bench(service=service, generator=generator, stock=stock, taste=taste)
    finally:
        await store.close()


async def _learn_tastes(bench: _Bench) -> None:
    """Have votes on jokes from the shelf, so that there is something to choose by."""
    await bench.stock.give_taste()
    await bench.stock.fill(_WARM_UP)
    _, told = await _one_by_one(bench.service, _requests("warm-up", topic=None), count=_WARM_UP)
    for joke, voter in itertools.product(told, range(_VOTERS)):
        await bench.service.vote(joke, f"voter {voter}", random.choice((1, -1)))
    await bench.taste.catch_up()


async def _shelf_round(bench: _Bench, number: int) -> tuple[list[float], float, list[float]]:
    """Seconds a joke from the shelf takes; jokes a second together, and the loop's delays."""
    await bench.stock.fill(_ONE_BY_ONE)
    asked = bench.generator.asked
    seconds, _ = await _one_by_one(
        bench.service, _requests(f"shelf {number}", topic=None), count=_ONE_BY_ONE
    )
    requests = list(itertools.islice(_requests(f"crowd {number}", topic=None), _AT_ONCE))
    await bench.stock.fill(_AT_ONCE)
    began = time.perf_counter()

    async def keep_asking(mine: Sequence[JokeRequest]) -> None:
        for request in mine:
            await _tell(bench.service, request)

    async with loop_lag() as late:
        await asyncio.gather(*(keep_asking(requests[n::CONCURRENCY]) for n in range(CONCURRENCY)))
        rate = len(requests) / (time.perf_counter() - began)
    if bench.generator.asked != asked:
        raise DeclinedInBenchError("A joke that should have been on the shelf was not there.")
    return seconds, rate, late


async def _round(bench: _Bench, number: int, scratch: Path) -> ServiceRound:
    service = bench.service
    flushes = await asyncio.to_thread(_flushes, scratch)
    tells, told = await _one_by_one(service, _requests(f"quiet {number}"), count=_ONE_BY_ONE)
    shelf, shelf_rate, shelf_lag = await _shelf_round(bench, number)
    requests = _requests(f"busy {number}")

    async def tell(_: int) -> None:
        told.append((await _tell(service, next(requests))).id)

    jokes, jokes_lag = await _together(tell)

    async def vote(member: int) -> None:
        await service.vote(random.choice(told), f"voter {member}", random.choice((1, -1)))

    votes, votes_lag = await _together(vote)
    return ServiceRound(
        tell_seconds=tells,
        shelf_seconds=shelf,
        flush_seconds=flushes,
        jokes_per_second=jokes,
        jokes_lag_seconds=jokes_lag,
        shelf_per_second=shelf_rate,
        shelf_lag_seconds=shelf_lag,
        votes_per_second=votes,
        votes_lag_seconds=votes_lag,
    )


def _requests(name: str, *, topic: str | None = "cats") -> Iterator[JokeRequest]:
    """Requests of members who take turns, in communities of this name that are new."""
    for number in itertools.count():
        community = Community(front="bench", key=f"{name} {number % _COMMUNITIES}")
        member = f"member {number % CONCURRENCY}"
        yield JokeRequest(community=community, member=member, topic=topic)


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
