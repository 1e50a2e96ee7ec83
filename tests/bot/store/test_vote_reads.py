"""All votes with their jokes, and those of other instances; on disk and in the twin alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.jokes import Community
from bot.store import vote_reads
from bot.store.port import Store
from bot.store.store import SqlStore
from bot.votes.rows import IMPORTED, ImportCounts, ImportedJoke, ImportedVote, VoteRow
from tests.bot.store.conftest import CHAT, GUILD, StillClock, ask, joke, tell

LONG_AGO = datetime(2023, 5, 1, 8, 30, 0, 123456, tzinfo=UTC)


async def all_votes(store: Store) -> list[VoteRow]:
    return [row async for row in store.votes()]


def foreign(text: str = "A foreign joke.", **votes: int) -> ImportedJoke:
    """A joke of another instance with the votes of members."""
    return ImportedJoke(
        topic="cats",
        opening=None,
        text=text,
        model_version="theirs",
        told_at=LONG_AGO,
        votes=[
            ImportedVote(member=member, value=value, voted_at=LONG_AGO + timedelta(hours=1))
            for member, value in votes.items()
        ],
    )


async def test_a_vote_comes_with_its_joke(store: Store, clock: StillClock) -> None:
    number = await store.open_request(ask(CHAT, "ann", topic="cats", opening="Why"))
    assert await store.mark_told(number, joke("Why not?"))
    told_at = clock.time
    clock.move(hours=2)
    await store.vote(number, "bob", -1)
    (row,) = await all_votes(store)
    assert len(row.member) == 32
    assert row == VoteRow(
        joke_id=number,
        community=CHAT,
        member=row.member,
        value=-1,
        topic="cats",
        opening="Why",
        text="Why not?",
        model_version="starter",
        told_at=told_at,
        voted_at=clock.time,
        withheld=False,
    )


async def test_votes_come_by_joke_and_member_without_withdrawn_ones(store: Store) -> None:
    first, second = await tell(store), await tell(store, CHAT)
    for number in (second, first):
        for member in ("ann", "bob", "cat"):
            await store.vote(number, member, 1)
    await store.vote(first, "bob", 0)
    rows = await all_votes(store)
    places = [(row.joke_id, row.member) for row in rows]
    assert places == sorted(places)
    assert [row.joke_id for row in rows] == [first] * 2 + [second] * 3


async def test_an_erased_member_is_gone(store: Store) -> None:
    number = await tell(store)
    await store.vote(number, "ann", 1)
    await store.vote(number, "bob", -1)
    await store.forget(GUILD.front, "bob")
    assert [row.value for row in await all_votes(store)] == [1]


async def test_votes_on_hidden_and_flagged_jokes_are_marked(store: Store) -> None:
    numbers = [await tell(store) for _ in range(3)]
    for number in numbers:
        await store.vote(number, "ann", 1)
    await store.hide(numbers[0])
    await store.flag(numbers[1], "bob")
    assert [row.withheld for row in await all_votes(store)] == [True, True, False]


async def test_votes_of_many_pages_come_once_each(
    sql_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vote_reads, "PAGE", 2)
    monkeypatch.setattr(vote_reads, "_PAGE", vote_reads._select_page())
    numbers = [await tell(sql_store) for _ in range(3)]
    for number in numbers:
        for member in ("ann", "bob", "cat"):
            await sql_store.vote(number, member, 1)
    rows = await all_votes(sql_store)
    assert [row.joke_id for row in rows] == [number for number in numbers for _ in range(3)]
    assert len({(row.joke_id, row.member) for row in rows}) == 9


async def test_imported_jokes_have_a_community_of_their_own(store: Store) -> None:
    await tell(store, Community(front="discord", key="1"))
    counts = await store.import_votes([foreign(ann=1, bob=-1)])
    assert counts == ImportCounts(jokes=1, votes=2)
    rows = await all_votes(store)
    assert sorted(row.value for row in rows) == [-1, 1]
    for row in rows:
        assert (row.community, row.topic, row.text) == (IMPORTED, "cats", "A foreign joke.")
        assert (row.model_version, row.told_at) == ("theirs", LONG_AGO)
        assert row.voted_at == LONG_AGO + timedelta(hours=1)
        assert not row.withheld


async def test_the_same_jokes_again_change_nothing(store: Store) -> None:
    jokes = [foreign(ann=1, bob=-1), foreign("Another.", ann=-1)]
    await store.import_votes(jokes)
    before = await all_votes(store)
    assert await store.import_votes(jokes) == ImportCounts()
    assert await all_votes(store) == before


async def test_a_later_export_brings_the_votes_up_to_date(store: Store) -> None:
    await store.import_votes([foreign(ann=1, bob=-1, cat=1)])
    assert await store.import_votes([foreign(ann=-1, cat=1, dan=1)]) == ImportCounts(votes=3)
    assert sorted(row.value for row in await all_votes(store)) == [-1, 1, 1]


async def test_a_joke_that_was_told_here_is_left_alone(store: Store, clock: StillClock) -> None:
    number = await tell(store, text="Ours.")
    await store.vote(number, "ann", 1)
    ours = replace(foreign("Ours.", bob=-1), model_version="starter", told_at=clock.time)
    assert await store.import_votes([ours]) == ImportCounts(own=1)
    assert [row.value for row in await all_votes(store)] == [1]


async def test_versions_of_other_instances_are_not_among_ours(store: Store) -> None:
    await tell(store)
    await store.import_votes([foreign(ann=1), replace(foreign("Two.", ann=1))])
    assert [(record.version, record.up) for record in await store.versions()] == [("starter", 0)]


@pytest.mark.parametrize(
    "broken",
    [
        replace(foreign(), text="A\0b"),
        replace(foreign(), topic="\ud800"),
        foreign(ann=2),
    ],
    ids=["NUL", "surrogate", "value"],
)
async def test_what_cannot_be_stored_is_refused_whole(store: Store, broken: ImportedJoke) -> None:
    with pytest.raises(ValueError, match=r"stored|vote"):
        await store.import_votes([foreign("Sound.", ann=1), broken])
    assert await all_votes(store) == []
