"""How many jokes a member and a community may ask for, and how long they wait for the next."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.jokes import Community, Declined, JokeRequest, Reason
from bot.quotas import QuotaLimits, Quotas
from tests.twins.busy_store import BusyStore

HERE = Community(front="memory", key="here")
THERE = Community(front="memory", key="there")


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2025, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Bar:
    """Quotas over a busy store; `ask` opens a request if the quotas let it."""

    def __init__(self, *, member: int = 0, community: int = 0, window: float = 60.0) -> None:
        self.clock = Clock()
        self.store = BusyStore(clock=self.clock)
        self.quotas = Quotas(
            store=self.store,
            limits=QuotaLimits(
                member_jokes=member, community_jokes=community, window_seconds=window
            ),
            now=self.clock,
        )

    async def ask(
        self, member: str = "ada", *, community: Community = HERE, operator: bool = False
    ) -> Declined | int:
        request = JokeRequest(community=community, member=member, operator=operator)
        async with self.quotas.turn(request):
            refusal = await self.quotas.refusal(request)
            return refusal or await self.store.open_request(request)


async def test_a_member_gets_as_many_as_allowed_and_then_hears_how_long_to_wait() -> None:
    bar = Bar(member=2)
    assert await bar.ask() == 1
    bar.clock.advance(10)
    assert await bar.ask() == 2
    bar.clock.advance(5)
    assert await bar.ask() == Declined(reason=Reason.MEMBER_QUOTA, seconds=45)


async def test_after_those_seconds_there_is_another() -> None:
    bar = Bar(member=1)
    await bar.ask()
    bar.clock.advance(12.5)
    refusal = await bar.ask()
    assert isinstance(refusal, Declined)
    assert refusal.seconds == 48
    bar.clock.advance(48)
    assert isinstance(await bar.ask(), int)


@pytest.mark.parametrize("elapsed", [59.01, 59.999, 60.0])
async def test_nobody_is_told_to_wait_for_less_than_a_second(elapsed: float) -> None:
    bar = Bar(member=1)
    await bar.ask()
    bar.clock.advance(elapsed)
    assert await bar.ask() == Declined(reason=Reason.MEMBER_QUOTA, seconds=1)


async def test_each_member_and_each_community_has_a_quota_of_its_own() -> None:
    bar = Bar(member=1)
    assert isinstance(await bar.ask("ada"), int)
    assert isinstance(await bar.ask("bob"), int)
    assert isinstance(await bar.ask("ada", community=THERE), int)
    assert isinstance(await bar.ask("ada"), Declined)


async def test_a_community_has_a_quota_for_all_its_members_together() -> None:
    bar = Bar(community=2, window=30)
    await bar.ask("ada")
    await bar.ask("bob")
    bar.clock.advance(10)
    assert await bar.ask("eve") == Declined(reason=Reason.COMMUNITY_QUOTA, seconds=20)
    assert isinstance(await bar.ask("eve", community=THERE), int)


async def test_a_member_over_both_quotas_hears_of_their_own() -> None:
    bar = Bar(member=1, community=1)
    await bar.ask()
    refusal = await bar.ask()
    assert isinstance(refusal, Declined)
    assert refusal.reason is Reason.MEMBER_QUOTA


async def test_without_a_limit_nobody_is_refused() -> None:
    bar = Bar()
    for _ in range(100):
        assert isinstance(await bar.ask(), int)


async def test_the_operator_is_outside_the_quotas_and_uses_nothing_up() -> None:
    bar = Bar(member=1, community=1)
    for _ in range(5):
        assert isinstance(await bar.ask(operator=True), int)
    assert isinstance(await bar.ask(), int)
    assert isinstance(await bar.ask(operator=True), int)


async def test_a_request_that_was_declined_uses_nothing_up() -> None:
    bar = Bar(member=1)
    joke_id = await bar.ask()
    assert isinstance(joke_id, int)
    await bar.store.mark_declined(joke_id, Reason.BUSY)
    assert isinstance(await bar.ask(), int)


async def test_requests_of_the_same_moment_count_each_other() -> None:
    bar = Bar(member=3, community=5)
    members = ["ada"] * 10 + ["bob"] * 10
    answers = await asyncio.gather(*(bar.ask(member) for member in members))
    admitted = [
        member for member, answer in zip(members, answers, strict=True) if isinstance(answer, int)
    ]
    assert admitted.count("ada") == 3
    assert admitted.count("bob") == 2


async def test_whoever_gives_up_in_the_queue_for_the_quota_does_not_block_it() -> None:
    bar = Bar(member=1)
    request = JokeRequest(community=HERE, member="ada")
    async with bar.quotas.turn(request):
        impatient = asyncio.create_task(bar.ask())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
    async with asyncio.timeout(5):
        assert isinstance(await bar.ask(), int)
