"""What members do: commands, buttons, menus, modals, reactions."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.platforms.discord.components import LABEL, ROW, TEXT_INPUT, find, parts
from tests.platforms.discord.drafts import Draft
from tests.platforms.discord.events import Events
from tests.platforms.discord.interaction import Interaction, Kind
from tests.platforms.discord.message import Message
from tests.platforms.discord.options import ImpossibleError, command_data
from tests.platforms.discord.people import Member
from tests.platforms.discord.permissions import Permission
from tests.platforms.discord.places import BOT_DM, GUILD, PRIVATE, Channel
from tests.platforms.discord.rules import Payload
from tests.platforms.discord.world import World

__all__ = ["Actions"]

_GUILD_INSTALL, _USER_INSTALL = range(2)
_ATTACHMENT_LIMIT = 10 * 1024 * 1024
_BUTTON = 2
_LINK = 5


class Actions:
    """Does what members do, and tells the bot; what their client would not let them do raises
    `ImpossibleError`.
    """

    def __init__(self, *, world: World, events: Events) -> None:
        self._world = world
        self._events = events
        self._modals: dict[tuple[int, str], Interaction] = {}

    def opened(self, interaction: Interaction) -> None:
        """A member sees a modal from now on."""
        if interaction.modal is not None:
            self._modals[interaction.member.id, interaction.modal["custom_id"]] = interaction

    async def slash(
        self,
        name: str,
        *,
        member: Member,
        channel: Channel,
        options: Mapping[str, Any] | None = None,
        locale: str | None = None,
        guild_locale: str | None = None,
        user_installed: bool = False,
        interaction_id: int | None = None,
    ) -> Interaction:
        """Use a command; "settings tier" is a subcommand.

        Members and channels may be values of `options`. Where the bot is not, the command is the
        one that the member has installed, which `user_installed` asks for elsewhere.
        """
        command, path = self._command(name, member, channel, user_installed)
        return self._interact(
            Kind.COMMAND,
            member,
            channel,
            command_data(command, path, options or {}),
            locale=locale,
            guild_locale=guild_locale,
            user_installed=user_installed,
            interaction_id=interaction_id,
        )

    async def autocomplete(
        self,
        name: str,
        *,
        member: Member,
        channel: Channel,
        focused: str,
        options: Mapping[str, Any],
        locale: str | None = None,
        seconds: float = 20.0,
    ) -> list[Payload]:
        """Type into the option `focused`; returns the choices. Raises `TimeoutError`."""
        command, path = self._command(name, member, channel, False)
        data = command_data(command, path, options, focused=focused)
        interaction = self._interact(Kind.COMPLETION, member, channel, data, locale=locale)
        await interaction.acknowledgement(seconds=seconds)
        return interaction.choices or []

    async def press(
        self, message: Message, which: str, member: Member, *, locale: str | None = None
    ) -> Interaction:
        """Press a button, named by custom id, label or emoji."""
        button = self._component(message, which, member)
        if button["type"] != _BUTTON or button.get("style") == _LINK:
            raise ImpossibleError(f"{which!r} is no button of the bot's.")
        return self._use(message, button, {}, member, locale)

    async def choose(
        self,
        message: Message,
        custom_id: str,
        values: Sequence[str],
        member: Member,
        *,
        locale: str | None = None,
    ) -> Interaction:
        """Choose from a select menu."""
        menu = self._component(message, custom_id, member)
        offered = {option["value"] for option in menu.get("options", ())}
        if not set(values) <= offered:
            raise ImpossibleError(f"{values} are not all in {sorted(offered)}.")
        least, most = menu.get("min_values"), menu.get("max_values")
        if not (1 if least is None else least) <= len(values) <= (most or 1):
            raise ImpossibleError(f"{len(values)} may not be chosen.")
        return self._use(message, menu, {"values": list(values)}, member, locale)

    async def submit(
        self, custom_id: str, fields: Mapping[str, Any], member: Member
    ) -> Interaction:
        """Send a modal that is open, with its `fields` by custom id."""
        opener = self._modals.pop((member.id, custom_id), None)
        if opener is None or opener.modal is None:
            raise ImpossibleError(f"{member.name} sees no modal {custom_id!r}.")
        unknown = set(fields) - {part["custom_id"] for part in parts(opener.modal["components"])}
        if unknown:
            raise ImpossibleError(f"The modal has no {sorted(unknown)}.")
        rows = [_filled_row(row, fields) for row in opener.modal["components"]]
        data = {"custom_id": custom_id, "components": rows}
        return self._interact(Kind.MODAL, member, opener.channel, data, source=opener.source)

    def deliver_again(self, interaction: Interaction) -> None:
        """Send the very same event once more."""
        self._events.interaction_created(interaction)

    async def say(self, channel: Channel, member: Member, content: str) -> Message:
        """Write a message."""
        message = self._world.add_message(channel, member, Draft(content=content))
        self._events.message_created(message)
        return message

    async def react(self, message: Message, emoji: str, member: Member) -> None:
        """Add a reaction."""
        if message.deleted or message.ephemeral:
            raise ImpossibleError("Nobody can react to that message.")
        if message.react(emoji, member):
            self._events.reaction_added(message, emoji, member)

    async def unreact(self, message: Message, emoji: str, member: Member) -> None:
        """Take a reaction back."""
        if message.unreact(emoji, member):
            self._events.reaction_removed(message, emoji, member)

    def _command(
        self, name: str, member: Member, channel: Channel, user_installed: bool
    ) -> tuple[Payload, list[str]]:
        """The command that the member is offered for a name, and the subcommands in it."""
        first, *path = name.split()
        guild_id = None if channel.guild is None else channel.guild.id
        command = self._world.commands.usable(first, guild_id)
        if command is None:
            raise ImpossibleError(f"There is no /{first} here.")
        install = _install(channel, user_installed)
        if "guild_id" not in command and not _offered(command, channel, install):
            raise ImpossibleError(f"/{first} is not offered here.")
        needed = command["default_member_permissions"]
        if channel.guild is not None and needed is not None and not _may(member, int(needed)):
            raise ImpossibleError(f"{member.name} may not use /{first}.")
        if command["nsfw"] and channel.guild is not None and not channel.nsfw:
            raise ImpossibleError(f"/{first} is for age-restricted channels.")
        return command, path

    @staticmethod
    def _component(message: Message, which: str, member: Member) -> Payload:
        if message.deleted or not message.visible_to(member):
            raise ImpossibleError(f"{member.name} does not see that message.")
        component = find(message.components, which)
        if component is None or component.get("disabled"):
            raise ImpossibleError(f"{which!r} cannot be used in {message.components}.")
        return component

    def _use(
        self,
        message: Message,
        component: Payload,
        chosen: Payload,
        member: Member,
        locale: str | None,
    ) -> Interaction:
        data = {
            "custom_id": component["custom_id"],
            "component_type": component["type"],
            "id": 1,
            **chosen,
        }
        return self._interact(
            Kind.COMPONENT, member, message.channel, data, locale=locale, source=message
        )

    def _interact(
        self,
        kind: Kind,
        member: Member,
        channel: Channel,
        data: Payload,
        *,
        locale: str | None = None,
        guild_locale: str | None = None,
        user_installed: bool = False,
        interaction_id: int | None = None,
        source: Message | None = None,
    ) -> Interaction:
        payload: Payload = {
            "application_id": str(self._world.application_id),
            "type": int(kind),
            "version": 1,
            "data": data,
            "channel_id": str(channel.id),
            "channel": {**channel.payload(), "permissions": str(member.allowed())},
            "locale": locale or member.locale,
            "app_permissions": str(channel.bot_permissions()),
            "attachment_size_limit": _ATTACHMENT_LIMIT,
            "entitlements": [],
            "context": channel.context,
            "authorizing_integration_owners": _owners(member, channel, user_installed),
        }
        if channel.guild is None:
            payload["user"] = member.user()
        else:
            payload["member"] = {**member.payload(), "permissions": str(member.allowed())}
            payload["guild_id"] = str(channel.guild.id)
            payload["guild"] = channel.guild.partial()
            payload["guild_locale"] = guild_locale or channel.guild.locale
        if source is not None:
            payload["message"] = source.payload()
        interaction = self._world.add_interaction(
            kind, member, channel, payload, interaction_id=interaction_id, source=source
        )
        self._events.interaction_created(interaction)
        return interaction


def _install(channel: Channel, user_installed: bool) -> int:
    reachable = channel.reachable() and not user_installed
    return _GUILD_INSTALL if reachable else _USER_INSTALL


def _owners(member: Member, channel: Channel, user_installed: bool) -> Payload:
    """Who let the application in: the guild (0 in direct messages) or the member."""
    if _install(channel, user_installed) == _USER_INSTALL:
        return {str(_USER_INSTALL): str(member.id)}
    return {str(_GUILD_INSTALL): "0" if channel.guild is None else str(channel.guild.id)}


def _offered(command: Payload, channel: Channel, install: int) -> bool:
    """Whether a command for everywhere is offered in a place like this one."""
    contexts = command["contexts"]
    if contexts is None:
        contexts = [GUILD, BOT_DM, PRIVATE] if command["dm_permission"] else [GUILD]
    return channel.context in contexts and install in (command["integration_types"] or [0])


def _may(member: Member, needed: int) -> bool:
    if not needed:
        return bool(member.permissions & Permission.ADMINISTRATOR)
    return member.allowed() & needed == needed


def _filled_row(row: Payload, fields: Mapping[str, Any]) -> Payload:
    """A row of a modal as the client sends it."""
    if row["type"] == LABEL:
        return {"type": LABEL, "id": 1, "component": _filled(row["component"], fields)}
    return {"type": ROW, "id": 1, "components": [_filled(part, fields) for part in parts([row])]}


def _filled(part: Payload, fields: Mapping[str, Any]) -> Payload:
    custom_id = part["custom_id"]
    filled: Payload = {"type": part["type"], "id": 1, "custom_id": custom_id}
    if part["type"] != TEXT_INPUT:
        return {**filled, "values": list(fields.get(custom_id, ()))}
    value = fields.get(custom_id, part.get("value") or "")
    least = part.get("min_length") or (1 if part.get("required", True) else 0)
    if value and not least <= len(value) <= (part.get("max_length") or 4000):
        raise ImpossibleError(f"{custom_id} does not take {len(value)} characters.")
    if not value and part.get("required", True):
        raise ImpossibleError(f"{custom_id} is required.")
    return {**filled, "value": value}
