"""What members get while a version is on trial: always a joke, if the champion has one."""

import asyncio
from pathlib import Path

import pytest

from bot.app import open_app
from bot.generation.live import Faults
from bot.jokes import Answer, Declined, Joke, JokeRequest, Reason
from bot.model import ServedModel
from bot.settings import load_settings
from bot.store.version_port import VersionState
from tests.bot.generation.fleets import Yard, fleet_of
from tests.bot.generation.pools import Journal
from tests.bot.made import copy_version, version_row
from tests.bot.room import HERE
from tests.campaigns.waiting import until
from tests.twins.service import service_on
from tests.twins.store import MemoryStore

SECONDS = 100


async def told_by(
    tmp_path: Path, habit: str, *, seed: int | None = None
) -> tuple[list[Answer], Faults]:
    """What three members hear while a version with a habit has all the traffic."""
    journal = Journal(tmp_path / "journal")
    yard = Yard({"old": journal.version("old"), "new": journal.version("new", habit)})
    async with asyncio.timeout(SECONDS), fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 1.0)
        service = service_on(store=MemoryStore(), generator=fleet)
        topics = ("a cat", "a dog", "a fish")
        answers = [
            await service.tell(
                JokeRequest(community=HERE, member="ada", topic=f"Why is {topic}?", seed=seed)
            )
            for topic in topics
        ]
        return answers, fleet.faults("new")


def versions_of(answers: list[Answer]) -> list[str | Reason]:
    return [
        answer.model_version if isinstance(answer, Joke) else answer.reason for answer in answers
    ]


async def test_a_version_on_trial_tells_its_own_jokes(tmp_path: Path) -> None:
    answers, faults = await told_by(tmp_path, "")
    assert versions_of(answers) == ["new"] * 3
    assert faults == Faults(answered=3)


@pytest.mark.parametrize("habit", ["unfit", "impossible", "die"])
async def test_where_it_has_none_that_fits_the_champion_tells_one(
    tmp_path: Path, habit: str
) -> None:
    answers, faults = await told_by(tmp_path, habit)
    assert versions_of(answers) == ["old"] * 3
    assert faults.empty + faults.errors == 3


async def test_a_joke_repeated_by_its_seed_is_the_champions(tmp_path: Path) -> None:
    answers, faults = await told_by(tmp_path, "", seed=7)
    assert versions_of(answers) == ["old"] * 3
    assert faults == Faults()


async def test_where_neither_has_one_the_member_hears_so_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    yard = Yard({name: journal.version(name, "unfit") for name in ("old", "new")})
    async with asyncio.timeout(SECONDS), fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 1.0)
        service = service_on(store=MemoryStore(), generator=fleet, rounds=2)
        answer = await service.tell(JokeRequest(community=HERE, member="ada"))
        assert answer == Declined(reason=Reason.NOTHING_FIT)
        assert len(journal.events("generate")) == 4
        assert (fleet.faults("new").empty, fleet.faults("old").empty) == (1, 1)


async def test_an_admin_goes_back_to_a_version_and_the_next_joke_is_its(
    tmp_path: Path, tiny_version: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[store]\ndirectory = "data"\n[generation]\nthreads = 1\n[quota]\nmember_jokes = 0\n',
        encoding="utf-8",
    )
    settings = load_settings(path=file, environment={"HOME": str(tmp_path)})
    copy_version(tiny_version, tmp_path / "data" / "models", "one")
    request = JokeRequest(community=HERE, member="ada", topic="cat")
    model = ServedModel(name="tiny", directory=tiny_version)
    async with asyncio.timeout(SECONDS), open_app(settings, model=model) as app:
        row = version_row("one", state=VersionState.PASSED)
        await app.store.model_versions.add(row, voters={})
        first = await app.service.tell(request)
        assert await app.core.learner.roll_back("one") == "one"
        second = await app.service.tell(request)
        assert versions_of([first, second]) == ["tiny", "one"]
        assert app.core.model_version == "one"
        await until(lambda: app.fleet.live == {"one"}, seconds=SECONDS)
    async with asyncio.timeout(SECONDS), open_app(settings, model=model) as app:
        assert app.core.model_version == "one"
