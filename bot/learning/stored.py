"""Versions and their roles without any that serve here: a bot that runs follows what is written."""

from bot.generation.live import Faults
from bot.languages import message
from bot.learning import roles as rules
from bot.learning.port import LearningRefused
from bot.model import BaseModelError, ServedModel
from bot.store.moments import Clock, now
from bot.store.version_port import Roles, Versions
from bot.versions import VersionFinder
from finetune.artifacts import BrokenVersionError

__all__ = ["StoredStand"]


class StoredStand:
    """Implements `bot.learning.retraining.Stand` with nothing but the database and the files."""

    def __init__(self, *, versions: Versions, finder: VersionFinder, clock: Clock = now) -> None:
        self._versions = versions
        self._finder = finder
        self._clock = clock

    async def roles(self) -> Roles:
        found, origin = await self._versions.roles(), self._finder.origin.name
        return rules.standing(found, origin=origin, at=self._clock())

    async def champion(self) -> ServedModel:
        return await self._finder((await self.roles()).champion)

    async def try_beside(self, version: str) -> None:
        await self._change(rules.tried(await self.roles(), version, at=self._clock()))

    async def promote(self) -> None:
        await self._change(rules.promoted(await self.roles(), at=self._clock()))

    async def end_trial(self) -> None:
        await self._change(rules.alone(await self.roles(), at=self._clock()))

    async def roll_back(self, version: str | None) -> str:
        roles, made = await self.roles(), await self._versions.all()
        new = rules.returned(roles, made, version, at=self._clock())
        await self._change(new)
        return new.champion

    def faults(self, version: str) -> Faults:
        return Faults()

    async def _change(self, new: Roles) -> None:
        """Write roles down whose versions are whole. Raises `LearningRefused`."""
        try:
            for name in filter(None, (new.champion, new.challenger)):
                await self._finder(name)
        except (BaseModelError, BrokenVersionError) as error:
            raise LearningRefused(
                message("That version cannot serve, so nothing has changed: {why}"), why=error
            ) from error
        if not await self._versions.assume(new, instead_of=await self._versions.roles()):
            raise LearningRefused(
                message("Somebody else has just changed which version serves; look again.")
            )
