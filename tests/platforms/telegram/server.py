"""The server as tests use it."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from tests.platforms.telegram.endpoint import Endpoint
from tests.platforms.telegram.events import Events
from tests.platforms.telegram.faults import Faults
from tests.platforms.telegram.limits import Flood, FloodLimits
from tests.platforms.telegram.messages import InlineMessage, Message
from tests.platforms.telegram.people import People
from tests.platforms.telegram.questions import Press
from tests.platforms.telegram.requests import Requests
from tests.platforms.telegram.state import Options, State
from tests.platforms.telegram.updates import Updates
from tests.platforms.telegram.users import User
from tests.platforms.telegram.webhook import Webhook
from tests.platforms.telegram.world import Chat, ChatAction, World

__all__ = ["TelegramServer"]

_TOKEN = "1234567890:AAtestTokenOfALocalServer-123456789"
_LOOK_SECONDS = 0.01


class TelegramServer(People, Events):
    """A Bot API server on 127.0.0.1, with one bot and a world of people around it.

    An async context manager that lives in the test's own event loop. Documented at
    https://core.telegram.org/bots/api. `People` and `Events` hold what happens in its world.
    """

    def __init__(
        self,
        *,
        username: str = "punchline_bot",
        token: str = _TOKEN,
        privacy_mode: bool = True,
        inline_mode: bool = True,
        inline_feedback: bool = True,
        limits: FloodLimits | None = None,
        keep_requests: bool = True,
        callback_seconds: float = 60.0,
        inline_seconds: float = 15.0,
        webhook_pause: float = 0.2,
    ) -> None:
        self.token = token
        self.username = username
        self.requests = Requests(kept=keep_requests)
        bot_id = int(token.partition(":")[0])
        updates = Updates()
        state = State(
            options=Options(
                privacy_mode=privacy_mode,
                inline_mode=inline_mode,
                inline_feedback=inline_feedback,
                callback_seconds=callback_seconds,
                inline_seconds=inline_seconds,
            ),
            world=World(User(id=bot_id, first_name="Punchline", username=username, is_bot=True)),
            updates=updates,
            webhook=Webhook(updates, pause=webhook_pause),
            flood=Flood(limits or FloodLimits()),
        )
        super().__init__(state)
        self._endpoint = Endpoint(token=token, state=state, requests=self.requests)

    async def __aenter__(self) -> Self:
        await self._endpoint.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._endpoint.stop()

    @property
    def base_url(self) -> str:
        """What goes before the token: `http://127.0.0.1:PORT/bot`."""
        return f"http://127.0.0.1:{self._endpoint.port}/bot"

    @property
    def faults(self) -> Faults:
        """What shall go wrong."""
        return self._endpoint.faults

    @property
    def updates(self) -> Updates:
        """What is on its way to the bot."""
        return self._state.updates

    @property
    def webhook(self) -> Webhook:
        """Where updates are brought, if the bot wants that."""
        return self._state.webhook

    @property
    def commands(self) -> dict[tuple[str, str], dict[str, str]]:
        """Command and description, by scope and language."""
        return self._state.commands

    @property
    def descriptions(self) -> dict[tuple[str, str], str]:
        """Names and descriptions of the bot, by method and language."""
        return self._state.descriptions

    @property
    def answered(self) -> Sequence[Press]:
        """The presses that were answered, in the order of their answers."""
        return self._state.answered

    @property
    def inline_messages(self) -> dict[str, InlineMessage]:
        """What people sent through inline mode, by id."""
        return self._state.inline_messages

    @property
    def bot(self) -> User:
        """The bot."""
        return self._state.bot

    def user(
        self,
        first_name: str = "Somebody",
        *,
        username: str | None = None,
        language_code: str | None = "en",
    ) -> User:
        """A new person, who has not started the bot yet."""
        return self._state.world.user(
            first_name=first_name, username=username, language_code=language_code
        )

    def private(self, user: User) -> Chat:
        """The private chat of a person, who thereby has started the bot."""
        return self._state.world.private(user)

    def group(
        self,
        title: str = "Group",
        *,
        members: Iterable[User] = (),
        admins: Iterable[User] = (),
        bot_is_admin: bool = False,
        bot_is_in: bool = True,
        supergroup: bool = False,
        forum: bool = False,
        available_reactions: Iterable[str] | None = None,
        anonymous_reactions: bool = False,
    ) -> Chat:
        """A group the bot has long been in; a forum is a supergroup. The first admin owns it."""
        chat = self._state.world.group(
            title, supergroup=supergroup or forum, members=members, admins=admins
        )
        if not bot_is_in:
            chat.bot = "left"
        elif bot_is_admin:
            chat.bot = "administrator"
        chat.forum = forum
        chat.anonymous_reactions = anonymous_reactions
        if available_reactions is not None:
            chat.available_reactions = frozenset(available_reactions)
        return chat

    def messages(self, chat: Chat, *, deleted: bool = False) -> list[Message]:
        """What the bot sent into a chat, oldest first; with `deleted` also what is gone again."""
        return [message for message in chat.sent if deleted or not message.deleted]

    def actions(self, chat: Chat) -> Sequence[ChatAction]:
        """Typing and its like in a chat."""
        return chat.actions

    async def until(self, condition: Callable[[], object], seconds: float = 20) -> None:
        """Wait until a condition holds; fails when it does not come true."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not come true: {self.requests.refused()}"
            await asyncio.sleep(_LOOK_SECONDS)

    async def polled(self, seconds: float = 20) -> None:
        """Wait until the bot waits for updates, by polling or with a webhook."""
        await self.until(lambda: self.updates.polling or self.webhook.url, seconds)
