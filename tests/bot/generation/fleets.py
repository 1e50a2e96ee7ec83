"""Fleets of versions with scripted workers, or with real ones."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bot.generation.berths import Berths
from bot.generation.fleet import Fleet
from bot.generation.pool import WorkerPool
from bot.generation.process import WorkerProcess
from bot.generation.queue import LineLimits
from bot.generation.supervisor import SupervisionLimits
from bot.model import ServedModel
from bot.selecting import Selectors
from finetune.artifacts import BrokenVersionError
from tests.bot.generation.pools import PATIENCE, serving
from tests.campaigns.processes import alive
from tests.twins.moderator import small_moderator

__all__ = ["Yard", "fleet_of"]

_LINE = LineLimits(capacity=1000, per_community=1000, per_member=1000)


class Yard:
    """Builds a pool for each version from `commands`, and remembers them, the latest by name."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        directories: Mapping[str, Path] | None = None,
        heartbeat_seconds: float = PATIENCE,
        start_seconds: float = PATIENCE,
        attempts: int = 3,
    ) -> None:
        self.commands = dict(commands)
        self.pools: dict[str, WorkerPool] = {}
        self.selectors = Selectors(moderator=small_moderator())
        self._directories = directories or {}
        self._limits = SupervisionLimits(
            heartbeat_seconds=heartbeat_seconds, start_seconds=start_seconds, pause_seconds=0.05
        )
        self._attempts = attempts
        self.built: list[WorkerPool] = []

    async def locate(self, version: str) -> ServedModel:
        if version not in self.commands:
            raise BrokenVersionError(f"There are no files of {version}.")
        return ServedModel(name=version, directory=self._directories.get(version, Path("nowhere")))

    def build(self, model: ServedModel) -> WorkerPool:
        pool = WorkerPool(
            connect=partial(WorkerProcess.start, self.commands[model.name]),
            limits=self._limits,
            line=_LINE,
            slots=4,
            attempts=self._attempts,
        )
        self.pools[model.name] = pool
        self.built.append(pool)
        return pool

    def fleet(self) -> Fleet:
        return Fleet(berths=Berths(locate=self.locate, build=self.build, selectors=self.selectors))


@asynccontextmanager
async def fleet_of(yard: Yard, *, champion: str) -> AsyncIterator[Fleet]:
    """A fleet whose champion is ready; leaving closes it and leaves no worker behind."""
    fleet = yard.fleet()
    fleet.start(await yard.locate(champion))
    pids: list[int | None] = []
    try:
        await serving(yard.pools[champion])
        yield fleet
    finally:
        pids += [pool.status.worker.pid for pool in yard.built]
        await fleet.close()
        assert not [pid for pid in pids if pid is not None and alive(pid)]
