"""Two bot processes that share a database, a directory and a Ray, and each have a shard."""

import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from tests.campaigns.bot_process import BotProcess
from tests.platforms.discord.server import DiscordServer

__all__ = ["SHARDS", "Away", "Bots"]

SHARDS = 2
_START_SECONDS = 180.0
_LEAVING_SECONDS = 10.0
_GRACE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Away:
    """When nobody served a shard, in seconds of the monotonic clock."""

    shard: int
    began: float
    ended: float


class Bots:
    """Started with `start`; always end them with `kill` or `terminate`."""

    def __init__(
        self, *, server: DiscordServer, config: Path, data: Path, log: Path, url: SecretStr
    ) -> None:
        self._server = server
        self._config = config
        self._data = data
        self._log = log
        self._url = url
        self._running: dict[int, BotProcess] = {}
        self.away: list[Away] = []

    async def start(self) -> None:
        """Both, one after the other, so that the first makes what they share."""
        for shard in range(SHARDS):
            await self._start(shard)
            await self._server.connected(shards=shard + 1, seconds=_START_SECONDS)
        await self._server.until(
            lambda: "joke" in self._server.commands.registered(), seconds=_START_SECONDS
        )

    async def kill_and_start(self, shard: int) -> float:
        """SIGKILL, and another as a service manager starts it; the seconds until it listens."""
        began = time.monotonic()
        await self._running[shard].kill()
        await self._server.until(
            lambda: self._server.gateway.connected() < SHARDS, seconds=_LEAVING_SECONDS
        )
        await self._start(shard)
        await self._server.connected(shards=SHARDS, seconds=_START_SECONDS)
        self.away.append(Away(shard=shard, began=began, ended=time.monotonic()))
        return time.monotonic() - began

    def was_away(self, shard: int, *, began: float, ended: float) -> bool:
        """Whether nobody served a shard at some moment between two."""
        return any(
            each.shard == shard and each.began <= ended and began <= each.ended
            for each in self.away
        )

    async def terminate(self) -> list[int]:
        """SIGTERM to both; returns their exit statuses."""
        return [await each.terminate(seconds=_GRACE_SECONDS) for each in self._running.values()]

    async def kill(self) -> None:
        """SIGKILL to whichever still runs."""
        for each in self._running.values():
            await each.kill()

    async def _start(self, shard: int) -> None:
        self._running[shard] = await BotProcess.start(
            config=self._config,
            data=self._data,
            log=self._log,
            PUNCHLINE_DISCORD__TOKEN=self._server.token,
            PUNCHLINE_DISCORD__SHARD_COUNT=str(SHARDS),
            PUNCHLINE_DISCORD__SHARD_IDS=str(shard),
            PUNCHLINE_STORE__URL=self._url.get_secret_value(),
        )
