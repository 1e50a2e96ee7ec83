"""REST: guilds, channels, messages and reactions."""

from tests.platforms.discord.call import Call, Route
from tests.platforms.discord.drafts import Draft, draft_of
from tests.platforms.discord.emoji import reaction_emoji
from tests.platforms.discord.events import Events
from tests.platforms.discord.message import Message
from tests.platforms.discord.people import Member
from tests.platforms.discord.permissions import Permission
from tests.platforms.discord.places import Channel
from tests.platforms.discord.refusals import InvalidFormError, Reason, RefusalError
from tests.platforms.discord.rules import Payload, whole
from tests.platforms.discord.world import World

__all__ = ["ChannelRoutes"]

_CHANNEL = "/channels/{channel}"
_MESSAGES = "/channels/{channel}/messages"
_MESSAGE = "/channels/{channel}/messages/{message}"
_REACTION = "/channels/{channel}/messages/{message}/reactions/{emoji}"
_MOST_LISTED = 100


class ChannelRoutes:
    """What the bot does in channels, within what it may do there."""

    def __init__(self, *, world: World, events: Events) -> None:
        self._world = world
        self._events = events

    def routes(self) -> list[Route]:
        """All addresses."""
        addresses = [
            ("GET", _CHANNEL, self._channel, "ordinary"),
            ("POST", f"{_CHANNEL}/typing", self._typing, "typing"),
            ("GET", _MESSAGES, self._list, "ordinary"),
            ("POST", _MESSAGES, self._send, "messages"),
            ("GET", _MESSAGE, self._get, "ordinary"),
            ("PATCH", _MESSAGE, self._edit, "message edits"),
            ("DELETE", _MESSAGE, self._delete, "message deletions"),
            ("GET", _REACTION, self._reactions, "ordinary"),
            ("PUT", f"{_REACTION}/@me", self._react, "reactions"),
            ("DELETE", f"{_REACTION}/@me", self._unreact, "reactions"),
            ("DELETE", f"{_REACTION}/{{member}}", self._remove_reaction, "reactions"),
        ]
        return [
            Route(method="GET", path="/guilds/{guild}", handler=self._guild, major="guild"),
            Route(
                method="POST",
                path="/users/@me/channels",
                handler=self._direct,
                bucket="direct messages",
            ),
            *(
                Route(method=method, path=path, handler=handler, bucket=bucket, major="channel")
                for method, path, handler, bucket in addresses
            ),
        ]

    async def _guild(self, call: Call) -> Payload:
        guild = self._world.guilds.get(call.id("guild"))
        if guild is None or not guild.present:
            raise RefusalError(Reason.UNKNOWN_GUILD)
        return guild.payload(self._world.bot)

    async def _direct(self, call: Call) -> Payload:
        recipient = whole(call.form(), "recipient_id", "", least=1, most=(1 << 64) - 1)
        member = self._world.members.get(recipient or 0)
        if member is None:
            raise RefusalError(Reason.UNKNOWN_USER)
        if member.bot:
            raise RefusalError(Reason.CANNOT_SEND_TO_USER)
        return self._world.direct(member).payload()

    async def _channel(self, call: Call) -> Payload:
        return self._where(call).payload()

    async def _typing(self, call: Call) -> None:
        self._where(call, Permission.SEND_MESSAGES)

    async def _list(self, call: Call) -> list[Payload]:
        channel = self._where(call, Permission.READ_MESSAGE_HISTORY)
        limit = whole(dict(call.query), "limit", "", least=1, most=_MOST_LISTED) or 50
        before = whole(dict(call.query), "before", "", least=0, most=(1 << 64) - 1)
        after = whole(dict(call.query), "after", "", least=0, most=(1 << 64) - 1)
        shown = [
            message
            for message in channel.messages.values()
            if not message.ephemeral
            and (before is None or message.id < before)
            and (after is None or message.id > after)
        ]
        page = shown[:limit] if after is not None else shown[-limit:]
        return [message.payload() for message in reversed(page)]

    async def _send(self, call: Call) -> Payload:
        channel = self._where(call, Permission.SEND_MESSAGES)
        if any(member.blocks_bot for member in channel.recipients):
            raise RefusalError(Reason.CANNOT_SEND_TO_USER)
        draft = draft_of(call.form(), call.files)
        self._check_attaching(channel, draft)
        message = self._world.add_message(
            channel, self._world.bot, draft, answered=self._answered(call, channel)
        )
        self._events.message_created(message)
        return message.payload()

    def _answered(self, call: Call, channel: Channel) -> Message | None:
        """The message that is replied to. Raises `RefusalError`."""
        reference = call.form().get("message_reference")
        if reference is None:
            return None
        if not channel.allows(Permission.READ_MESSAGE_HISTORY):
            raise RefusalError(Reason.MISSING_PERMISSIONS)
        path = "message_reference"
        number = whole(reference, "message_id", path, least=1, most=(1 << 64) - 1)
        message = channel.messages.get(number or 0)
        if message is None and reference.get("fail_if_not_exists", True):
            raise InvalidFormError(path, "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return message

    async def _get(self, call: Call) -> Payload:
        return self._message(call, Permission.READ_MESSAGE_HISTORY).payload()

    async def _edit(self, call: Call) -> Payload:
        message = self._message(call)
        if message.author is not self._world.bot:
            raise RefusalError(Reason.NOT_THE_AUTHOR)
        draft = draft_of(call.form(), call.files, before=message.draft)
        if call.files:
            self._check_attaching(message.channel, draft)
        message.edit(draft, at=self._world.now())
        self._events.message_updated(message)
        return message.payload()

    async def _delete(self, call: Call) -> None:
        message = self._message(call)
        if message.author is not self._world.bot:
            self._require(message.channel, Permission.MANAGE_MESSAGES)
        self._world.delete_message(message)
        self._events.message_deleted(message)

    async def _reactions(self, call: Call) -> list[Payload]:
        message = self._message(call, Permission.READ_MESSAGE_HISTORY)
        limit = whole(dict(call.query), "limit", "", least=1, most=_MOST_LISTED) or 25
        after = whole(dict(call.query), "after", "", least=0, most=(1 << 64) - 1) or 0
        members = message.reactions.get(reaction_emoji(call.arguments["emoji"]), {})
        found = sorted(number for number in members if number > after)[:limit]
        return [members[number].user() for number in found]

    async def _react(self, call: Call) -> None:
        message = self._message(call, Permission.READ_MESSAGE_HISTORY)
        emoji = reaction_emoji(call.arguments["emoji"])
        if emoji not in message.reactions:
            self._require(message.channel, Permission.ADD_REACTIONS)
        if message.react(emoji, self._world.bot):
            self._events.reaction_added(message, emoji, self._world.bot)

    async def _unreact(self, call: Call) -> None:
        self._take_back(self._message(call), call, self._world.bot)

    async def _remove_reaction(self, call: Call) -> None:
        message = self._message(call, Permission.MANAGE_MESSAGES)
        member = self._world.members.get(call.id("member"))
        if member is None:
            raise RefusalError(Reason.UNKNOWN_USER)
        self._take_back(message, call, member)

    def _take_back(self, message: Message, call: Call, member: Member) -> None:
        emoji = reaction_emoji(call.arguments["emoji"])
        if message.unreact(emoji, member):
            self._events.reaction_removed(message, emoji, member)

    def _message(self, call: Call, permission: Permission | None = None) -> Message:
        """The message a path names; an ephemeral one exists only for interactions."""
        channel = self._where(call, permission)
        message = channel.messages.get(call.id("message"))
        if message is None or message.ephemeral:
            raise RefusalError(Reason.UNKNOWN_MESSAGE)
        return message

    def _where(self, call: Call, permission: Permission | None = None) -> Channel:
        """The channel a path names, if the bot sees it and may do this there."""
        channel = self._world.channels.get(call.id("channel"))
        if channel is None:
            raise RefusalError(Reason.UNKNOWN_CHANNEL)
        if not channel.reachable() or not channel.allows(Permission.VIEW_CHANNEL):
            raise RefusalError(Reason.MISSING_ACCESS)
        if permission is not None:
            self._require(channel, permission)
        return channel

    def _check_attaching(self, channel: Channel, draft: Draft) -> None:
        if draft.attachments:
            self._require(channel, Permission.ATTACH_FILES)

    @staticmethod
    def _require(channel: Channel, permission: Permission) -> None:
        if not channel.allows(permission):
            raise RefusalError(Reason.MISSING_PERMISSIONS)
