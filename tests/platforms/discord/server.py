"""A Discord of its own for one test."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Self

from aiohttp import web

from tests.platforms.discord.actions import Actions
from tests.platforms.discord.application_routes import ApplicationRoutes
from tests.platforms.discord.channel_routes import ChannelRoutes
from tests.platforms.discord.commands import Commands
from tests.platforms.discord.events import Events
from tests.platforms.discord.faults import Faults
from tests.platforms.discord.gateway import Gateway
from tests.platforms.discord.interaction_routes import InteractionRoutes
from tests.platforms.discord.limits import Limit, Limits
from tests.platforms.discord.message import Message
from tests.platforms.discord.people import Member
from tests.platforms.discord.permissions import Permission
from tests.platforms.discord.places import Channel, Guild
from tests.platforms.discord.rest import BASE_PATH, Request, Rest
from tests.platforms.discord.rules import Payload
from tests.platforms.discord.session import Session
from tests.platforms.discord.world import World

__all__ = ["DiscordServer"]

_HOST = "127.0.0.1"
_TOKEN = "MTEyMjMzNDQ1NTY2Nzc4ODk5.Gq1k2b.a-token-that-opens-only-this-server"
_LARGEST_REQUEST = 30 * 1024 * 1024


class DiscordServer(Actions):
    """REST and gateway on one port of this machine, as an asynchronous context.

    `limits` overrides rate limits by name (see `limits.Limits`), `everywhere` the one for the
    whole bot. `privileged_intents` are those switched on in the developer portal. Seconds:
    `heartbeat_seconds` between heartbeats, `acknowledge_within` an interaction has to be
    acknowledged, `token_seconds` it can be answered. Without `keep_requests` only counts are kept.
    """

    def __init__(
        self,
        *,
        token: str = _TOKEN,
        privileged_intents: int = 0,
        shards: int = 1,
        limits: Mapping[str, Limit] | None = None,
        everywhere: Limit | None = None,
        heartbeat_seconds: float = 41.25,
        acknowledge_within: float = 3.0,
        token_seconds: float = 900.0,
        keep_requests: bool = True,
    ) -> None:
        self.token = token
        self._port = 0
        self._runner: web.AppRunner | None = None
        world = World()
        self.gateway = Gateway(
            token=token,
            allowed_intents=privileged_intents,
            heartbeat_seconds=heartbeat_seconds,
            welcome=self._welcome,
        )
        super().__init__(world=world, events=Events(gateway=self.gateway, bot=world.bot))
        self.faults = Faults(gateway=self.gateway)
        self.limits = Limits(limits=limits, everywhere=everywhere)
        routes = [
            *ApplicationRoutes(
                world=world, gateway_url=lambda: self.gateway_url, shards=shards
            ).routes(),
            *ChannelRoutes(world=world, events=self._events).routes(),
            *InteractionRoutes(
                world=world,
                events=self._events,
                acknowledge_within=acknowledge_within,
                token_seconds=token_seconds,
                opened=self.opened,
            ).routes(),
        ]
        self._rest = Rest(
            token=token,
            routes=routes,
            limits=self.limits,
            faults=self.faults,
            keep_requests=keep_requests,
        )

    async def __aenter__(self) -> Self:
        await self.start_again()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start_again(self) -> None:
        """Open the port: any the first time, then always the same."""
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        application.router.add_get("/gateway", self.gateway.connect)
        application.router.add_get("/gateway/", self.gateway.connect)
        self._rest.register(application)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, self._port))
        self._port = listener.getsockname()[1]
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Close the port; sessions of the gateway may be resumed after `start_again`."""
        if self._runner is not None:
            self.gateway.drop(resumable=True)
            await self._runner.cleanup()
            self._runner = None

    @property
    def rest_url(self) -> str:
        """The base address of the REST interface."""
        return f"http://{_HOST}:{self._port}{BASE_PATH}"

    @property
    def gateway_url(self) -> str:
        """The address of the gateway."""
        return f"ws://{_HOST}:{self._port}/gateway"

    @property
    def application_id(self) -> int:
        """The id of the application, which is that of its bot as well."""
        return self._world.application_id

    @property
    def bot(self) -> Member:
        """The bot as a member."""
        return self._world.bot

    @property
    def commands(self) -> Commands:
        """What the bot registered."""
        return self._world.commands

    @property
    def requests(self) -> list[Request]:
        """The requests there were, in order of their answers."""
        return self._rest.requests

    @property
    def counts(self) -> Counter[tuple[str, str, int]]:
        """How many requests there were by method, path pattern and status."""
        return self._rest.counts

    @property
    def presences(self) -> list[Payload]:
        """What the bot wanted shown as its presence, newest last."""
        return self.gateway.presences

    def member(
        self,
        name: str | None = None,
        *,
        bot: bool = False,
        permissions: int = 0,
        administrator: bool = False,
        locale: str = "en-US",
        blocks_bot: bool = False,
    ) -> Member:
        """A person, or another bot, who is everywhere."""
        return self._world.add_member(
            name,
            permissions=permissions,
            administrator=administrator,
            bot=bot,
            locale=locale,
            blocks_bot=blocks_bot,
        )

    def guild(
        self,
        name: str | None = None,
        *,
        locale: str = "en-US",
        present: bool = True,
        bot_permissions: int | None = None,
        member_count: int = 10,
    ) -> Guild:
        """A guild; the bot is there if `present`, with a role that allows `bot_permissions`."""
        guild = self._world.add_guild(
            name,
            locale=locale,
            present=present,
            bot_permissions=bot_permissions,
            member_count=member_count,
        )
        if present:
            self._events.guild_joined(guild)
        return guild

    def channel(self, guild: Guild, *, name: str | None = None, nsfw: bool = False) -> Channel:
        """A text channel, `nsfw` if it is age-restricted."""
        channel = self._world.add_channel(guild, name, nsfw=nsfw)
        self._events.channel_created(channel)
        return channel

    def direct(self, member: Member) -> Channel:
        """The direct messages of a member with the bot."""
        return self._world.direct(member)

    def private(self, *members: Member) -> Channel:
        """A talk between members without the bot, who may have installed it."""
        return self._world.add_private(members)

    def deny(self, channel: Channel, *permissions: Permission) -> None:
        """Take permissions from the bot in a channel; none gives all of them back."""
        channel.denied = sum(permissions)
        self._events.channel_updated(channel)

    def delete_message(self, message: Message) -> None:
        """Somebody deletes a message."""
        self._world.delete_message(message)
        self._events.message_deleted(message)

    def delete_channel(self, channel: Channel) -> None:
        """Somebody deletes a channel."""
        self._world.delete_channel(channel)
        self._events.channel_deleted(channel)

    def kick_bot(self, guild: Guild) -> None:
        """Remove the bot from a guild."""
        guild.present = False
        self._events.guild_left(guild)

    def invite_bot(self, guild: Guild) -> None:
        """Let the bot into a guild."""
        guild.present = True
        self._events.guild_joined(guild)

    def messages(self, channel: Channel, *, seen_by: Member | None = None) -> list[Message]:
        """What anybody, or one member, sees in a channel, oldest first."""
        return [each for each in channel.messages.values() if each.visible_to(seen_by)]

    def message(self, message_id: int) -> Message | None:
        """A message, ephemeral ones too; None where it is gone."""
        return self._world.messages.get(message_id)

    async def connected(self, *, shards: int = 1, seconds: float = 20.0) -> None:
        """Wait until that many sessions are connected. Raises `TimeoutError`."""
        await self.until(lambda: self.gateway.connected() >= shards, seconds=seconds)

    async def until(self, predicate: Callable[[], object], *, seconds: float = 20.0) -> None:
        """Wait until something holds. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while not predicate():  # noqa: ASYNC110 - it may depend on anything
                await asyncio.sleep(0.01)

    def _welcome(self, session: Session) -> tuple[Payload, list[tuple[str, Payload]]]:
        """READY, and the guilds that become available after it."""
        world = self._world
        shard, shards = session.shard
        mine = [
            guild
            for guild in world.guilds.values()
            if guild.present and (guild.id >> 22) % shards == shard
        ]
        ready: Payload = {
            "v": 10,
            "user": {**world.bot.user(), "verified": True, "flags": 0},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in mine],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.gateway_url,
            "shard": [shard, shards],
            "application": {"id": str(world.application_id), "flags": 0},
            "private_channels": [],
        }
        if not session.intents & 1:
            return ready, []
        return ready, [("GUILD_CREATE", guild.payload(world.bot)) for guild in mine]
