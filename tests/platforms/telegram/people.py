"""What people do: write, press, ask inline, react."""

from collections import Counter
from collections.abc import Iterable

from tests.platforms.telegram.entities import finished
from tests.platforms.telegram.messages import Content, InlineMessage, Message
from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.questions import InlineQuery, Press
from tests.platforms.telegram.reactions import allowed_reactions, reactions_json
from tests.platforms.telegram.state import State
from tests.platforms.telegram.users import User
from tests.platforms.telegram.world import ANONYMOUS_ADMIN, Chat

__all__ = ["People"]


class People:
    """Acts for people, and tells the bot what it would be told."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def say(
        self,
        user: User,
        chat: Chat,
        text: str,
        *,
        thread: int | None = None,
        anonymous: bool = False,
        reply_to: Message | None = None,
    ) -> Message:
        """Write into a chat, in a topic of a forum, or as an anonymous administrator."""
        _require(chat.migrated_to is None, "the group is a supergroup now")
        _require(thread is None or thread in chat.topics, "there is no such topic")
        _require(chat.private or user.id in chat.members, "only members write")
        if thread is not None and reply_to is None:
            # Telegram makes every message of a topic a reply to the message that opened it.
            reply_to = chat.messages[thread]
        message = self._state.add_message(
            chat,
            ANONYMOUS_ADMIN if anonymous else user,
            sender_chat=chat if anonymous else None,
            content=self._content(text),
            thread=thread,
            reply_to=reply_to,
        )
        self._tell_of(message, "message")
        return message

    async def edit(self, message: Message, text: str) -> None:
        """Change one's own message, which the bot is told as `edited_message`."""
        message.show(self._content(text))
        message.edit_date = self._state.world.now()
        self._tell_of(message, "edited_message")

    async def press(
        self, user: User, message: Message, data_or_label: str, *, stale: bool = False
    ) -> Press:
        """Press a button; a `stale` one is on the screen of a person who has not seen the edit.

        Raises `LookupError` if there is no such button.
        """
        data = data_or_label if stale else message.button(data_or_label).data
        _require(data is not None, "the button sends nothing")
        press = self._pressed(user, data or "", message=message)
        if message.chat.bot_is_in:
            told = {"message": message.as_json(), "chat_instance": str(message.chat.id)}
            self._ask(press, told)
        return press

    async def press_inline(self, user: User, inline_message_id: str, data_or_label: str) -> Press:
        """Press a button under an inline message. Raises `LookupError`."""
        inline = self._state.inline_messages[inline_message_id]
        data = inline.button(data_or_label).data or ""
        press = self._pressed(user, data, inline_message_id=inline_message_id)
        told = {"inline_message_id": inline_message_id, "chat_instance": inline_message_id}
        self._ask(press, told)
        return press

    async def inline(self, user: User, query: str, *, chat_type: str = "private") -> InlineQuery:
        """Type the bot's name and something behind it, in any chat."""
        asked = InlineQuery(id=self._state.next_id(), user=user, query=query)
        self._state.inline_queries[asked.id] = asked
        if self._state.options.inline_mode:
            told: Json = {"id": asked.id, "from": user.as_json(), "query": query, "offset": ""}
            self._state.updates.add("inline_query", told | {"chat_type": chat_type})
        return asked

    async def choose(self, user: User, inline_query: InlineQuery, result_id: str) -> str:
        """Send one of the results; the id of the inline message."""
        _require(inline_query.answer is not None, "nothing is offered yet")
        assert inline_query.answer is not None
        content = inline_query.answer.contents[result_id]
        inline = InlineMessage(id=self._state.next_id(), sender=user, content=content)
        self._state.inline_messages[inline.id] = inline
        told: Json = {
            "result_id": result_id,
            "from": user.as_json(),
            "query": inline_query.query,
        }
        if content.keyboard:
            # Without buttons the bot never learns the id of the message.
            told["inline_message_id"] = inline.id
        if self._state.options.inline_feedback:
            self._state.updates.add("chosen_inline_result", told)
        return inline.id

    async def react(
        self,
        user: User,
        message: Message,
        emojis: Iterable[str],
        *,
        anonymous_as: Chat | None = None,
    ) -> int | None:
        """Set a person's whole list of reactions; the id of the update, if the bot is told."""
        new = tuple(emojis)
        chat = message.chat
        _require(not message.deleted, "the message is deleted")
        _require(allowed_reactions(chat).issuperset(new), "the chat does not allow them")
        actor = user if anonymous_as is None else anonymous_as
        old = message.reactions.pop(actor.id, ())
        if new:
            message.reactions[actor.id] = new
        if old == new or not chat.bot_is_in or not (chat.private or chat.bot_is_admin):
            return None
        told: Json = {
            "chat": chat.as_json(),
            "message_id": message.id,
            "date": self._state.world.now(),
        }
        if chat.anonymous_reactions:
            return self._state.updates.add("message_reaction_count", told | _counted(message))
        told["user" if anonymous_as is None else "actor_chat"] = actor.as_json()
        told |= {"old_reaction": reactions_json(old), "new_reaction": reactions_json(new)}
        return self._state.updates.add("message_reaction", told)

    def _content(self, text: str) -> Content:
        return Content(formatted=finished(text, [], knows=self._state.world.users.__contains__))

    def _tell_of(self, message: Message, kind: str) -> None:
        if message.chat.bot_is_in and self._heard(message):
            self._state.updates.add(kind, message.as_json())

    def _heard(self, message: Message) -> bool:
        """Whether the bot may read a message: privacy mode hides what is not meant for it."""
        chat = message.chat
        if chat.private or chat.bot_is_admin or not self._state.options.privacy_mode:
            return True
        if message.reply_to is not None and message.reply_to.sender == self._state.bot:
            return True
        formatted = message.content.formatted
        first = next(iter(formatted.entities), None)
        if first is None or first.type != "bot_command" or first.offset:
            return False
        _, _, addressee = formatted.part(first).partition("@")
        return addressee.lower() in {"", (self._state.bot.username or "").lower()}

    def _pressed(
        self,
        user: User,
        data: str,
        *,
        message: Message | None = None,
        inline_message_id: str | None = None,
    ) -> Press:
        press = Press(
            id=self._state.next_id(),
            user=user,
            data=data,
            message=message,
            inline_message_id=inline_message_id,
        )
        self._state.presses[press.id] = press
        return press

    def _ask(self, press: Press, told: Json) -> None:
        asked = {"id": press.id, "from": press.user.as_json(), "data": press.data}
        self._state.updates.add("callback_query", asked | told)


def _require(possible: bool, otherwise: str) -> None:
    """A test asks for what cannot happen."""
    if not possible:
        raise ValueError(otherwise)


def _counted(message: Message) -> Json:
    """How often each reaction was given."""
    counts = Counter(emoji for emojis in message.reactions.values() for emoji in emojis)
    reactions = [
        {"type": {"type": "emoji", "emoji": emoji}, "total_count": number}
        for emoji, number in counts.items()
    ]
    return {"reactions": reactions}
