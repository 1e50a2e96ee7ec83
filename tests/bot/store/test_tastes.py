"""What versions make of jokes, and the votes that taste learns from; on disk and in the twin."""

from dataclasses import replace
from typing import Protocol

import pytest

from bot.jokes import Community
from bot.store.port import Store
from bot.store.record_port import Records
from bot.store.store import SqlStore
from bot.store.taste_port import ReadJoke, Tastes, TasteVote, UnreadJoke
from tests.bot.store.conftest import CHAT, GUILD, Place, ask, joke, tell

SIGNS = {1: "+", -1: "-"}


class Tasting(Store, Protocol):
    """A store with taste and records, which both kinds are."""

    tastes: Tastes
    records: Records


async def told(store: Tasting, features: bytes, community: Community = GUILD) -> int:
    number = await store.open_request(ask(community, topic="cats", opening="Why"))
    assert await store.mark_told(number, replace(joke("Why not?"), features=features))
    return number


async def read(store: Tasting, version: str, *numbers: int) -> dict[int, bytes]:
    found = await store.tastes.features(version, numbers)
    return {number: joke.features for number, joke in found.items()}


async def jokes_voted_on(store: Tasting, community: Community | None) -> list[str]:
    found = await store.tastes.votes(community, limit=100)
    return [f"{SIGNS[vote.value]}{vote.joke_id}" for vote in found]


async def test_what_the_model_makes_of_a_joke_is_kept_with_it(store: Tasting) -> None:
    first, second = await told(store, b"one"), await told(store, b"two")
    third = await tell(store)
    found = await store.tastes.features("starter", [first, second, third])
    assert found == {
        first: ReadJoke(text="Why not?", features=b"one"),
        second: ReadJoke(text="Why not?", features=b"two"),
    }
    assert await read(store, "another", first) == {}


async def test_a_joke_that_was_heard_before_leaves_no_features(store: Tasting) -> None:
    details = replace(joke(fingerprint="same"), features=b"one")
    assert await store.mark_told(await store.open_request(ask()), details)
    again = await store.open_request(ask())
    assert not await store.mark_told(again, details)
    assert await read(store, "starter", again) == {}


async def test_votes_come_newest_first_as_many_as_wanted(store: Tasting) -> None:
    numbers = [await tell(store) for _ in range(3)]
    for number in numbers:
        await store.vote(number, "ann", 1)
    await store.vote(numbers[0], "bob", -1)
    newest = await store.tastes.votes(None, limit=2)
    assert [vote.joke_id for vote in newest] == [numbers[2], numbers[1]]
    assert len(await store.tastes.votes(None, limit=100)) == 4
    (member,) = {vote.member for vote in newest}
    assert newest[0] == TasteVote(joke_id=numbers[2], member=member, value=1)
    assert member == store.records.pseudonym(GUILD.front, "ann")


async def test_a_community_has_its_own_votes_and_everyone_has_all(store: Tasting) -> None:
    here, there = await tell(store, GUILD), await tell(store, CHAT)
    await store.vote(here, "ann", 1)
    await store.vote(there, "ann", -1)
    assert await jokes_voted_on(store, GUILD) == [f"+{here}"]
    assert await jokes_voted_on(store, CHAT) == [f"-{there}"]
    assert await jokes_voted_on(store, None) == [f"-{there}", f"+{here}"]
    assert await store.tastes.communities([here, there, 999]) == {GUILD, CHAT}


async def test_changed_withdrawn_and_erased_votes_are_no_longer_there(store: Tasting) -> None:
    changed, withdrawn = await tell(store), await tell(store)
    await store.vote(changed, "ann", 1)
    await store.vote(changed, "ann", -1)
    await store.vote(withdrawn, "ann", 1)
    await store.vote(withdrawn, "ann", 0)
    await store.vote(withdrawn, "bob", 1)
    await store.forget(GUILD.front, "bob")
    assert await jokes_voted_on(store, GUILD) == [f"-{changed}"]


async def test_hidden_and_flagged_jokes_do_not_teach(store: Tasting) -> None:
    numbers = [await tell(store) for _ in range(3)]
    for number in numbers:
        await store.vote(number, "ann", 1)
    await store.hide(numbers[0])
    await store.flag(numbers[1], "bob")
    assert await jokes_voted_on(store, None) == [f"+{numbers[2]}"]


async def test_votes_move_with_their_community(store: Tasting) -> None:
    moved = Community(front=GUILD.front, key="another")
    number = await tell(store, GUILD)
    await store.vote(number, "ann", 1)
    await store.records.move_community(GUILD, moved)
    assert await jokes_voted_on(store, GUILD) == []
    assert await jokes_voted_on(store, moved) == [f"+{number}"]


async def test_a_version_is_told_which_jokes_it_has_not_read(store: Tasting) -> None:
    numbers = [await told(store, b"old") for _ in range(4)]
    for number in numbers[:3]:
        await store.vote(number, "ann", 1)
    unread = await store.tastes.unread("new", votes=100, limit=2)
    assert unread == [
        UnreadJoke(joke_id=number, topic="cats", opening="Why", text="Why not?")
        for number in (numbers[2], numbers[1])
    ]
    await store.tastes.put_features("new", {numbers[2]: b"new", numbers[1]: b"new"})
    left = await store.tastes.unread("new", votes=100, limit=2)
    assert [each.joke_id for each in left] == [numbers[0]]
    assert await store.tastes.unread("new", votes=2, limit=2) == []
    assert await store.tastes.unread("starter", votes=100, limit=2) == []


async def test_features_and_a_basis_stay_as_they_were_first(store: Tasting) -> None:
    number = await tell(store)
    for vector in (b"first", b"second"):
        await store.tastes.put_features("new", {number: vector})
        await store.tastes.put_basis("new", vector)
    await store.tastes.put_features("new", {})
    assert await read(store, "new", number) == {number: b"first"}
    assert await store.tastes.basis("new") == b"first"
    assert await store.tastes.basis("starter") is None


async def test_only_versions_that_serve_and_jokes_that_matter_are_retained(store: Tasting) -> None:
    numbers = [await told(store, b"old") for _ in range(4)]
    await store.vote(numbers[0], "ann", 1)
    await store.vote(numbers[1], "ann", 1)
    await store.vote(numbers[1], "ann", 0)
    await store.tastes.put_features("gone", {numbers[0]: b"gone"})
    await store.tastes.put_basis("gone", b"basis")
    await store.tastes.put_basis("starter", b"basis")
    await store.tastes.retain(["starter"], unvoted=2)
    features = await read(store, "starter", *numbers)
    assert features.keys() == {numbers[0], numbers[2], numbers[3]}
    assert await read(store, "gone", *numbers) == {}
    assert await store.tastes.basis("gone") is None
    assert await store.tastes.basis("starter") == b"basis"


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
async def test_a_version_whose_name_cannot_be_stored_is_refused(store: Tasting, name: str) -> None:
    with pytest.raises(ValueError, match="stored"):
        await store.tastes.put_basis(name, b"basis")


async def test_what_was_kept_outlives_the_process(sql_store: SqlStore, place: Place) -> None:
    number = await tell(sql_store)
    await sql_store.tastes.put_features("starter", {number: bytes(range(256))})
    await sql_store.close()
    successor = await place.open()
    found = await successor.tastes.features("starter", [number])
    assert found[number].features == bytes(range(256))
    await successor.close()
