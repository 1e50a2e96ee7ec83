"""What chats ask of the service: pauses, admins, daily quotas, tiers, events, and flags."""

from dataclasses import replace
from typing import Any

import pytest

from bot.communities import Audience
from bot.core import Core
from bot.jokes import Answer, Declined, JokeRequest, Reason
from bot.service import Flagged
from bot.store.port import Ballot, Gesture, Tally, UnknownJoke, Voted
from finetune.moderation import Tier
from tests.bot.room import BULL, HERE, OCEAN, REQUEST, RUDE_JOKE, SOUR_JOKE, THERE, ZERO, told
from tests.twins.core import core_on
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.moderator import RUDE
from tests.twins.service import drawn
from tests.twins.store import MemoryStore


class Chat:
    """A core whose generator gives these answers, in a community that has chosen something."""

    def __init__(self, *answers: Scripted, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        generator = ScriptedGenerator(answers)
        self.core: Core = core_on(store=self.store, generator=generator, rounds=1)
        self.service = self.core.jokes

    async def choose(self, **choices: Any) -> None:
        await self.core.communities.change(HERE, **choices)

    async def ask(self, request: JokeRequest = REQUEST, **details: Any) -> Answer:
        return await self.service.tell(replace(request, **details))


# Who may ask


async def test_while_jokes_are_paused_only_the_operator_gets_one() -> None:
    chat = Chat(drawn(BULL), drawn(OCEAN))
    await chat.core.pause.set(True)
    assert await chat.ask() == Declined(reason=Reason.PAUSED)
    assert await chat.ask(by_admin=True) == Declined(reason=Reason.PAUSED)
    assert chat.store.rows == {}
    assert told(await chat.ask(operator=True)) == BULL
    await chat.core.pause.set(False)
    assert told(await chat.ask()) == OCEAN


async def test_where_only_admins_may_ask_others_are_turned_away() -> None:
    chat = Chat(drawn(BULL), drawn(OCEAN), drawn(ZERO))
    await chat.choose(audience=Audience.ADMINS)
    assert await chat.ask() == Declined(reason=Reason.ADMINS_ONLY)
    assert chat.store.rows == {}
    assert told(await chat.ask(by_admin=True)) == BULL
    assert told(await chat.ask(operator=True)) == OCEAN
    assert told(await chat.ask(community=THERE)) == ZERO


async def test_a_daily_quota_is_for_each_member_of_the_community_that_chose_it() -> None:
    chat = Chat(*map(drawn, [BULL, OCEAN, ZERO, BULL]))
    await chat.choose(daily_jokes=1)
    assert told(await chat.ask())
    refusal = await chat.ask()
    assert isinstance(refusal, Declined)
    assert refusal.reason is Reason.DAILY_QUOTA
    assert refusal.seconds in range(86_000, 86_401)
    assert told(await chat.ask(member="bob"))
    assert told(await chat.ask(operator=True))
    assert told(await chat.ask(community=THERE))


async def test_a_quota_that_is_taken_away_holds_nobody_up() -> None:
    chat = Chat(drawn(BULL), drawn(OCEAN))
    await chat.choose(daily_jokes=1)
    await chat.ask()
    await chat.choose(daily_jokes=0)
    assert told(await chat.ask()) == OCEAN


# How daring


@pytest.mark.parametrize("adult_place", [False, True])
@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize(
    ("text", "mildest"), [(BULL, Tier.FAMILY), (SOUR_JOKE, Tier.STANDARD), (RUDE_JOKE, Tier.ADULT)]
)
async def test_a_joke_is_as_daring_as_was_chosen_and_the_place_allows(
    text: str, mildest: Tier, tier: Tier, adult_place: bool
) -> None:
    chat = Chat(drawn(text))
    await chat.choose(tier=tier)
    order = list(Tier)
    allowed = order.index(tier) if adult_place else min(order.index(tier), 1)
    answer = await chat.ask(adult_place=adult_place)
    if order.index(mildest) <= allowed:
        assert told(answer) == text
    else:
        assert answer == Declined(reason=Reason.NOTHING_FIT)


@pytest.mark.parametrize("adult_place", [False, True])
@pytest.mark.parametrize("tier", Tier)
async def test_a_prompt_may_be_as_daring_as_the_joke(tier: Tier, adult_place: bool) -> None:
    chat = Chat(drawn(RUDE_JOKE))
    await chat.choose(tier=tier)
    answer = await chat.ask(topic=RUDE, adult_place=adult_place)
    if tier is Tier.ADULT and adult_place:
        assert told(answer) == RUDE_JOKE
    else:
        assert answer == Declined(reason=Reason.UNSUITABLE)


async def test_only_topics_that_may_still_be_asked_for_are_offered() -> None:
    chat = Chat(drawn(BULL), drawn(RUDE_JOKE))
    await chat.choose(tier=Tier.ADULT)
    for topic in ("bulls", RUDE):
        await chat.ask(topic=topic, adult_place=True)
    for joke_id in (1, 2):
        await chat.service.vote(joke_id, "ada", 1)

    async def offered(*, adult_place: bool) -> list[str]:
        return list(await chat.service.topics(HERE, beginning="", limit=9, adult_place=adult_place))

    assert await offered(adult_place=True) == ["bulls", RUDE]
    assert await offered(adult_place=False) == ["bulls"]
    await chat.choose(tier=Tier.FAMILY)
    assert await offered(adult_place=True) == ["bulls"]


# The same event twice


async def test_an_event_delivered_twice_is_answered_once() -> None:
    chat = Chat(drawn(BULL), drawn(OCEAN))
    assert told(await chat.ask(origin="event 1")) == BULL
    assert await chat.ask(origin="event 1") == Declined(reason=Reason.DUPLICATE)
    assert [row.state for row in chat.store.rows.values()] == ["told"]
    assert told(await chat.ask(origin="event 2")) == OCEAN


async def test_an_event_from_before_a_restart_is_known_after_it() -> None:
    before = Chat(drawn(BULL))
    await before.ask(origin="event 1")
    after = Chat(store=before.store.successor())
    assert await after.ask(origin="event 1") == Declined(reason=Reason.DUPLICATE)


async def test_events_of_the_same_name_in_two_communities_are_two() -> None:
    chat = Chat(drawn(BULL), drawn(OCEAN))
    assert told(await chat.ask(origin="event 1")) == BULL
    assert told(await chat.ask(origin="event 1", community=THERE)) == OCEAN


# Flags and votes


def flagged(flags: int, *, hidden: bool, newly_hidden: bool) -> Flagged:
    return Flagged(tally=Tally(up=0, down=0, flags=flags), hidden=hidden, newly_hidden=newly_hidden)


async def test_enough_members_hide_a_joke_and_only_the_last_of_them_newly() -> None:
    chat = Chat(drawn(BULL))
    await chat.ask()
    service = chat.service
    assert await service.flag(1, "ada") == flagged(1, hidden=False, newly_hidden=False)
    assert await service.flag(1, "ada") == flagged(1, hidden=False, newly_hidden=False)
    assert not (await service.shown(1)).hidden
    assert await service.flag(1, "bob") == flagged(2, hidden=True, newly_hidden=True)
    assert await service.flag(1, "eve") == flagged(3, hidden=True, newly_hidden=False)
    assert (await service.shown(1)).hidden


async def test_a_moderator_hides_a_joke_at_once() -> None:
    chat = Chat(drawn(BULL))
    await chat.ask()
    assert await chat.service.flag(1, "mod", moderator=True) == flagged(
        1, hidden=True, newly_hidden=True
    )
    assert await chat.service.flag(1, "mod", moderator=True) == flagged(
        1, hidden=True, newly_hidden=False
    )
    assert (await chat.service.shown(1)).hidden


async def test_a_button_changes_the_one_vote_of_a_member() -> None:
    chat = Chat(drawn(BULL))
    await chat.ask()
    press = Ballot(value=1, gesture=Gesture.PRESS, event=4)
    voted = Voted(value=1, tally=Tally(up=1, down=0, flags=0))
    assert await chat.service.cast(1, "ada", press) == voted
    assert await chat.service.cast(1, "ada", press) == voted
    assert (await chat.service.shown(1)).tally == voted.tally


async def test_nobody_can_flag_show_or_vote_on_a_joke_that_was_not_told() -> None:
    chat = Chat()
    with pytest.raises(UnknownJoke):
        await chat.service.flag(1, "ada", moderator=True)
    with pytest.raises(UnknownJoke):
        await chat.service.shown(1)
    with pytest.raises(UnknownJoke):
        await chat.service.cast(1, "ada", Ballot(value=1))


async def test_a_joke_that_arrived_is_not_handed_to_the_next_process() -> None:
    chat = Chat(drawn(BULL), drawn(OCEAN))
    for address in ("one", "two"):
        await chat.ask(address=address)
    await chat.service.delivered(1)
    after = Chat(store=chat.store.successor())
    (left,) = await after.service.undelivered()
    assert (left.address, left.joke.text) == ("two", OCEAN)
