"""Puts monitoring together and keeps it up for as long as the bot runs."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from prometheus_client import GCCollector, ProcessCollector, disable_created_metrics

from bot.app import App
from bot.fronts.port import Front
from bot.keeping import kept_up
from bot.measures import Measures
from bot.monitoring.readiness import Readiness
from bot.monitoring.remembered import Remembered
from bot.monitoring.server import served
from bot.monitoring.standing import Standing
from bot.monitoring.vitals import Vitals, supervised_tasks

__all__ = ["monitored"]

_LOOK_SECONDS = 0.1
_WORKS = ("measuring the loop", "looking up metrics")

_log = logging.getLogger("punchline.metrics")


@asynccontextmanager
async def monitored(
    app: App, *, fronts: Sequence[Front], listener: socket.socket | None
) -> AsyncIterator[None]:
    """Inside, whoever asks at the listener's address sees how the app is; nobody without one."""
    if listener is None:
        yield
        return
    remembered = Remembered(
        learner=app.core.learner, told=app.store.versions, made=app.store.model_versions.all
    )
    standing = Standing(
        fleet=app.fleet,
        shelf=app.shelf,
        fronts=[front.name for front in fronts],
        memories=lambda: remembered.latest,
    )
    # When a counter was made says nothing here, and would be a series more for each.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = app.measures.registry
    app.measures.expect(front.name for front in fronts)
    registry.register(standing)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    works = dict(zip(_WORKS, (lambda: _measure_loop(app.measures), remembered.run), strict=True))
    vitals = Vitals((*supervised_tasks(app.settings), *_WORKS))
    async with (
        kept_up(works, log=_log, complaint="Monitoring had to begin again."),
        served(listener, registry=registry, vitals=vitals, readiness=Readiness(tried=app.fleet)),
    ):
        yield


async def _measure_loop(measures: Measures) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LOOK_SECONDS
        await asyncio.sleep(_LOOK_SECONDS)
        measures.lagged(max(0.0, loop.time() - due))
