"""Who and what there is: users, chats, their members and topics."""

import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.platforms.telegram.messages import Message
from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.users import User

__all__ = ["ANONYMOUS_ADMIN", "Chat", "ChatAction", "World"]

ANONYMOUS_ADMIN = User(id=1087968824, first_name="Group", username="GroupAnonymousBot", is_bot=True)
"""Who messages of anonymous administrators are from."""

_FIRST_USER = 5_000_000_001
_FIRST_SUPERGROUP = 1_000_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatAction:
    """`typing` and its like: `time` is that of `time.monotonic`."""

    action: str
    thread: int | None
    time: float


@dataclass(eq=False, kw_only=True)
class Chat:
    """A private chat, a group or a supergroup; a forum is a supergroup with `topics`.

    `bot` is the bot's standing: member, administrator, restricted, left or kicked. `forbidden`
    holds what a restricted bot may not send: text, photo, document, reaction.
    `available_reactions` is None where all are. `topics` are names by thread id, `closed` the
    closed ones. `sent` are the bot's own messages.
    """

    id: int
    type: str
    title: str = ""
    user: User | None = None
    members: dict[int, User] = field(default_factory=dict)
    admins: dict[int, User] = field(default_factory=dict)
    bot: str = "member"
    forbidden: frozenset[str] = frozenset()
    forum: bool = False
    available_reactions: frozenset[str] | None = None
    anonymous_reactions: bool = False
    topics: dict[int, str] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    migrated_to: int | None = None
    deleted: bool = False
    messages: dict[int, Message] = field(default_factory=dict, repr=False)
    sent: list[Message] = field(default_factory=list, repr=False)
    actions: list[ChatAction] = field(default_factory=list, repr=False)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    @property
    def private(self) -> bool:
        """Whether one user talks to the bot alone."""
        return self.type == "private"

    @property
    def bot_is_admin(self) -> bool:
        """Whether the bot is an administrator."""
        return self.bot == "administrator"

    @property
    def bot_is_in(self) -> bool:
        """Whether the bot hears anything at all."""
        return self.bot in {"member", "administrator", "restricted"}

    def next_id(self) -> int:
        """The id of the next message; ids of different chats do coincide."""
        return next(self._ids)

    def as_json(self) -> Json:
        """The `Chat` object."""
        if self.user is not None:
            named = {"first_name": self.user.first_name}
            if self.user.username:
                named["username"] = self.user.username
            return {"id": self.id, "type": self.type, **named}
        forum = {"is_forum": True} if self.forum else {}
        return {"id": self.id, "type": self.type, "title": self.title, **forum}


class World:
    """All users and chats the bot could ever meet, each found by its id at once."""

    def __init__(self, bot: User) -> None:
        self.bot = bot
        self.users: dict[int, User] = {bot.id: bot, ANONYMOUS_ADMIN.id: ANONYMOUS_ADMIN}
        self.chats: dict[int, Chat] = {}
        self._usernames: dict[str, User] = {}
        self._user_ids = itertools.count(_FIRST_USER)
        self._group_ids = itertools.count(1001)

    def user(self, *, first_name: str, username: str | None, language_code: str | None) -> User:
        """A new user, who has not started the bot yet."""
        user = User(
            id=next(self._user_ids),
            first_name=first_name,
            username=username,
            language_code=language_code,
        )
        self.users[user.id] = user
        if username:
            self._usernames[username.lower()] = user
        return user

    def named(self, username: str) -> User | None:
        """The user with a username, without its @."""
        return self._usernames.get(username.lower())

    def private(self, user: User) -> Chat:
        """The private chat of a user, which starts the bot if it was not."""
        return self.chats.setdefault(user.id, Chat(id=user.id, type="private", user=user))

    def group(
        self,
        title: str,
        *,
        supergroup: bool,
        members: Iterable[User] = (),
        admins: Iterable[User] = (),
    ) -> Chat:
        """A new group."""
        number = next(self._group_ids)
        administrators = {user.id: user for user in admins}
        chat = Chat(
            id=-(_FIRST_SUPERGROUP + number) if supergroup else -number,
            type="supergroup" if supergroup else "group",
            title=title,
            members=administrators | {user.id: user for user in members},
            admins=administrators,
        )
        self.chats[chat.id] = chat
        return chat

    def now(self) -> int:
        """The time as Telegram gives it, Unix seconds."""
        return int(time.time())
