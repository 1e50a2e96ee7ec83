"""What Ray costs: the same version in a worker here and in a replica of a Ray on this machine."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bot.building import build_fleet
from bot.generation.cluster.building import cluster_directory
from bot.generation.cluster.embedded import end_embedded
from bot.generation.fleet import Fleet
from bot.generation.port import GenerationRequest
from bot.generation.protocol import Sampling
from bot.measures import Measures
from bot.model import ServedModel
from bot.selecting import Selectors
from bot.settings import Settings, load_settings
from bot.versions import VersionFinder
from tests.bench.engines.port import TEMPERATURE, TOP_P
from tests.bench.results import RayRound, RayTurn

__all__ = ["measure_ray"]

_ONE_BY_ONE = 60
_TOGETHER = 16
_JOKES = 32
_CANDIDATES = 4
_TOKENS = 48
_DEADLINE = 300.0


async def measure_ray(
    directory: Path, *, name: str, rounds: int, scratch: Path, say: Callable[[str], None]
) -> list[RayRound]:
    """Alternate both, Ray first in every second round, after a warm-up of each.

    Both live all the time, as many threads each as there are cores, and whichever is not asked
    sleeps. Both are asked through the fair line that the bot asks through.
    """
    model = ServedModel(name=name, directory=directory)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".bench-") as data:
        here, there = (_settings(where, Path(data).resolve()) for where in ("here", "ray"))
        async with AsyncExitStack() as stack:
            stack.callback(end_embedded, cluster_directory(there))
            fleets = {
                "here": await stack.enter_async_context(_fleet(here, model)),
                "ray": await stack.enter_async_context(_fleet(there, model)),
            }
            for each, fleet in fleets.items():
                say(f"Ray's overhead, warm-up of {each}")
                await asyncio.gather(
                    *(fleet.generate(_request(n, count=1, tokens=8)) for n in range(8))
                )
            measured = []
            for number in range(1, rounds + 1):
                say(f"Ray's overhead, round {number} of {rounds}")
                order = list(fleets) if number % 2 else list(reversed(fleets))
                turns = {each: await _turn(fleets[each]) for each in order}
                measured.append(RayRound(**turns))
            return measured


def _settings(where: str, data: Path) -> Settings:
    environment = {
        "PUNCHLINE_GENERATION__WHERE": where,
        "PUNCHLINE_GENERATION__THREADS": str(os.cpu_count() or 1),
        "PUNCHLINE_RAY__ADDRESS": "local",
        "PUNCHLINE_RAY__MAX_REPLICAS": "1",
        "PUNCHLINE_STORE__DIRECTORY": str(data),
    }
    return load_settings(path=None, environment={**os.environ, **environment})


@asynccontextmanager
async def _fleet(settings: Settings, model: ServedModel) -> AsyncIterator[Fleet]:
    finder = VersionFinder(origin=model, settings=settings)
    fleet = build_fleet(settings, finder=finder, selectors=Selectors(), measures=Measures())
    fleet.start(model)
    try:
        await fleet.loaded()
        yield fleet
    finally:
        await fleet.close()


async def _turn(fleet: Fleet) -> RayTurn:
    """One token for one request after another, then many whole jokes together."""
    alone = []
    for number in range(_ONE_BY_ONE):
        began = time.perf_counter()
        await fleet.generate(_request(number, count=1, tokens=1))
        alone.append(time.perf_counter() - began)
    room = asyncio.Semaphore(_TOGETHER)
    tokens = 0

    async def joke(number: int) -> None:
        nonlocal tokens
        async with room:
            made = await fleet.generate(_request(number, count=_CANDIDATES, tokens=_TOKENS))
        tokens += sum(each.tokens for each in made.candidates)

    began = time.perf_counter()
    await asyncio.gather(*map(joke, range(_JOKES)))
    took = time.perf_counter() - began
    return RayTurn(token_seconds=alone, tokens_per_second=tokens / took)


def _request(number: int, *, count: int, tokens: int) -> GenerationRequest:
    return GenerationRequest(
        joke_id=number,
        community="bench",
        member=f"member {number % _TOGETHER}",
        topic="cats",
        opening=None,
        count=count,
        seed=number,
        sampling=Sampling(temperature=TEMPERATURE, top_k=0, top_p=TOP_P, max_tokens=tokens),
        deadline=_DEADLINE,
    )
