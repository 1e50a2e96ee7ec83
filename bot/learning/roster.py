"""Keeps the fleet in step with the one database row that says which versions serve."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from bot.generation.fleet import Fleet, VersionUnservableError
from bot.generation.live import Faults
from bot.languages import message
from bot.learning import roles as rules
from bot.learning.port import LearningRefused
from bot.learning.pruning import Pruning
from bot.model import BaseModelError, ServedModel
from bot.store.moments import Clock, now
from bot.store.port import StoreUnavailable
from bot.store.version_port import Roles, Versions
from bot.versions import VersionFinder
from finetune.artifacts import BrokenVersionError

__all__ = ["Roster"]

_PATIENCE_SECONDS = 60.0
"""After this a champion that errs may be taken back again, where that did not work before."""

_FEW = 20
_MANY = 0.5

_log = logging.getLogger("punchline.learning")


class Roster:
    """Decides nothing about versions; carries out what was decided, here or by another process.

    A change is made by warming the version, then changing the row, then sending requests to it. So
    whoever is killed on the way leaves a row whose champion could be loaded. `on_rollback` is told
    when a champion was taken back because it erred: it, the one that serves now, and why.
    """

    def __init__(
        self,
        *,
        versions: Versions,
        fleet: Fleet,
        finder: VersionFinder,
        pruning: Pruning,
        share: float,
        clock: Clock = now,
        poll_seconds: float = 3.0,
    ) -> None:
        self._versions = versions
        self._fleet = fleet
        self._finder = finder
        self._pruning = pruning
        self._share = share
        self._clock = clock
        self._poll_seconds = poll_seconds
        self.on_rollback: Callable[[str, str, str], None] | None = None
        self._turn = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None
        self._swapping = False
        self._stuck: Roles | None = None
        self._not_before = 0.0
        self._untidy = True

    async def begin(self) -> ServedModel:
        """Have the fleet load the champion, or the nearest earlier version whose files are whole.

        Raises `StoreUnavailable`.
        """
        roles = await self._first_roles()
        failures: list[str] = []
        for name in dict.fromkeys(filter(None, (roles.champion, roles.previous, roles.origin))):
            try:
                model = await self._finder(name)
            except (BaseModelError, BrokenVersionError) as error:
                failures.append(str(error))
            else:
                break
        if failures:
            await self._fall_back(roles, to=model.name, why=failures[0])
        self._fleet.start(model)
        return model

    def start(self) -> None:
        """Follow the row from now on, until `close`."""
        self._keeping = asyncio.create_task(self._keep(), name="roster")

    async def close(self) -> None:
        """Follow no more."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def roles(self) -> Roles:
        """Which versions do what, as the database says. Raises `StoreUnavailable`."""
        found = await self._versions.roles()
        return found or rules.first(self._finder.origin.name, at=self._clock())

    async def champion(self) -> ServedModel:
        """The files of the version that serves here.

        Raises `BaseModelError` or `BrokenVersionError`.
        """
        return await self._finder(self._fleet.champion)

    def faults(self, version: str) -> Faults:
        """How a version has served since its trial or its reign began in this process."""
        return self._fleet.faults(version)

    async def try_beside(self, version: str) -> None:
        """Give a version its share of the requests. Raises `LearningRefused`."""
        async with self._turn:
            old = await self.roles()
            await self._change(rules.tried(old, version, at=self._clock()), instead_of=old)

    async def promote(self) -> None:
        """Make the challenger the champion. Raises `LearningRefused`."""
        async with self._turn:
            old = await self.roles()
            await self._change(rules.promoted(old, at=self._clock()), instead_of=old)

    async def end_trial(self) -> None:
        """Take the challenger away, if there is one. Raises `LearningRefused`."""
        async with self._turn:
            old = await self.roles()
            if old.challenger is not None:
                await self._change(rules.alone(old, at=self._clock()), instead_of=old)

    async def roll_back(self, version: str | None) -> str:
        """Serve an earlier version again, by default the one before; returns its name.

        Raises `LearningRefused`.
        """
        if self._swapping:
            raise LearningRefused(
                message("Versions are being swapped just now; try again in a moment.")
            )
        async with self._turn:
            old = await self.roles()
            made = await self._versions.all()
            new = rules.returned(old, made, version, at=self._clock())
            await self._change(new, instead_of=old)
        _log.info("%s serves again in the place of %s.", new.champion, old.champion)
        return new.champion

    async def _change(self, new: Roles, *, instead_of: Roles) -> None:
        """Warm what is new, change the row, then switch; if that fails nothing has changed.

        Raises `LearningRefused`.
        """
        self._swapping = True
        try:
            await self._fleet.prepare(new.champion)
            if new.challenger is not None:
                await self._fleet.prepare(new.challenger)
            if not await self._versions.assume(new, instead_of=instead_of):
                raise LearningRefused(
                    message("Somebody else has just changed which version serves; look again.")
                )
            await self._follow(new)
        except VersionUnservableError as error:
            raise LearningRefused(
                message("That version cannot serve, so nothing has changed: {why}"), why=error
            ) from error
        finally:
            self._swapping = False
            self._fleet.dismiss_prepared()

    async def _follow(self, row: Roles) -> None:
        """Give the versions their roles. Raises `VersionUnservableError`."""
        if self._fleet.challenger not in {row.challenger, row.champion}:
            self._fleet.withdraw_challenger()
        await self._fleet.serve(row.champion)
        if row.challenger is not None:
            await self._fleet.try_beside(row.challenger, self._share)
        self._untidy = True

    async def _first_roles(self) -> Roles:
        """The row as this process is to begin with it."""
        origin = self._finder.origin.name
        while True:
            found = await self._versions.roles()
            if found is not None and found.origin == origin:
                return found
            new = rules.first(origin, at=self._clock())
            if await self._versions.assume(new, instead_of=found):
                if found is not None:
                    _log.warning(
                        "The configuration names another version than before, %s in the place of"
                        " %s, so it serves now, and not %s.",
                        *(origin, found.origin, found.champion),
                    )
                return new

    async def _fall_back(self, old: Roles, *, to: str, why: str) -> None:
        """Write down that a champion's files cannot be served; another process may have."""
        new = replace(rules.alone(old, at=self._clock()), champion=to, previous=None)
        if await self._versions.assume(new, instead_of=old):
            self._report(old.champion, to, why)

    def _report(self, failed: str, version: str, why: str) -> None:
        _log.error("%s was taken back and %s serves again: %s", failed, version, why)
        if self.on_rollback is not None:
            self.on_rollback(failed, version, why)

    async def _keep(self) -> None:
        await self._fleet.loaded()
        await self._pruning.sweep()
        while True:
            try:
                await self._look()
            except StoreUnavailable as error:
                _log.warning("I cannot see which version is to serve: %s", error)
            except Exception:
                _log.exception("Following the roles of versions stumbled; it goes on.")
            await asyncio.sleep(self._poll_seconds)

    async def _look(self) -> None:
        row = await self.roles()
        if not self._in_step(row):
            async with self._turn:
                await self._catch_up()
        elif why := self._complaint():
            async with self._turn:
                await self._take_back(why)
        if self._untidy:
            # Nobody may be about to go back to a version while it is removed.
            async with self._turn:
                roles = await self.roles()
                self._untidy = not await self._pruning.prune(roles, live=self._fleet.live)

    def _in_step(self, row: Roles) -> bool:
        return (row.champion, row.challenger) == (self._fleet.champion, self._fleet.challenger)

    async def _catch_up(self) -> None:
        """Follow a change that another process has made."""
        row = await self.roles()
        if row == self._stuck:
            # A trial that cannot be held must end at some time.
            if row.challenger not in (None, self._fleet.challenger):
                self._fleet.count(row.challenger or "", Faults(errors=1))
            return
        self._swapping = True
        try:
            await self._follow(row)
        except VersionUnservableError as error:
            self._stuck = row
            _log.error("%s goes on serving here: %s", self._fleet.champion, error)
        finally:
            self._swapping = False

    def _complaint(self) -> str:
        """Why the champion must not go on, or nothing."""
        worker = self._fleet.status.worker
        if worker.outage:
            return ""
        if worker.down:
            return worker.trouble
        faults = self._fleet.faults(self._fleet.champion)
        asked = faults.answered + faults.errors
        if asked >= _FEW and faults.errors > _MANY * asked:
            return f"its worker failed {faults.errors} of {asked} requests"
        return ""

    async def _take_back(self, why: str) -> None:
        """Let the version before serve in the place of a champion that errs, if there is one."""
        old = await self.roles()
        if time.monotonic() < self._not_before or old.champion == old.origin:
            return
        self._not_before = time.monotonic() + _PATIENCE_SECONDS
        try:
            new = rules.returned(old, await self._versions.all(), None, at=self._clock())
            await self._change(new, instead_of=old)
        except LearningRefused as refused:
            _log.error("%s errs (%s) and stays: %s", old.champion, why, refused)
        else:
            self._report(old.champion, new.champion, why)
