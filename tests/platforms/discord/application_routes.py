"""REST: the bot itself, the gateway's address, and the application commands."""

from collections.abc import Callable

from tests.platforms.discord.call import Call, Route
from tests.platforms.discord.refusals import Reason, RefusalError
from tests.platforms.discord.rules import Payload
from tests.platforms.discord.world import World

__all__ = ["ApplicationRoutes"]

_EVERYWHERE = "/applications/{application}/commands"
_IN_GUILD = "/applications/{application}/guilds/{guild}/commands"


class ApplicationRoutes:
    """`gateway_url` gives the address for WebSockets, `shards` how many are recommended."""

    def __init__(self, *, world: World, gateway_url: Callable[[], str], shards: int) -> None:
        self._world = world
        self._gateway_url = gateway_url
        self._shards = shards

    def routes(self) -> list[Route]:
        """All addresses."""
        return [
            Route(method="GET", path="/users/@me", handler=self._me),
            Route(method="GET", path="/oauth2/applications/@me", handler=self._application),
            Route(method="GET", path="/applications/@me", handler=self._application),
            Route(method="GET", path="/gateway", handler=self._gateway, whole_bot=False),
            Route(method="GET", path="/gateway/bot", handler=self._gateway_bot),
            *self._command_routes(_EVERYWHERE),
            *self._command_routes(_IN_GUILD),
        ]

    def _command_routes(self, path: str) -> list[Route]:
        one = path + "/{command}"
        addresses = [
            ("GET", path, self._list),
            ("PUT", path, self._overwrite),
            ("POST", path, self._upsert),
            ("GET", one, self._get),
            ("PATCH", one, self._change),
            ("DELETE", one, self._delete),
        ]
        return [
            Route(method=method, path=where, handler=handler, bucket="commands", major="guild")
            for method, where, handler in addresses
        ]

    async def _me(self, _: Call) -> Payload:
        return {**self._world.bot.user(), "verified": True, "locale": "en-US", "flags": 0}

    async def _application(self, _: Call) -> Payload:
        return self._world.application()

    async def _gateway(self, _: Call) -> Payload:
        return {"url": self._gateway_url()}

    async def _gateway_bot(self, _: Call) -> Payload:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        return {
            "url": self._gateway_url(),
            "shards": self._shards,
            "session_start_limit": limit,
        }

    async def _list(self, call: Call) -> list[Payload]:
        return self._world.commands.listed(self._place(call))

    async def _overwrite(self, call: Call) -> list[Payload]:
        return self._world.commands.overwrite(self._place(call), call.body)

    async def _upsert(self, call: Call) -> Payload:
        return self._world.commands.upsert(self._place(call), call.form())

    async def _get(self, call: Call) -> Payload:
        return self._world.commands.get(self._place(call), call.id("command"))

    async def _change(self, call: Call) -> Payload:
        return self._world.commands.change(self._place(call), call.id("command"), call.form())

    async def _delete(self, call: Call) -> None:
        self._world.commands.delete(self._place(call), call.id("command"))

    def _place(self, call: Call) -> int | None:
        """The guild a command is for, if it is for one. Raises `RefusalError`."""
        if call.id("application") != self._world.application_id:
            raise RefusalError(Reason.UNKNOWN_APPLICATION)
        if "guild" not in call.arguments:
            return None
        guild = self._world.guilds.get(call.id("guild"))
        if guild is None or not guild.present:
            raise RefusalError(Reason.MISSING_ACCESS)
        return guild.id
