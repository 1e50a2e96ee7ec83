"""Where jokes are shown, what communities chose, notes and seals; on disk and in the twin alike."""

import re
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.jokes import Community
from bot.store.port import Store
from bot.store.record_port import Post, Records
from bot.store.store import SqlStore
from tests.bot.store.conftest import (
    CHAT,
    GUILD,
    Place,
    StillClock,
    ask,
    joke,
    tell,
    used,
    would_tell,
)
from tests.twins.store import MemoryStore

OLD = Community(front="telegram", key="-5")
NEW = Community(front="telegram", key="-1005")


class Remembering(Store, Protocol):
    """A store with its records."""

    records: Records


def post(message: str = "1", *, place: str = "10", front: str = "discord") -> Post:
    return Post(front=front, place=place, message=message)


async def told(store: Store, community: Community, fingerprint: str | None = None) -> int:
    number = await store.open_request(ask(community))
    assert await store.mark_told(number, joke(f"Told in {community.key}.", fingerprint))
    await store.vote(number, "ann", 1)
    return number


async def on_top(store: Store, community: Community) -> set[str]:
    return {row.text for row in await store.top(community, since=None, limit=10)}


# Posts


async def test_a_message_knows_its_joke_and_a_joke_its_messages_oldest_first(
    store: Remembering, clock: StillClock
) -> None:
    number, other = await tell(store), await tell(store)
    posts = [post("3"), post("1"), post("2", place="11"), post("2", front="telegram")]
    for each in posts:
        await store.records.posted(number, each)
        clock.move(seconds=1)
    await store.records.posted(other, post("4"))
    assert [await store.records.joke_at(each) for each in posts] == [number] * 4
    assert await store.records.posts(number) == posts
    assert await store.records.posts(other) == [post("4")]
    for stranger in (post("9"), post("3", place="11"), post("3", front="telegram")):
        assert await store.records.joke_at(stranger) is None
    assert await store.records.posts(999) == []


async def test_a_message_shows_the_first_joke_it_was_noted_for(store: Remembering) -> None:
    number, other = await tell(store), await tell(store)
    for each in (number, number, other):
        await store.records.posted(each, post())
    assert await store.records.joke_at(post()) == number
    assert await store.records.posts(number) == [post()]
    assert await store.records.posts(other) == []


async def test_a_message_that_is_gone_shows_nothing_but_the_votes_stay(store: Remembering) -> None:
    number = await tell(store)
    await store.vote(number, "ann", 1)
    await store.records.posted(number, post())
    await store.records.unposted(post())
    await store.records.unposted(post())
    assert await store.records.joke_at(post()) is None
    assert (await store.tally(number)).up == 1


async def test_to_forget_a_member_is_to_forget_the_messages_in_a_chat_with_them(
    store: Remembering,
) -> None:
    number = await tell(store)
    private, elsewhere = post(place="ann"), post(place="bob")
    other_front = post(place="ann", front="telegram")
    for each in (private, elsewhere, other_front):
        await store.records.posted(number, each)
    await store.forget("discord", "ann")
    assert await store.records.joke_at(private) is None
    assert await store.records.joke_at(elsewhere) == number
    assert await store.records.joke_at(other_front) == number


@pytest.mark.parametrize("unstorable", ["\x00", "\ud800"])
async def test_names_that_cannot_be_stored_are_refused(store: Remembering, unstorable: str) -> None:
    number = await tell(store)
    with pytest.raises(ValueError, match="cannot be stored"):
        await store.records.posted(number, post(unstorable))
    with pytest.raises(ValueError, match="cannot be stored"):
        await store.records.joke_at(post(place=unstorable))
    with pytest.raises(ValueError, match="cannot be stored"):
        await store.records.settings(Community(front="discord", key=unstorable))
    with pytest.raises(ValueError, match="cannot be stored"):
        await store.records.write_note("name", unstorable)


# Settings


async def test_settings_are_what_was_saved_last_for_that_community(store: Remembering) -> None:
    assert await store.records.settings(GUILD) == {}
    await store.records.save_settings(GUILD, {"tier": "family", "daily_jokes": 3})
    await store.records.save_settings(GUILD, {"language": "es ñ 👍"})
    assert await store.records.settings(GUILD) == {"language": "es ñ 👍"}
    assert await store.records.settings(CHAT) == {}


async def test_settings_may_come_before_or_after_the_first_joke(store: Remembering) -> None:
    await store.records.save_settings(GUILD, {"language": "de"})
    number = await told(store, GUILD)
    await told(store, CHAT)
    await store.records.save_settings(CHAT, {"language": "es"})
    assert await store.records.settings(GUILD) == {"language": "de"}
    assert await store.records.settings(CHAT) == {"language": "es"}
    assert (await store.shown(number)).community == GUILD


# Communities that move


async def test_a_community_that_moves_takes_its_settings_jokes_and_votes_along(
    store: Remembering, clock: StillClock
) -> None:
    number = await told(store, OLD, "f")
    await store.records.posted(number, post(front="telegram"))
    await store.records.save_settings(OLD, {"language": "de"})
    await store.records.move_community(OLD, NEW)
    assert await store.records.settings(NEW) == {"language": "de"}
    assert await store.records.settings(OLD) == {}
    assert await on_top(store, NEW) == {"Told in -5."}
    assert await on_top(store, OLD) == set()
    assert not await would_tell(store, NEW, "f")
    assert await would_tell(store, OLD, "f")
    assert (await store.shown(number)).community == NEW
    assert await store.records.joke_at(post(front="telegram")) == number
    assert await used(store, ask(NEW)) == 1


async def test_of_two_communities_that_become_one_all_jokes_and_the_old_settings_stay(
    store: Remembering,
) -> None:
    before, after = await told(store, OLD, "both"), await told(store, NEW, "both")
    await told(store, NEW, "new")
    await store.records.save_settings(OLD, {"language": "de"})
    await store.records.save_settings(NEW, {"language": "es", "daily_jokes": 9})
    await store.records.move_community(OLD, NEW)
    assert await store.records.settings(NEW) == {"language": "de"}
    assert (await store.stats(NEW, "ann")).jokes == 3
    for fingerprint in ("both", "new"):
        assert not await would_tell(store, NEW, fingerprint)
    for number in (before, after):
        assert (await store.shown(number)).community == NEW
        assert (await store.tally(number)).up == 1


async def test_two_communities_that_saw_events_of_the_same_name_can_become_one(
    store: Remembering,
) -> None:
    for community in (OLD, NEW):
        await store.open_request(ask(community, origin="event 1"))
    await store.records.move_community(OLD, NEW)
    assert await used(store, ask(NEW), of_everybody=True) == 2


async def test_a_request_that_still_names_the_old_community_is_kept_after_the_move(
    store: Remembering,
) -> None:
    await told(store, OLD)
    await store.records.move_community(OLD, NEW)
    late = await store.open_request(ask(OLD))
    assert await store.mark_told(late, joke())
    assert (await store.shown(late)).community == OLD
    await store.records.move_community(OLD, NEW)
    assert (await store.shown(late)).community == NEW


async def test_moving_what_nobody_knows_or_to_the_same_place_changes_nothing(
    store: Remembering,
) -> None:
    await told(store, NEW, "f")
    await store.records.save_settings(NEW, {"language": "de"})
    await store.records.move_community(OLD, NEW)
    await store.records.move_community(NEW, NEW)
    assert await store.records.settings(NEW) == {"language": "de"}
    assert not await would_tell(store, NEW, "f")
    assert await on_top(store, NEW) == {"Told in -1005."}


# Notes


async def test_a_note_is_there_until_it_is_taken_away(store: Remembering) -> None:
    assert await store.records.note("tree") is None
    await store.records.write_note("tree", "oak")
    await store.records.write_note("tree", "elm")
    await store.records.write_note("bush", "")
    assert await store.records.note("tree") == "elm"
    assert await store.records.note("bush") == ""
    await store.records.write_note("tree", None)
    await store.records.write_note("tree", None)
    assert await store.records.note("tree") is None
    assert await store.records.note("bush") == ""


# Pseudonyms and seals


async def test_a_pseudonym_is_one_members_and_what_the_store_knows_them_by(
    store: Remembering, clock: StillClock
) -> None:
    pseudonym = store.records.pseudonym
    assert re.fullmatch("[0-9a-f]{32}", pseudonym("discord", "ann"))
    assert pseudonym("discord", "ann") == pseudonym("discord", "ann")
    others = {pseudonym("discord", "bob"), pseudonym("telegram", "ann")}
    assert len(others | {pseudonym("discord", "ann")}) == 3
    await store.open_request(ask(member="ann"))
    assert await used(store, ask(member="ann")) == 1


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(1, 2**63 - 1), second=st.integers(1, 2**63 - 1))
def test_a_seal_is_ten_characters_that_fit_one_joke_only(first: int, second: int) -> None:
    records = MemoryStore().records
    seal = records.seal(first)
    assert re.fullmatch("[0-9a-f]{10}", seal)
    assert (seal == records.seal(second)) == (first == second)
    assert not records.pseudonym("discord", str(first)).startswith(seal)


async def test_seals_and_pseudonyms_outlive_the_process(
    sql_store: SqlStore, clock: StillClock, place: Place
) -> None:
    before = sql_store.records.seal(7), sql_store.records.pseudonym("discord", "ann")
    await sql_store.close()
    successor = await place.open(clock=clock)
    assert (successor.records.seal(7), successor.records.pseudonym("discord", "ann")) == before
    await successor.close()
