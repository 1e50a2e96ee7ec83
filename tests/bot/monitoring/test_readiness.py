"""Ready means that something was generated a moment ago, or is now."""

import asyncio
import time
from pathlib import Path

import pytest

from bot.generation.port import GenerationError
from bot.generation.protocol import Sampling
from bot.jokes import Reason
from bot.monitoring.readiness import Readiness
from tests.bot.generation.pools import Journal, ask, pool_of, serving
from tests.campaigns.waiting import until

SECONDS = 50.0


class Tried:
    """Generates when it is let; the `refusals` are raised first."""

    def __init__(self, *refusals: Reason, at: float | None = None) -> None:
        self.generated_at = at
        self.tries = 0
        self.free = asyncio.Event()
        self.free.set()
        self._refusals = list(refusals)

    async def try_out(self, sampling: Sampling) -> None:
        self.tries += 1
        assert sampling.max_tokens == 1
        if self._refusals:
            raise GenerationError(self._refusals.pop(0))
        await self.free.wait()
        self.generated_at = time.monotonic()


async def test_what_was_generated_a_moment_ago_is_enough() -> None:
    tried = Tried(at=time.monotonic())
    assert await Readiness(tried=tried).trouble() == ""
    assert tried.tries == 0


@pytest.mark.parametrize("at", [None, -1e6])
async def test_otherwise_something_is_generated_now(at: float | None) -> None:
    tried = Tried(at=at)
    readiness = Readiness(tried=tried)
    assert [await readiness.trouble() for _ in range(3)] == ["", "", ""]
    assert tried.tries == 1


async def test_probes_at_the_same_time_share_one_generation() -> None:
    tried = Tried()
    tried.free.clear()
    readiness = Readiness(tried=tried)
    probes = [asyncio.create_task(readiness.trouble()) for _ in range(20)]
    await until(lambda: tried.tries == 1, seconds=SECONDS)
    # Whoever stops waiting takes nothing from the others.
    probes.pop().cancel()
    tried.free.set()
    assert await asyncio.gather(*probes) == [""] * 19
    assert tried.tries == 1


async def test_a_generation_that_gave_way_to_a_member_is_tried_again() -> None:
    tried = Tried(Reason.BUSY, Reason.BUSY)
    assert await Readiness(tried=tried).trouble() == ""
    assert tried.tries == 3


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.MODEL_DOWN, "No worker can generate"),
        (Reason.CLOSING, "Punchline is stopping."),
        (Reason.NOTHING_FIT, "The model made nothing"),
    ],
)
async def test_a_worker_that_cannot_is_named_at_once(reason: Reason, words: str) -> None:
    assert (await Readiness(tried=Tried(reason)).trouble()).startswith(words)


async def test_a_worker_that_does_not_answer_is_waited_for_until_the_deadline() -> None:
    tried = Tried()
    tried.free.clear()
    readiness = Readiness(tried=tried, deadline_seconds=0.05)
    assert await readiness.trouble() == "Nothing was generated within 0.05 seconds."
    tried.free.set()
    assert await readiness.trouble() == ""


async def test_closing_gives_up_what_is_under_way() -> None:
    tried = Tried()
    tried.free.clear()
    readiness = Readiness(tried=tried)
    probe = asyncio.create_task(readiness.trouble())
    await until(lambda: tried.tries == 1, seconds=SECONDS)
    await readiness.close()
    with pytest.raises(asyncio.CancelledError):
        await probe


class OnPool:
    """A pool as a fleet shows its champion's."""

    def __init__(self, pool: object) -> None:
        self._pool = pool

    @property
    def generated_at(self) -> float | None:
        return self._pool.generated_at  # type: ignore[attr-defined, no-any-return]

    async def try_out(self, sampling: Sampling) -> None:
        await self._pool.try_out(count=1, seed=0, sampling=sampling)  # type: ignore[attr-defined]


async def test_a_real_worker_generates_for_the_probe_and_a_member_counts_as_well(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "journal")
    async with pool_of(journal.command) as pool:
        readiness = Readiness(tried=OnPool(pool), deadline_seconds=SECONDS)
        await serving(pool)
        assert await readiness.trouble() == ""
        pool.generated_at = None
        member = ask(pool, "hold")
        await until(lambda: pool.status.running == 1, seconds=SECONDS)
        probe = asyncio.create_task(readiness.trouble())
        await asyncio.sleep(0.2)
        # The member has the worker, and nothing was ordered for the probe.
        assert len(journal.events("generate")) == 2
        ask(pool, "release")
        await member
        assert await probe == ""
