"""What is counted while Punchline works."""

import asyncio
from pathlib import Path

import pytest

from bot.generation.port import GenerationError
from bot.jokes import Joke, Reason
from bot.measures import Measures
from bot.store.port import Ballot, Gesture
from bot.store.store import SqlStore
from tests.bot.generation.pools import Journal, ask, pool_of, serving
from tests.bot.room import BULL, OCEAN, REQUEST, SECONDS, later
from tests.campaigns.waiting import until
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.service import drawn, service_on
from tests.twins.store import MemoryStore

PATIENCE = 50.0


def value(measures: Measures, name: str, **labels: str) -> float:
    return measures.registry.get_sample_value(f"punchline_{name}", labels) or 0.0


class Counted:
    """A service whose outcomes are counted."""

    def __init__(self, *answers: Scripted) -> None:
        self.measures = Measures()
        self.generator = ScriptedGenerator(answers)
        self.service = service_on(
            store=MemoryStore(), generator=self.generator, measures=self.measures
        )

    def requests(self, outcome: str) -> float:
        return value(self.measures, "requests_total", front="memory", outcome=outcome)


async def test_a_joke_counts_as_told_and_with_its_seconds() -> None:
    here = Counted(drawn(BULL))
    assert isinstance(await here.service.tell(REQUEST), Joke)
    assert here.requests("told") == 1
    assert value(here.measures, "answer_seconds_count", outcome="told") == 1


@pytest.mark.parametrize("reason", [Reason.DEADLINE, Reason.GAVE_UP, Reason.MODEL_DOWN])
async def test_a_refusal_counts_by_its_reason(reason: Reason) -> None:
    here = Counted(GenerationError(reason))
    await here.service.tell(REQUEST)
    assert here.requests(reason.value) == 1
    assert here.requests("told") == 0


async def test_who_is_turned_away_at_the_door_counts_too() -> None:
    here = Counted()
    here.service.stop_accepting()
    await here.service.tell(REQUEST)
    assert here.requests("closing") == 1


async def test_what_was_cancelled_and_what_broke_counts_as_that() -> None:
    here = Counted(later())
    asking = asyncio.create_task(here.service.tell(REQUEST))
    await until(lambda: len(here.generator.requests) == 1, seconds=SECONDS)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert here.requests("cancelled") == 1
    with pytest.raises(AssertionError):
        await here.service.tell(REQUEST)
    assert here.requests("failed") == 1


async def test_votes_count_by_what_the_vote_was_afterwards() -> None:
    here = Counted(drawn(BULL), drawn(OCEAN))
    joke = await here.service.tell(REQUEST)
    assert isinstance(joke, Joke)
    await here.service.vote(joke.id, "ada", 1)
    await here.service.vote(joke.id, "bob", -1)
    await here.service.retract(joke.id, "bob")
    # Pressing the button of one's own vote takes it back.
    await here.service.cast(joke.id, "ada", Ballot(value=1, gesture=Gesture.PRESS))
    await here.service.flag(joke.id, "ada")
    counts = [value(here.measures, "votes_total", value=each) for each in ("up", "down")]
    assert counts == [1, 1]
    assert value(here.measures, "votes_total", value="withdrawn") == 2
    assert value(here.measures, "flags_total") == 1


async def test_a_pool_counts_waits_tokens_steps_and_restarts(tmp_path: Path) -> None:
    measures, journal = Measures(), Journal(tmp_path / "journal")
    async with pool_of(journal.command, measures=measures) as pool:
        pid = await serving(pool)
        assert value(measures, "queue_wait_seconds_count") == 0
        await ask(pool, "cats", count=2)
        # A scripted worker says that each request took three steps.
        assert value(measures, "queue_wait_seconds_count") == 1
        assert value(measures, "decoding_steps_total") == 3
        assert value(measures, "decoded_tokens_total") == 6
        await ask(pool, "cats", again=True)
        assert value(measures, "queue_wait_seconds_count") == 1
        dying = ask(pool, "die", tries=1)
        await serving(pool, not_pid=pid)
        assert await dying is Reason.GAVE_UP
        assert value(measures, "worker_restarts_total") == 1


async def test_a_write_counts_when_it_is_on_disk_and_when_it_is_not_taken(tmp_path: Path) -> None:
    measures = Measures()
    store = await SqlStore.open(directory=tmp_path / "data", measures=measures)
    try:
        await store.open_request(REQUEST)
        assert value(measures, "store_write_seconds_count") == 1
    finally:
        await store.close()
    assert value(measures, "store_write_failures_total") == 0


async def test_no_series_could_tell_members_or_communities_apart() -> None:
    here = Counted(*(drawn(f"{BULL} {number}") for number in range(3)))
    for member in ("ada", "bob", "eve"):
        await here.service.tell(
            type(REQUEST)(community=REQUEST.community, member=member, topic=None)
        )
    for family in here.measures.registry.collect():
        for sample in family.samples:
            assert not {"ada", "bob", "eve", "here"} & set(sample.labels.values())
