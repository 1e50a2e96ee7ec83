"""The process through which a bot reaches one version's replicas.

    python -m bot.generation.cluster.process --address ADDRESS --application JSON …

Towards the bot it is a worker process. Ray lives in it, so that neither its threads nor its way of
ending a process whose cluster has gone are the bot's concern.
"""

import argparse
import asyncio
import logging
import os
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from bot.generation.cluster.application import Application
from bot.generation.cluster.deploying import deployed, shelved
from bot.generation.cluster.embedded import LOCAL, begin_embedded, find_embedded
from bot.generation.cluster.gateway import Gateway
from bot.generation.cluster.leases import LEASE_SECONDS
from bot.generation.cluster.port import ClusterError, ClusterUnreachable, VersionRefused
from bot.generation.cluster.ray_cluster import RayCluster
from bot.generation.cluster.ray_replicas import RayReplicas
from bot.generation.pipes import private_stdout, read_orders, reports_to
from bot.generation.protocol import Broken, Order, Ready, Report

__all__ = ["REFUSED", "found", "joined", "main"]

REFUSED = os.EX_DATAERR
"""How the process ends when the version is to blame; however else it ends, the cluster is."""

_log = logging.getLogger("punchline.cluster")

_WATCH_SECONDS = 2.0
_FAREWELL_SECONDS = 1.0
_SHARE_OF_START = 0.9
"""Of the time a worker may take to start, so that it can still say what it waited for."""


def joined(address: str, *, directory: Path) -> RayCluster:
    """The cluster at an address, begun first if it is to be this machine's own.

    Raises `ClusterUnreachable`.
    """
    return RayCluster.connect(begin_embedded(directory) if address == LOCAL else address)


def found(address: str, *, directory: Path) -> RayCluster | None:
    """The same without beginning one: None if there is no Ray of this machine's own.

    Raises `ClusterUnreachable`.
    """
    running = find_embedded(directory) if address == LOCAL else address
    return None if running is None else RayCluster.connect(running)


class _Process:
    """Joins the cluster, has the version deployed, and passes orders on until the bot has gone."""

    def __init__(self, arguments: argparse.Namespace, *, report: Callable[[Report], None]) -> None:
        self._arguments = arguments
        self._application = Application.decoded(arguments.application)
        self._report = report
        self._holder = uuid.uuid4().hex
        self._gateway: Gateway | None = None
        self._cluster: RayCluster | None = None

    def take(self, order: Order) -> None:
        """An order of the bot, which sends none before it has heard that all is ready."""
        if self._gateway is not None:
            self._gateway.take(order)

    async def run(self) -> None:
        """Serve without end. Raises an `ExceptionGroup` with a `ClusterError` in it."""
        self._cluster = cluster = await asyncio.to_thread(self._join)
        async with asyncio.TaskGroup() as group:
            # From the beginning, since bringing a version to life may take longer than a lease.
            group.create_task(self._keep_lease(cluster), name="lease")
            await self._pass_on(cluster)

    async def _pass_on(self, cluster: RayCluster) -> None:
        ready = await asyncio.to_thread(self._deployed, cluster)
        replicas = RayReplicas(cluster=cluster, name=self._application.name)
        each = self._application.scale.at_once * self._arguments.candidates
        room = each * max(1, await replicas.running())
        self._gateway = Gateway(
            replicas=replicas,
            report=self._report,
            each=each,
            room=room,
            order_seconds=self._arguments.order_seconds,
        )
        self._report(
            Ready(version=ready.version, device=ready.device, dtype=ready.dtype, slots=room)
        )
        await self._gateway.watch(every_seconds=_WATCH_SECONDS)

    async def leave(self) -> None:
        """End the lease on the application, which others may go on using."""
        if self._cluster is not None:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await asyncio.to_thread(self._cluster.release, self._application.name, self._holder)

    def _join(self) -> RayCluster:
        return joined(self._arguments.address, directory=self._arguments.directory)

    def _deployed(self, cluster: RayCluster) -> Ready:
        cluster.hold(self._application.name, self._holder)
        shelved(self._application)
        return deployed(
            cluster,
            self._application,
            holder=self._holder,
            seconds=self._arguments.start_seconds * _SHARE_OF_START,
        )

    async def _keep_lease(self, cluster: RayCluster) -> None:
        while True:
            try:
                await asyncio.to_thread(cluster.hold, self._application.name, self._holder)
            except ClusterUnreachable as error:
                # Whoever keeps the leases is being replaced; jokes are told meanwhile.
                _log.warning("%s", error)
            await asyncio.sleep(LEASE_SECONDS / 3)


def main() -> None:
    """Serve until standard input ends or the cluster has gone; says why on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    report = reports_to(private_stdout())
    asyncio.run(_serve(_arguments(), report))


async def _serve(arguments: argparse.Namespace, report: Callable[[Report], None]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    process = _Process(arguments, report=report)

    def take(order: Order) -> None:
        loop.call_soon_threadsafe(process.take, order)

    def listen() -> None:
        try:
            read_orders(sys.stdin.fileno(), take)
        finally:
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=listen, name="orders", daemon=True).start()
    running = asyncio.create_task(process.run(), name="gateway")
    ending = asyncio.create_task(ended.wait(), name="end of orders")
    await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
    code = os.EX_OK
    if running.done():
        code = _explained(running.exception(), report)
    await asyncio.gather(process.leave(), return_exceptions=True)
    sys.stderr.flush()
    # Threads that wait for a cluster which does not answer would keep the process for minutes.
    os._exit(code)


def _explained(error: BaseException | None, report: Callable[[Report], None]) -> int:
    """Say why it ends; returns how."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, VersionRefused):
        report(Broken(detail=str(error)))
        return REFUSED
    if not isinstance(error, ClusterError):
        _log.error("The gateway to Ray stumbled.", exc_info=error)
    sys.stderr.write(f"{error}\n")
    return os.EX_TEMPFAIL


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.generation.cluster.process")
    parser.add_argument("--address", required=True, help="where Ray is")
    parser.add_argument("--directory", required=True, type=Path, help="what a local one writes in")
    parser.add_argument("--application", required=True, help="what to deploy, as JSON")
    parser.add_argument("--candidates", required=True, type=int, help="of one joke")
    parser.add_argument("--order-seconds", required=True, type=float)
    parser.add_argument("--start-seconds", required=True, type=float)
    return parser.parse_args()


if __name__ == "__main__":
    main()
