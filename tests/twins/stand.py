"""Where versions serve, without any that serve: the roles alone, in a real store."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from bot.generation.live import Faults
from bot.learning.port import LearningRefused
from bot.model import ServedModel
from bot.store.moments import Clock
from bot.store.version_port import Roles, Versions

__all__ = ["ScriptedStand"]


class ScriptedStand:
    """Implements `bot.learning.retraining.Stand`; `wrong` is what went wrong with each version."""

    def __init__(self, *, versions: Versions, clock: Clock, directory: Path) -> None:
        self._versions = versions
        self._clock = clock
        self._directory = directory
        self.wrong: defaultdict[str, Faults] = defaultdict(Faults)

    async def roles(self) -> Roles:
        found = await self._versions.roles()
        if found is None:
            found = Roles(origin="starter", champion="starter", changed_at=self._clock())
            await self._versions.assume(found, instead_of=None)
        return found

    async def champion(self) -> ServedModel:
        return ServedModel(name=(await self.roles()).champion, directory=self._directory)

    async def try_beside(self, version: str) -> None:
        await self._change(challenger=version, trial_began=self._clock())

    async def promote(self) -> None:
        roles = await self.roles()
        await self._change(
            champion=roles.challenger,
            previous=roles.champion,
            challenger=None,
            trial_began=None,
        )

    async def end_trial(self) -> None:
        await self._change(challenger=None, trial_began=None)

    async def roll_back(self, version: str | None) -> str:
        roles = await self.roles()
        target = version or roles.previous
        if target is None:
            raise LearningRefused("There is no earlier version to go back to.")
        await self._change(
            champion=target, previous=roles.champion, challenger=None, trial_began=None
        )
        return target

    def faults(self, version: str) -> Faults:
        return self.wrong[version]

    async def _change(self, **changes: object) -> None:
        roles = await self.roles()
        new = replace(roles, changed_at=self._clock(), **changes)  # type: ignore[arg-type]
        assert await self._versions.assume(new, instead_of=roles)
