"""The small HTTP server that monitoring asks: three pages to read, and nothing else."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.monitoring.readiness import Readiness
from bot.monitoring.vitals import Vitals

__all__ = ["AddressRefusedError", "listening", "served"]

_CONNECTIONS = 32
_HEADER_BYTES = 4096
_BODY_BYTES = 1024
_GOODBYE_SECONDS = 1.0
_STALE_SECONDS = 1.0

_log = logging.getLogger("punchline.metrics")


class AddressRefusedError(Exception):
    """Nothing can listen where `metrics.listen` says; one sentence."""


@contextmanager
def listening(address: str) -> Iterator[socket.socket | None]:
    """A socket that listens at host:port, or None for none. Raises `AddressRefusedError`."""
    if not address:
        yield None
        return
    name, _, port = address.rpartition(":")
    host = name.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, int(port)), family=family)
    except OSError as error:
        # Python adds the address, which the sentence has already.
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise AddressRefusedError(
            f"Nothing can listen on {address} ({reason}); change metrics.listen."
        ) from None
    with listener:
        yield listener


@asynccontextmanager
async def served(
    listener: socket.socket,
    *,
    registry: CollectorRegistry,
    vitals: Vitals,
    readiness: Readiness,
    longest_seconds: float = 30.0,
) -> AsyncIterator[None]:
    """Inside, /metrics, /healthz and /readyz are answered; no connection lives longer than that."""
    pages = _Pages(registry=registry, vitals=vitals, readiness=readiness)
    application = web.Application(client_max_size=_BODY_BYTES)
    application.router.add_get("/metrics", pages.metrics)
    application.router.add_get("/healthz", pages.health)
    application.router.add_get("/readyz", pages.ready)
    application.on_response_prepare.append(_close_after)
    runner = web.AppRunner(
        application,
        access_log=None,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
        handler_cancellation=True,
        shutdown_timeout=_GOODBYE_SECONDS,
    )
    await runner.setup()
    try:
        door = _Door(runner, longest_seconds=longest_seconds)
        server = await asyncio.get_running_loop().create_server(door, sock=listener.dup())
        try:
            host, port = listener.getsockname()[:2]
            _log.info(
                "Metrics are at http://%s:%d/metrics.", f"[{host}]" if ":" in host else host, port
            )
            yield
        finally:
            server.close()
    finally:
        await readiness.close()
        await runner.cleanup()


class _Door:
    """Lets in a few connections at once, each for a short time.

    So whoever opens many, or one and then says nothing, takes no descriptor from the bot.
    """

    def __init__(self, runner: web.AppRunner, *, longest_seconds: float) -> None:
        self._runner = runner
        self._longest_seconds = longest_seconds

    def __call__(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len(server.connections) >= _CONNECTIONS:
            return _TurnedAway()
        guest: asyncio.Protocol = server()
        asyncio.get_running_loop().call_later(self._longest_seconds, _show_out, guest)
        return guest


class _TurnedAway(asyncio.Protocol):
    """Closes at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _show_out(guest: asyncio.Protocol) -> None:
    transport: asyncio.Transport | None = getattr(guest, "transport", None)
    if transport is not None:
        transport.abort()


class _Pages:
    def __init__(
        self, *, registry: CollectorRegistry, vitals: Vitals, readiness: Readiness
    ) -> None:
        self._registry = registry
        self._vitals = vitals
        self._readiness = readiness
        self._text, self._written = b"", float("-inf")

    async def metrics(self, request: web.Request) -> web.Response:
        """Everything that is counted, in Prometheus' text format."""
        # Putting it together takes milliseconds of the loop, so asking all the time must not help.
        if time.monotonic() - self._written > _STALE_SECONDS:
            self._text, self._written = generate_latest(self._registry), time.monotonic()
        return web.Response(body=self._text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def health(self, request: web.Request) -> web.Response:
        """Whether the process lives: its loop answers, and its tasks are there."""
        missing = self._vitals.missing()
        reason = f"These tasks have ended: {', '.join(missing)}." if missing else ""
        return _verdict(reason)

    async def ready(self, request: web.Request) -> web.Response:
        """Whether jokes can be made."""
        return _verdict(await self._readiness.trouble())


def _verdict(reason: str) -> web.Response:
    if not reason:
        return web.json_response({"status": "ok"})
    return web.json_response({"status": "failing", "reason": reason}, status=503)


async def _close_after(_: web.Request, response: web.StreamResponse) -> None:
    # One answer a connection, so that none of them is old enough to be shown out in mid-answer.
    response.force_close()
