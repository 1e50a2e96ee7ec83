"""Pools that a server twin generates for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from bot.generation.pool import WorkerPool
from bot.generation.queue import LineLimits
from bot.generation.server.client import ServerAddress
from bot.generation.server.connection import ServerConnection, ServerLimits
from bot.generation.server.lodging import Lodging
from bot.generation.supervisor import SupervisionLimits, WorkerState
from finetune.template import Template, TemplateKind
from tests.bot.generation.pools import PATIENCE
from tests.campaigns.waiting import until

__all__ = ["pool_at", "until_serving"]

_NOWHERE = Path("nowhere")
_LINE = LineLimits(capacity=1000, per_community=1000, per_member=1000)


@asynccontextmanager
async def pool_at(
    url: str,
    *,
    model: str = "humour",
    token: str | None = None,
    requests: int = 8,
    candidates: int = 1,
    request_seconds: float = PATIENCE,
    heartbeat_seconds: float = PATIENCE,
    kind: TemplateKind = TemplateKind.PLAIN,
    attempts: int = 3,
) -> AsyncIterator[WorkerPool]:
    """A started pool whose jokes come from a server; leaving closes it."""
    connect = partial(
        ServerConnection.begin,
        address=ServerAddress(url=url, token=SecretStr(token) if token else None),
        lodging=Lodging(
            version="version", model=model, origin=True, directory=_NOWHERE, there=_NOWHERE
        ),
        template=Template(kind=kind),
        limits=ServerLimits(
            requests=requests,
            request_seconds=request_seconds,
            start_seconds=PATIENCE,
            heartbeat_seconds=heartbeat_seconds,
            candidates=candidates,
        ),
    )
    pool = WorkerPool(
        connect=connect,
        limits=SupervisionLimits(
            heartbeat_seconds=heartbeat_seconds, start_seconds=PATIENCE, pause_seconds=0.05
        ),
        line=_LINE,
        slots=requests * candidates,
        attempts=attempts,
    )
    pool.start()
    try:
        yield pool
    finally:
        await pool.close()


async def until_serving(pool: WorkerPool) -> None:
    """Wait until the server is found, or found again."""
    await until(lambda: pool.status.worker.state is WorkerState.SERVING, seconds=PATIENCE)
