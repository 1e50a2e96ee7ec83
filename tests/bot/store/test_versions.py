"""Which versions there are, which serve, and the run that makes one, as the database keeps them."""

from dataclasses import replace

import pytest

from bot.store.port import StoreUnavailable
from bot.store.store import SqlStore
from bot.store.version_port import (
    Contribution,
    Ending,
    MadeVersion,
    Roles,
    Run,
    Stage,
    TrialVotes,
    VersionState,
)
from bot.votes.rows import ImportedJoke, ImportedVote
from tests.bot.store.conftest import GUILD, Place, StillClock, ask, joke


def made(clock: StillClock, name: str = "punchline-1", **details: object) -> MadeVersion:
    version = MadeVersion(
        name=name,
        parent="starter",
        state=VersionState.CANDIDATE,
        snapshot="votes-1",
        votes=3,
        created_at=clock(),
        manifest={"version": name},
    )
    return replace(version, **details)  # type: ignore[arg-type]


def first_roles(clock: StillClock) -> Roles:
    return Roles(origin="starter", champion="starter", changed_at=clock())


# Roles


async def test_nobody_has_a_role_until_somebody_says_so(sql_store: SqlStore) -> None:
    assert await sql_store.model_versions.roles() is None


async def test_roles_change_only_in_the_place_of_those_that_were_seen(
    sql_store: SqlStore, clock: StillClock
) -> None:
    versions = sql_store.model_versions
    begun = first_roles(clock)
    assert await versions.assume(begun, instead_of=None)
    promoted = replace(begun, champion="punchline-1", previous="starter")
    assert await versions.assume(promoted, instead_of=begun)
    assert not await versions.assume(replace(begun, champion="punchline-2"), instead_of=begun)
    assert not await versions.assume(begun, instead_of=None)
    assert await versions.roles() == promoted


async def test_a_challenger_has_a_trial_and_a_trial_a_challenger(
    sql_store: SqlStore, clock: StillClock
) -> None:
    lonely = replace(first_roles(clock), challenger="punchline-1")
    with pytest.raises(Exception, match="trial"):
        await sql_store.model_versions.assume(lonely, instead_of=None)
    assert await sql_store.model_versions.roles() is None


# Versions


async def test_versions_are_listed_newest_first_with_what_became_of_them(
    sql_store: SqlStore, clock: StillClock
) -> None:
    versions = sql_store.model_versions
    await versions.add(made(clock), voters={})
    clock.move(hours=1)
    await versions.add(made(clock, "punchline-2"), voters={})
    await versions.mark("punchline-1", state=VersionState.REJECTED, verdict={"passed": False})
    await versions.mark("punchline-1", kept=False, manifest={"recipe": {"method": "lora"}})
    newest, oldest = await versions.all()
    assert (newest.name, newest.state, newest.kept) == ("punchline-2", VersionState.CANDIDATE, True)
    assert oldest.verdict == {"passed": False}
    assert (oldest.state, oldest.kept) == (VersionState.REJECTED, False)
    assert oldest.manifest == {"recipe": {"method": "lora"}}


async def test_a_version_made_again_takes_the_place_of_the_first(
    sql_store: SqlStore, clock: StillClock
) -> None:
    versions = sql_store.model_versions
    await versions.add(made(clock, state=VersionState.PASSED), voters={"a" * 32: 2})
    await versions.add(made(clock, votes=9, state=VersionState.PASSED), voters={})
    (only,) = await versions.all()
    assert only.votes == 9


async def test_members_learn_which_versions_learned_from_them_until_they_are_forgotten(
    sql_store: SqlStore, clock: StillClock
) -> None:
    versions = sql_store.model_versions
    ann = sql_store.records.pseudonym("discord", "ann")
    await versions.add(made(clock, state=VersionState.PASSED), voters={ann: 2})
    clock.move(hours=1)
    await versions.add(made(clock, "punchline-2", state=VersionState.PASSED), voters={ann: 3})
    await versions.add(made(clock, "punchline-3", state=VersionState.REJECTED), voters={ann: 4})
    assert await versions.contributions("discord", "ann") == [
        Contribution(version="punchline-2", votes=3),
        Contribution(version="punchline-1", votes=2),
    ]
    assert await versions.contributions("telegram", "ann") == []
    await sql_store.forget("discord", "ann")
    assert await versions.contributions("discord", "ann") == []


# Runs


async def test_there_is_one_run_at_a_time(sql_store: SqlStore, place: Place) -> None:
    versions = sql_store.model_versions
    run = await versions.begin(parent="starter")
    assert run is not None
    assert await versions.begin(parent="starter") is None
    other = await place.open()
    try:
        assert await other.model_versions.begin(parent="starter") is None
        assert await other.model_versions.going_on() == run
    finally:
        await other.close()
    assert await versions.end(run.id, Ending.FAILED, detail="It broke.")
    following = await versions.begin(parent="starter")
    assert following is not None
    assert following.id > run.id


async def test_a_run_is_adopted_only_when_its_process_is_gone_or_let_it_go(
    sql_store: SqlStore, place: Place
) -> None:
    other = await place.open()
    assert await other.model_versions.adopt() is None
    run = await other.model_versions.begin(parent="starter")
    assert run is not None
    assert await other.model_versions.adopt() == run
    assert await sql_store.model_versions.adopt() is None
    await other.model_versions.advance(run.id, Stage.TRIAL, version="punchline-1")
    await other.model_versions.release(run.id)
    adopted = await sql_store.model_versions.adopt()
    assert adopted == replace(run, stage=Stage.TRIAL, version="punchline-1")
    assert await other.model_versions.adopt() is None
    await other.close()


async def test_the_run_of_a_process_that_is_gone_is_adopted(
    sql_store: SqlStore, place: Place
) -> None:
    other = await place.open()
    run = await other.model_versions.begin(parent="starter")
    await other.close()
    assert await sql_store.model_versions.adopt() == run


async def test_a_run_that_has_ended_changes_no_more(sql_store: SqlStore, clock: StillClock) -> None:
    versions = sql_store.model_versions
    run = await versions.begin(parent="starter")
    assert run is not None
    await versions.advance(run.id, Stage.TRAINING, snapshot="votes-1")
    assert await versions.end(run.id, Ending.CANCELLED, detail="An admin ended it.")
    assert not await versions.end(run.id, Ending.PROMOTED, detail="")
    await versions.advance(run.id, Stage.TRIAL)
    assert await versions.last() == Run(
        id=run.id,
        stage=Stage.TRAINING,
        parent="starter",
        began_at=clock(),
        snapshot="votes-1",
        ending=Ending.CANCELLED,
        ended_at=clock(),
        detail="An admin ended it.",
    )
    assert await versions.going_on() is None


# What a trial got


async def told(store: SqlStore, version: str, member: str = "ann") -> int:
    number = await store.open_request(ask(GUILD, member))
    assert await store.mark_told(number, replace(joke(), model_version=version))
    return number


async def test_a_trial_counts_members_with_their_votes_since_it_began(
    sql_store: SqlStore, clock: StillClock
) -> None:
    before = await told(sql_store, "old")
    await sql_store.vote(before, "ann", 1)
    clock.move(hours=1)
    began = clock()
    one, two, new = [await told(sql_store, version) for version in ("old", "old", "new")]
    for number, member, value in [
        (one, "ann", 1),
        (two, "ann", -1),
        (one, "bob", -1),
        (new, "ann", 1),
        (new, "cem", 0),
    ]:
        await sql_store.vote(number, member, value)
    found = await sql_store.model_versions.trial_votes(["old", "new", "other"], since=began)
    assert sorted(found["old"].members) == [(0, 1), (1, 1)]
    assert found["old"].jokes == 2
    assert found["new"] == TrialVotes(version="new", jokes=1, members=((1, 0),))
    assert found["other"] == TrialVotes(version="other")


async def test_votes_on_flagged_jokes_do_not_count_in_a_trial_but_the_flags_do(
    sql_store: SqlStore, clock: StillClock
) -> None:
    began = clock()
    number = await told(sql_store, "new")
    await sql_store.vote(number, "ann", 1)
    await sql_store.flag(number, "bob")
    found = await sql_store.model_versions.trial_votes(["new"], since=began)
    assert found["new"] == TrialVotes(version="new", jokes=1, flagged=1)


async def test_imported_votes_do_not_count_in_a_trial(
    sql_store: SqlStore, clock: StillClock
) -> None:
    imported = ImportedJoke(
        topic=None,
        opening=None,
        text="Elsewhere.",
        model_version="new",
        told_at=clock(),
        votes=[ImportedVote(member="x", value=1, voted_at=clock())],
    )
    await sql_store.import_votes([imported])
    found = await sql_store.model_versions.trial_votes(["new"], since=clock())
    assert found["new"] == TrialVotes(version="new")


async def test_once_the_store_is_closed_every_room_of_it_refuses_to_read(
    sql_store: SqlStore,
) -> None:
    await sql_store.close()
    for call in (
        sql_store.model_versions.roles(),
        sql_store.tastes.basis("punchline-1"),
        sql_store.records.note("pause"),
        sql_store.versions(),
    ):
        with pytest.raises(StoreUnavailable, match="closed"):
            await call
