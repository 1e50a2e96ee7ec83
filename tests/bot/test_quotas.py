"""How many jokes a member and a community may ask for, and how long they wait for the next."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.jokes import Community, Declined, JokeRequest, Reason
from bot.quotas import QuotaLimits, quotas_for, refusal
from bot.store.port import QuotaReached
from tests.twins.store import MemoryStore

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
    """A store with limits; `ask` opens a request if the quotas let it."""

    def __init__(self, *, member: int = 0, community: int = 0, window: float = 60.0) -> None:
        self.clock = Clock()
        self.store = MemoryStore(clock=self.clock)
        self.limits = QuotaLimits(
            member_jokes=member, community_jokes=community, window_seconds=window
        )

    async def ask(
        self, member: str = "ada", *, community: Community = HERE, operator: bool = False
    ) -> Declined | int:
        request = JokeRequest(community=community, member=member, operator=operator)
        try:
            return await self.store.open_request(request, quotas=quotas_for(request, self.limits))
        except QuotaReached as reached:
            return refusal(reached)


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


async def test_a_community_may_set_a_limit_for_a_day() -> None:
    bar = Bar()
    request = JokeRequest(community=HERE, member="ada")
    quotas = quotas_for(request, bar.limits, daily_jokes=1)
    await bar.store.open_request(request, quotas=quotas)
    bar.clock.advance(3_600)
    with pytest.raises(QuotaReached) as caught:
        await bar.store.open_request(request, quotas=quotas)
    assert refusal(caught.value) == Declined(reason=Reason.DAILY_QUOTA, seconds=23 * 3_600)
