"""What dies during a run, and how it comes back."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from tests.campaigns.cluster.bots import SHARDS, Bots
from tests.campaigns.cluster.nodes import Nodes
from tests.postgres import PostgresServer

__all__ = ["Blow", "Striker"]

_NODE_AWAY_SECONDS = 30.0
_POSTGRES_AWAY_SECONDS = 3.0


class Blow(StrEnum):
    """What is killed."""

    REPLICA = "replica"
    NODE = "node"
    CONTROLLER = "controller"
    BOT = "bot"
    POSTGRES = "PostgreSQL"


class Striker:
    """Kills, and brings back what nobody else would: a machine, a service, a database server."""

    def __init__(
        self, *, nodes: Nodes, bots: Bots, postgres: PostgresServer, chance: random.Random
    ) -> None:
        self._nodes = nodes
        self._bots = bots
        self._postgres = postgres
        self._chance = chance
        self._blows: Mapping[Blow, Callable[[], Awaitable[str]]] = {
            Blow.REPLICA: self._replica,
            Blow.NODE: self._node,
            Blow.CONTROLLER: self._controller,
            Blow.BOT: self._bot,
            Blow.POSTGRES: self._database,
        }

    async def strike(self, blow: Blow) -> str:
        """What was done; returns when all is running again that does not come back by itself."""
        return await self._blows[blow]()

    async def _replica(self) -> str:
        return await asyncio.to_thread(self._nodes.kill_replica, self._chance)

    async def _node(self) -> str:
        done = await asyncio.to_thread(self._nodes.kill_node, self._chance)
        await asyncio.sleep(_NODE_AWAY_SECONDS)
        await asyncio.to_thread(self._nodes.add_node)
        return f"{done}, another joined {_NODE_AWAY_SECONDS:.0f} s later"

    async def _controller(self) -> str:
        return await asyncio.to_thread(self._nodes.kill_controller)

    async def _bot(self) -> str:
        shard = self._chance.randrange(SHARDS)
        seconds = await self._bots.kill_and_start(shard)
        return f"SIGKILL to the bot of shard {shard}, which was back after {seconds:.1f} s"

    async def _database(self) -> str:
        await asyncio.to_thread(self._postgres.stop)
        await asyncio.sleep(_POSTGRES_AWAY_SECONDS)
        await asyncio.to_thread(self._postgres.start)
        return f"PostgreSQL stopped at once and started {_POSTGRES_AWAY_SECONDS:.0f} s later"
