"""Versions on the server that the settings name: how each is reached, and let go of."""

import asyncio
import logging
from functools import partial
from pathlib import Path

from bot.generation.connection import Connect
from bot.generation.server.answers import Malformed, Refused
from bot.generation.server.client import Late, ServerAddress, ServerClient, Unreachable
from bot.generation.server.connection import ServerConnection, ServerLimits
from bot.generation.server.lodging import Lodging
from bot.model import ServedModel
from bot.settings import ServerSettings, Settings
from bot.versions import models_directory
from finetune.artifacts import MANIFEST, BrokenVersionError, read_manifest
from finetune.template import Template, TemplateKind

__all__ = ["ServedElsewhere", "address_of"]

_FAREWELL_SECONDS = 5.0

_log = logging.getLogger("punchline.server")


def address_of(settings: ServerSettings) -> ServerAddress:
    """Where the server is, and its key."""
    return ServerAddress(url=settings.url, token=settings.token)


class ServedElsewhere:
    """Makes connections for versions; `origin` is the name of the one that all began with."""

    def __init__(self, *, settings: Settings, origin: str) -> None:
        generation, server = settings.generation, settings.server
        self._settings = settings
        self._origin = origin
        self._address = address_of(server)
        self._limits = ServerLimits(
            requests=server.requests,
            request_seconds=server.timeout_seconds,
            start_seconds=generation.start_seconds,
            heartbeat_seconds=generation.heartbeat_seconds,
            candidates=generation.candidates,
            logprobs=server.logprobs,
        )

    @property
    def slots(self) -> int:
        """Candidates that are asked for at the same time, at most."""
        return self._limits.requests * self._limits.candidates

    def connect(self, model: ServedModel) -> Connect:
        """How to reach a version."""
        return partial(
            ServerConnection.begin,
            address=self._address,
            lodging=self._lodging(model),
            template=_template(model.directory),
            limits=self._limits,
        )

    async def forget(self, model: ServedModel) -> None:
        """Have the server let go of a version that serves no more."""
        if model.name == self._origin:
            return
        client = ServerClient(address=self._address)
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._lodging(model).leave(client)
        except (TimeoutError, Unreachable, Late, Refused, Malformed) as error:
            _log.warning("The server keeps %s, which serves no more: %r.", model.name, error)
        finally:
            await client.close()

    def _lodging(self, model: ServedModel) -> Lodging:
        models, there = models_directory(self._settings), self._settings.server.models
        made_here = model.directory.is_relative_to(models)
        return Lodging(
            version=model.name,
            model=self._settings.server.model,
            origin=model.name == self._origin,
            directory=model.directory,
            there=Path(there, model.directory.relative_to(models))
            if there and made_here
            else model.directory,
        )


def _template(directory: Path) -> Template:
    """The one a version was taught on; whoever was not taught is shown examples."""
    untaught = Template(kind=TemplateKind.PLAIN_EXAMPLES)
    if not (directory / MANIFEST).is_file():
        return untaught
    try:
        return Template.from_json(read_manifest(directory).template)
    except (TypeError, ValueError, BrokenVersionError):
        # Whoever makes a version live has read its manifest already.
        return untaught
