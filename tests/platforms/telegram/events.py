"""What befalls chats: the bot comes and goes, groups grow, messages vanish."""

from tests.platforms.telegram.members import bot_member_json
from tests.platforms.telegram.messages import Message
from tests.platforms.telegram.state import State
from tests.platforms.telegram.users import User
from tests.platforms.telegram.world import ANONYMOUS_ADMIN, Chat

__all__ = ["Events"]

_EVERYTHING = ("text", "photo", "document", "reaction")


class Events:
    """Changes the world, and tells the bot what it would be told."""

    def __init__(self, state: State) -> None:
        self._state = state

    def topic(self, chat: Chat, name: str = "Topic") -> int:
        """Open a topic in a forum; its `message_thread_id`."""
        if not chat.forum:
            raise ValueError("only a forum has topics")
        created = {"name": name, "icon_color": 7322096}
        message = self._service(chat, _somebody(chat), {"forum_topic_created": created})
        message.thread = message.id
        chat.topics[message.id] = name
        self._state.updates.add("message", message.as_json())
        return message.id

    def close_topic(self, chat: Chat, thread: int) -> None:
        """Let only administrators write there."""
        chat.closed.add(thread)

    def delete_topic(self, chat: Chat, thread: int) -> None:
        """Take a topic away with all its messages."""
        del chat.topics[thread]
        for message in chat.messages.values():
            if message.thread == thread:
                message.deleted = True

    def migrate(self, group: Chat) -> Chat:
        """Make a supergroup of a group: with another id, the same people and the same rights."""
        if group.type != "group":
            raise ValueError("only a basic group can be upgraded")
        supergroup = self._state.world.group(
            group.title,
            supergroup=True,
            members=group.members.values(),
            admins=group.admins.values(),
        )
        supergroup.bot, supergroup.forbidden = group.bot, group.forbidden
        supergroup.available_reactions = group.available_reactions
        goodbye = self._service(group, _somebody(group), {"migrate_to_chat_id": supergroup.id})
        group.migrated_to = supergroup.id
        hello = self._service(supergroup, ANONYMOUS_ADMIN, {"migrate_from_chat_id": group.id})
        hello.sender_chat = supergroup
        if supergroup.bot_is_in:
            for message in (goodbye, hello):
                self._state.updates.add("message", message.as_json())
        return supergroup

    def kick_bot(self, chat: Chat) -> None:
        """Throw the bot out of a group."""
        self._become(chat, "kicked")

    def add_bot(self, chat: Chat) -> None:
        """Invite the bot into a group."""
        self._become(chat, "member")

    def block_bot(self, user: User) -> None:
        """Block the bot in one's private chat."""
        self._become(self._state.world.private(user), "kicked")

    def unblock_bot(self, user: User) -> None:
        """Start the bot again."""
        self._become(self._state.world.private(user), "member")

    def promote_bot(self, chat: Chat) -> None:
        """Make the bot an administrator."""
        self._become(chat, "administrator")

    def demote_bot(self, chat: Chat) -> None:
        """Make the bot a plain member."""
        self._become(chat, "member")

    def restrict_bot(self, chat: Chat, *kinds: str) -> None:
        """Forbid the bot to send text, photo, document, reaction: those named, or all of them."""
        self._become(chat, "restricted", frozenset(kinds or _EVERYTHING))

    def delete_message(self, message: Message) -> None:
        """Take a message away; no bot is told of that."""
        message.deleted = True

    def delete_chat(self, chat: Chat) -> None:
        """Take a whole group away; no bot is told of that."""
        chat.deleted = True

    def deliver_again(self, update_id: int) -> None:
        """Bring an update once more, as if its confirmation had been lost. Raises `KeyError`."""
        self._state.updates.add_again(update_id)

    def _service(self, chat: Chat, sender: User, raw: dict[str, object]) -> Message:
        return self._state.add_message(chat, sender, raw=raw)

    def _become(self, chat: Chat, status: str, forbidden: frozenset[str] = frozenset()) -> None:
        """Change the bot's standing in a chat."""
        old = bot_member_json(chat, self._state.bot, chat.bot)
        chat.bot, chat.forbidden = status, forbidden
        told = {
            "chat": chat.as_json(),
            "from": _somebody(chat).as_json(),
            "date": self._state.world.now(),
            "old_chat_member": old,
            "new_chat_member": bot_member_json(chat, self._state.bot, status),
        }
        self._state.updates.add("my_chat_member", told)


def _somebody(chat: Chat) -> User:
    """Who did it: the person of a private chat, an administrator if there is one."""
    people = [chat.user, *chat.admins.values(), *chat.members.values()]
    return next((user for user in people if user is not None), ANONYMOUS_ADMIN)
