"""What serves is what the database says, and what serves can be loaded, whatever happens."""

import asyncio
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.generation.port import GenerationError
from bot.learning import LearningRefused
from bot.learning.pruning import Pruning, sweep
from bot.learning.roles import first, promoted, returned, tried
from bot.store.directory import DATABASE
from bot.store.moments import now
from bot.store.port import StoreUnavailable
from bot.store.store import SqlStore
from bot.store.version_port import Ending, Roles, Stage, VersionState
from tests.bot.generation.pools import PATIENCE, request_for
from tests.bot.learning.serving import House, Serving, damage
from tests.bot.made import version_row
from tests.campaigns.processes import alive
from tests.campaigns.waiting import until


@pytest.fixture
def house(tmp_path: Path, tiny_version: Path) -> House:
    return House(tmp_path, tiny=tiny_version)


async def roles_in(store: SqlStore) -> Roles:
    roles = await store.model_versions.roles()
    assert roles is not None
    return roles


def kept_in(house: House) -> set[str]:
    """The versions that have files, as the database says."""
    with closing(sqlite3.connect(house.data / DATABASE)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM versions WHERE kept")}


async def put(store: SqlStore, **changes: object) -> Roles:
    """Roles as another process would write them."""
    old = await store.model_versions.roles()
    new = replace(old or first("tiny", at=now()), changed_at=now(), **changes)  # type: ignore[arg-type]
    assert await store.model_versions.assume(new, instead_of=old)
    return new


async def answered_by(serving: Serving, joke_id: int = 1) -> str:
    request = request_for("cats", joke_id=joke_id, seed=joke_id)
    return (await serving.fleet.generate(request)).model_version


async def refusal_of(serving: Serving, version: str | None) -> str:
    with pytest.raises(LearningRefused) as refused:
        await serving.roster.roll_back(version)
    return str(refused.value)


# The beginning


async def test_at_first_the_version_of_the_configuration_serves(house: House) -> None:
    async with house.store() as store, house.serving(store) as serving:
        await serving.begun()
        roles = await roles_in(store)
        assert (roles.origin, roles.champion, roles.previous) == ("tiny", "tiny", None)
        assert await answered_by(serving) == "tiny"
        assert (await serving.roster.champion()).directory == house.tiny


async def test_after_a_restart_the_champion_and_the_trial_go_on(house: House) -> None:
    async with house.store("one", "two") as store:
        await put(store, champion="one", previous="tiny", challenger="two", trial_began=now())
        async with house.serving(store) as serving:
            await serving.begun()
            await until(lambda: serving.fleet.challenger == "two", seconds=PATIENCE)
            answers = {await answered_by(serving, n) for n in range(40)}
            assert answers == {"one", "two"}


async def test_whoever_names_another_version_in_the_configuration_gets_that(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with house.store("one") as store:
        await put(store, origin="elsewhere", champion="one", previous="elsewhere")
        async with house.serving(store) as serving:
            await serving.begun()
            assert await answered_by(serving) == "tiny"
        roles = await roles_in(store)
        assert (roles.origin, roles.champion, roles.previous) == ("tiny", "tiny", None)
        assert "names another version" in caplog.text


@pytest.mark.parametrize(
    ("broken", "serves"), [(["two"], "one"), (["two", "one"], "tiny")], ids=["one", "two"]
)
@pytest.mark.parametrize("how", ["damaged", "missing", "no manifest"])
async def test_a_champion_whose_files_are_not_whole_gives_way_to_the_one_before(
    house: House, how: str, broken: list[str], serves: str
) -> None:
    async with house.store("one", "two") as store:
        await put(store, champion="two", previous="one")
        for name in broken:
            if how == "damaged":
                damage(house.models / name)
            elif how == "missing":
                shutil.rmtree(house.models / name)
            else:
                (house.models / name / "punchline.json").unlink()
        async with house.serving(store) as serving:
            await serving.begun()
            assert await answered_by(serving) == serves
        assert (await roles_in(store)).champion == serves
        ((failed, version, why),) = house.told
        assert (failed, version) == ("two", serves)
        assert "two" in why


async def test_a_champion_that_cannot_be_loaded_gives_way_to_the_one_before(house: House) -> None:
    house.habits["one"] = "broken"
    async with house.store("one") as store:
        await put(store, champion="one", previous="tiny")
        async with house.serving(store) as serving:
            await serving.begun()
            await serving.champion_is("tiny")
            assert await answered_by(serving) == "tiny"
        assert (await roles_in(store)).champion == "tiny"
        assert house.told == [("one", "tiny", "models/one is damaged.")]


# Changes made here


async def test_a_trial_a_promotion_and_the_way_back(house: House) -> None:
    async with house.store("one", "two") as store, house.serving(store) as serving:
        await serving.begun()
        roster = serving.roster
        for name in ("one", "two"):
            await roster.try_beside(name)
            assert serving.fleet.challenger == name
            await roster.promote()
            assert await answered_by(serving) == name
        assert (await roles_in(store)).previous == "one"
        assert await roster.roll_back(None) == "one"
        assert await answered_by(serving) == "one"
        assert await roster.roll_back("two") == "two"
        assert await roster.roll_back("tiny") == "tiny"
        assert (await roles_in(store)).champion == serving.fleet.champion == "tiny"


async def test_a_trial_that_ends_leaves_the_champion_alone(house: House) -> None:
    async with house.store("one") as store, house.serving(store) as serving:
        await serving.begun()
        await serving.roster.try_beside("one")
        await serving.roster.end_trial()
        await serving.roster.end_trial()
        assert serving.fleet.challenger is None
        assert (await roles_in(store)).challenger is None
        with pytest.raises(LearningRefused, match="No version is on trial"):
            await serving.roster.promote()


async def test_what_cannot_be_gone_back_to_is_refused(house: House) -> None:
    async with house.store("one") as store, house.serving(store) as serving:
        await serving.begun()
        assert await refusal_of(serving, None) == "There is no earlier version to go back to."
        assert await refusal_of(serving, "tiny") == "tiny serves already."
        assert await refusal_of(serving, "seven") == "I know no version seven."
        await store.model_versions.mark("one", kept=False)
        assert await refusal_of(serving, "one") == "The files of one have been removed."
        await store.model_versions.mark("one", kept=True)
        damage(house.models / "one")
        before = await roles_in(store)
        refusal = await refusal_of(serving, "one")
        assert refusal.startswith("That version cannot serve, so nothing has changed: ")
        assert await roles_in(store) == before
        assert await answered_by(serving) == "tiny"


async def test_a_version_that_does_not_load_changes_nothing(house: House) -> None:
    house.habits["one"] = "broken"
    async with house.store("one") as store, house.serving(store) as serving:
        await serving.begun()
        before = await roles_in(store)
        with pytest.raises(LearningRefused, match="models/one is damaged"):
            await serving.roster.try_beside("one")
        assert "models/one is damaged" in await refusal_of(serving, "one")
        assert await roles_in(store) == before
        assert serving.fleet.live == {"tiny"}


async def test_to_roll_back_during_a_swap_is_refused(house: House) -> None:
    house.habits["one"] = "late"
    async with house.store("one") as store, house.serving(store) as serving:
        await serving.begun()
        swapping = asyncio.create_task(serving.roster.try_beside("one"))
        await until(lambda: len(house.journal.events("start")) == 2, seconds=PATIENCE)
        refusal = await refusal_of(serving, None)
        assert refusal == "Versions are being swapped just now; try again in a moment."
        swapping.cancel()
        await asyncio.gather(swapping, return_exceptions=True)
        assert serving.fleet.live == {"tiny"}


async def test_of_two_processes_that_change_at_once_one_is_refused_and_both_agree(
    house: House,
) -> None:
    house.habits["one"] = "slow"
    async with house.store("one", "two") as store, house.serving(store) as serving:
        await serving.begun(follow=False)
        changing = asyncio.create_task(serving.roster.roll_back("one"))
        await until(lambda: len(house.journal.events("start")) == 2, seconds=PATIENCE)
        await put(store, champion="two", previous="tiny")
        with pytest.raises(LearningRefused, match="Somebody else has just changed"):
            await changing
        assert serving.fleet.champion == "tiny"
        serving.roster.start()
        await serving.champion_is("two")
        await until(lambda: serving.fleet.live == {"two"}, seconds=PATIENCE)


async def test_a_row_that_cannot_be_written_leaves_everything_as_it_is(house: House) -> None:
    async with house.store("one") as store, house.serving(store) as serving:
        await serving.begun()
        with closing(sqlite3.connect(house.data / DATABASE)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                await serving.roster.roll_back("one")
            assert await answered_by(serving) == "tiny"
        await until(lambda: serving.fleet.live == {"tiny"}, seconds=PATIENCE)
        assert (await roles_in(store)).champion == "tiny"
        assert await serving.roster.roll_back("one") == "one"


# Changes made elsewhere


async def test_what_another_process_decides_is_followed(house: House) -> None:
    async with house.store("one", "two") as store, house.serving(store) as serving:
        await serving.begun()
        await store.model_versions.assume(
            tried(await roles_in(store), "one", at=now()), instead_of=await roles_in(store)
        )
        await until(lambda: serving.fleet.challenger == "one", seconds=PATIENCE)
        old = await roles_in(store)
        await store.model_versions.assume(promoted(old, at=now()), instead_of=old)
        await serving.champion_is("one")
        assert len(house.journal.events("start")) == 2
        old = await roles_in(store)
        made = await store.model_versions.all()
        await store.model_versions.assume(returned(old, made, None, at=now()), instead_of=old)
        await serving.champion_is("tiny")
        assert serving.fleet.challenger is None


async def test_where_a_change_made_elsewhere_cannot_be_followed_the_old_version_serves_on(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.habits["one"] = "broken"
    async with house.store("one", "two") as store, house.serving(store) as serving:
        await serving.begun()
        await put(store, champion="one", previous="tiny")
        await until(lambda: "tiny goes on serving here" in caplog.text, seconds=PATIENCE)
        assert await answered_by(serving) == "tiny"
        await asyncio.sleep(0.3)
        assert caplog.text.count("goes on serving here") == 1
        await put(store, champion="two", previous="tiny")
        await serving.champion_is("two")


async def test_a_trial_that_cannot_be_held_here_counts_errors_so_that_it_ends(
    house: House,
) -> None:
    house.habits["one"] = "broken"
    async with house.store("one") as store, house.serving(store) as serving:
        await serving.begun()
        await put(store, challenger="one", trial_began=now())
        await until(lambda: serving.roster.faults("one").errors > 2, seconds=PATIENCE)
        assert await answered_by(serving) == "tiny"


# A champion that errs


async def test_a_champion_whose_worker_dies_again_and_again_is_taken_back(house: House) -> None:
    async with house.store("one") as store, house.serving(store) as serving:
        await serving.begun()
        await serving.roster.try_beside("one")
        await serving.roster.promote()
        while serving.fleet.champion == "one":
            pid = serving.yard.pools["one"].status.worker.pid
            if pid is not None and alive(pid):
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.02)
        assert await answered_by(serving) == "tiny"
        roles = await roles_in(store)
        assert (roles.champion, roles.previous) == ("tiny", None)
        ((failed, version, why),) = house.told
        assert (failed, version) == ("one", "tiny")
        assert "SIGKILL" in why


async def test_a_champion_that_fails_most_requests_is_taken_back(house: House) -> None:
    house.habits["one"] = "die"
    async with house.store("one") as store, house.serving(store) as serving:
        await serving.begun()
        await serving.roster.roll_back("one")
        for number in range(200):
            if serving.fleet.champion == "tiny":
                break
            try:
                await answered_by(serving, number)
            except GenerationError:
                await asyncio.sleep(0.05)
        await serving.champion_is("tiny")
        assert [news[:2] for news in house.told] == [("one", "tiny")]


async def test_the_version_that_all_began_with_stays_however_it_errs(house: House) -> None:
    house.habits["tiny"] = "broken"
    async with house.store("one") as store, house.serving(store) as serving:
        await serving.begun()
        await until(lambda: serving.fleet.status.worker.down, seconds=PATIENCE)
        await asyncio.sleep(0.2)
        assert (await roles_in(store)).champion == "tiny"
        assert house.told == []


# Making room


async def test_old_versions_go_when_roles_change_but_none_that_is_needed(house: House) -> None:
    names = [f"v{number}" for number in range(1, 7)]
    async with house.store(*names) as store, house.serving(store, keep=1) as serving:
        await store.model_versions.add(
            version_row("raw", state=VersionState.CANDIDATE, day=1), voters={}
        )
        await put(store, champion="v3", previous="v1", challenger="v4", trial_began=now())
        await serving.begun()

        def left() -> list[str]:
            return sorted(path.name for path in house.models.glob("v*"))

        await until(lambda: left() == ["v1", "v3", "v4", "v6"], seconds=PATIENCE)
        await serving.roster.roll_back("v6")
        assert (await roles_in(store)).previous == "v4"
        await until(lambda: left() == ["v3", "v4", "v6"], seconds=PATIENCE)
        await until(lambda: serving.fleet.live == {"v6"}, seconds=PATIENCE)
        await until(lambda: kept_in(house) == {"raw", "v3", "v4", "v6"}, seconds=PATIENCE)


def test_what_killed_processes_left_is_swept_but_not_what_is_being_written(
    tmp_path: Path,
) -> None:
    for name in (".one.abc.removing", ".two.abc.writing", ".three.abc.writing", "four"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"weights")
    long_ago = 1_000_000_000
    for path in (tmp_path / ".two.abc.writing", tmp_path / ".two.abc.writing/model.safetensors"):
        os.utime(path, (long_ago, long_ago))
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".three.abc.writing", "four"]


async def test_a_version_that_a_run_needs_is_kept(house: House) -> None:
    async with house.store("one", "two") as store:
        versions = store.model_versions
        pruning = Pruning(versions=versions, models=house.models, keep=0)
        run = await versions.begin(parent="one")
        assert run is not None
        await versions.advance(run.id, Stage.TRAINING, version="two")
        roles = first("tiny", at=now())
        assert await pruning.prune(roles, live=())
        assert sorted(path.name for path in house.models.iterdir()) == ["one", "two"]
        await versions.end(run.id, Ending.FAILED, detail="")
        assert not await pruning.prune(roles, live={"two"})
        assert [path.name for path in house.models.iterdir()] == ["two"]
        assert await pruning.prune(roles, live=())
        assert not list(house.models.iterdir())
        assert not any(version.kept for version in await versions.all())
