"""A fleet of scripted versions whose files are whole, and the roster that keeps it in step."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.generation.berths import Berths
from bot.generation.fleet import Fleet
from bot.generation.pool import WorkerPool
from bot.learning.pruning import Pruning
from bot.learning.roster import Roster
from bot.model import ServedModel
from bot.settings import load_settings
from bot.store.store import SqlStore
from bot.store.version_port import MadeVersion, VersionState
from bot.versions import VersionFinder
from tests.bot.generation.fleets import Yard
from tests.bot.generation.pools import PATIENCE, Journal
from tests.bot.made import copy_version, version_row
from tests.campaigns.processes import alive
from tests.campaigns.waiting import until

__all__ = ["House", "Serving", "damage"]


class House:
    """A directory with a store and versions; `tiny` is the one that all began with.

    Workers are scripted: `habits` are those of versions, read when a worker starts.
    """

    def __init__(self, directory: Path, *, tiny: Path) -> None:
        self.tiny = tiny
        self.journal = Journal(directory / "journal")
        self.data = directory / "data"
        self.models = self.data / "models"
        self.habits: dict[str, str] = {}
        self.told: list[tuple[str, str, str]] = []
        self.origin = ServedModel(name="tiny", directory=tiny)
        file = directory / "config.toml"
        file.write_text('[store]\ndirectory = "data"\n', encoding="utf-8")
        self.settings = load_settings(path=file, environment={"HOME": str(directory)})

    def make(self, *names: str) -> list[MadeVersion]:
        """Files of versions, each the parent of the next, and the rows that go with them."""
        parents = ["tiny", *names]
        rows = []
        for day, (parent, name) in enumerate(zip(parents, names, strict=False), start=1):
            if not (self.models / name).exists():
                copy_version(self.tiny, self.models, name)
            rows.append(version_row(name, parent, VersionState.PASSED, day=day))
        return rows

    @asynccontextmanager
    async def store(self, *names: str) -> AsyncIterator[SqlStore]:
        """The store, with versions of these names in it."""
        store = await SqlStore.open(directory=self.data, busy_timeout=0.2)
        try:
            there = {version.name for version in await store.model_versions.all()}
            for row in self.make(*names):
                if row.name not in there:
                    await store.model_versions.add(row, voters={})
            yield store
        finally:
            await store.close()

    @asynccontextmanager
    async def serving(
        self, store: SqlStore, *, poll_seconds: float = 0.05, keep: int = 5
    ) -> AsyncIterator["Serving"]:
        """A bot process as far as versions go; leaving ends it and its workers."""
        serving = Serving(self, store, poll_seconds=poll_seconds, keep=keep)
        try:
            yield serving
        finally:
            await serving.roster.close()
            pids = [pool.status.worker.pid for pool in serving.yard.built]
            await serving.fleet.close()
            assert not [pid for pid in pids if pid is not None and alive(pid)]


class _Yard(Yard):
    """Knows a command for any version, by the habits of the house."""

    def __init__(self, house: House) -> None:
        super().__init__({}, start_seconds=5.0, heartbeat_seconds=1.0)
        self._house = house

    def build(self, model: ServedModel) -> WorkerPool:
        habit = self._house.habits.get(model.name, "")
        self.commands[model.name] = self._house.journal.version(model.name, habit)
        return super().build(model)


class Serving:
    """The fleet, its roster and what they have."""

    def __init__(self, house: House, store: SqlStore, *, poll_seconds: float, keep: int) -> None:
        self.yard = _Yard(house)
        finder = VersionFinder(origin=house.origin, settings=house.settings)
        self.fleet = Fleet(
            berths=Berths(locate=finder, build=self.yard.build, selectors=self.yard.selectors)
        )
        versions = store.model_versions
        self.roster = Roster(
            versions=versions,
            fleet=self.fleet,
            finder=finder,
            pruning=Pruning(versions=versions, models=house.models, keep=keep),
            share=0.2,
            poll_seconds=poll_seconds,
        )
        self.roster.on_rollback = lambda *news: house.told.append(news)

    async def begun(self, *, follow: bool = True) -> "Serving":
        """Begin, wait for the champion, and follow the row."""
        await self.roster.begin()
        await self.fleet.loaded()
        if follow:
            self.roster.start()
        return self

    async def champion_is(self, version: str) -> None:
        """Wait until a version is champion."""
        await until(lambda: self.fleet.champion == version, seconds=PATIENCE)


def damage(directory: Path) -> None:
    """Change a byte of a version's weights."""
    weights = directory / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
