"""What the gateway tells a bot when something happens."""

from tests.platforms.discord.emoji import wire_emoji
from tests.platforms.discord.gateway import Gateway
from tests.platforms.discord.intents import Intent
from tests.platforms.discord.interaction import Interaction
from tests.platforms.discord.message import Message
from tests.platforms.discord.people import Member
from tests.platforms.discord.permissions import Permission
from tests.platforms.discord.places import Channel, Guild
from tests.platforms.discord.rules import Payload

__all__ = ["Events"]

_MESSAGE_INTENTS = Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES
_REACTION_INTENTS = Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS


class Events:
    """Turns what happened into gateway events, for the intents that cover them."""

    def __init__(self, *, gateway: Gateway, bot: Member) -> None:
        self._gateway = gateway
        self._bot = bot

    def message_created(self, message: Message) -> None:
        """Somebody wrote; in guilds the text of others is blank, as without the intent for it."""
        self._about_message("MESSAGE_CREATE", message)

    def message_updated(self, message: Message) -> None:
        """A message has changed."""
        self._about_message("MESSAGE_UPDATE", message)

    def message_deleted(self, message: Message) -> None:
        """A message is gone."""
        if not message.ephemeral:
            payload = {"id": str(message.id), **message.channel.location()}
            self._in_channel("MESSAGE_DELETE", message.channel, payload, *_MESSAGE_INTENTS)

    def reaction_added(self, message: Message, emoji: str, member: Member) -> None:
        """Somebody reacted, maybe the bot itself."""
        payload = self._reaction(message, emoji, member)
        payload["message_author_id"] = str(message.author.id)
        if message.channel.guild is not None:
            payload["member"] = member.payload()
        self._in_channel("MESSAGE_REACTION_ADD", message.channel, payload, *_REACTION_INTENTS)

    def reaction_removed(self, message: Message, emoji: str, member: Member) -> None:
        """A reaction is gone."""
        payload = self._reaction(message, emoji, member)
        self._in_channel("MESSAGE_REACTION_REMOVE", message.channel, payload, *_REACTION_INTENTS)

    def channel_created(self, channel: Channel) -> None:
        """A guild has one more channel."""
        self._about_channel("CHANNEL_CREATE", channel)

    def channel_updated(self, channel: Channel) -> None:
        """A channel has changed, or what the bot may do there."""
        self._about_channel("CHANNEL_UPDATE", channel)

    def channel_deleted(self, channel: Channel) -> None:
        """A channel is gone."""
        self._about_channel("CHANNEL_DELETE", channel)

    def guild_joined(self, guild: Guild) -> None:
        """The bot has been invited."""
        payload = guild.payload(self._bot)
        self._gateway.dispatch("GUILD_CREATE", payload, guild_id=guild.id, intent=Intent.GUILDS)

    def guild_left(self, guild: Guild) -> None:
        """The bot has been kicked."""
        payload = {"id": str(guild.id)}
        self._gateway.dispatch("GUILD_DELETE", payload, guild_id=guild.id, intent=Intent.GUILDS)

    def interaction_created(self, interaction: Interaction) -> None:
        """A member wants something of the bot; no intent is needed."""
        guild = interaction.channel.guild
        self._gateway.dispatch(
            "INTERACTION_CREATE",
            interaction.payload,
            guild_id=None if guild is None else guild.id,
        )

    def _about_message(self, event: str, message: Message) -> None:
        if message.ephemeral:
            return
        channel = message.channel
        payload = {**message.payload(), **channel.location()}
        if channel.guild is not None:
            payload["member"] = message.author.payload()
        if message.author is not self._bot and channel.guild is not None:
            blank: Payload = {"content": "", "embeds": [], "attachments": [], "components": []}
            payload |= blank
        self._in_channel(event, channel, payload, *_MESSAGE_INTENTS)

    def _about_channel(self, event: str, channel: Channel) -> None:
        if channel.guild is not None and channel.guild.present:
            guild_id = channel.guild.id
            self._gateway.dispatch(
                event, channel.payload(), guild_id=guild_id, intent=Intent.GUILDS
            )

    def _in_channel(
        self, event: str, channel: Channel, payload: Payload, guild: Intent, direct: Intent
    ) -> None:
        """Send it if the bot is in the channel and sees it."""
        if not channel.reachable() or not channel.allows(Permission.VIEW_CHANNEL):
            return
        self._gateway.dispatch(
            event,
            payload,
            guild_id=None if channel.guild is None else channel.guild.id,
            intent=direct if channel.guild is None else guild,
        )

    @staticmethod
    def _reaction(message: Message, emoji: str, member: Member) -> Payload:
        return {
            "user_id": str(member.id),
            "message_id": str(message.id),
            "emoji": wire_emoji(emoji),
            "burst": False,
            "type": 0,
            **message.channel.location(),
        }
