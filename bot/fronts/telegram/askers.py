"""Who wrote or pressed something, where, and in which language they are answered."""

from dataclasses import dataclass

from telegram import CallbackQuery, Chat, Message, Update, User

from bot.communities import Communities
from bot.fronts.telegram.members import Members
from bot.fronts.telegram.sender import INLINE, TELEGRAM
from bot.fronts.telegram.spots import Spot
from bot.jokes import Community
from bot.languages import Languages, Words
from bot.store.record_port import Post, Records

__all__ = ["Asker", "Askers", "post_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """A member of a community at a spot.

    `member` is the id of the user, or "chat:" and its id for whoever speaks as a chat; `for_group`
    holds for a group's anonymous administrators, `inline` for those who use the bot in a chat it
    does not know: they are taken to be in their private chat.
    """

    community: Community
    member: str
    spot: Spot
    words: Words
    user_id: int | None
    for_group: bool = False
    inline: bool = False


class Askers:
    """Finds out. Methods raise `StoreUnavailable`."""

    def __init__(
        self,
        *,
        communities: Communities,
        languages: Languages,
        records: Records,
        members: Members,
    ) -> None:
        self._communities = communities
        self._languages = languages
        self._records = records
        self._members = members

    async def of_message(self, message: Message) -> Asker:
        """The author of a message."""
        spot = Spot(
            chat_id=message.chat.id,
            thread=message.message_thread_id if message.is_topic_message else None,
            reply_to=message.message_id,
        )
        speaker = message.sender_chat
        if speaker is not None:
            return await self._asker(
                message.chat.id,
                spot,
                None,
                member=f"chat:{speaker.id}",
                for_group=speaker.id == message.chat.id,
            )
        return await self._asker(message.chat.id, spot, message.from_user)

    async def of_press(self, query: CallbackQuery) -> Asker:
        """Whoever pressed a button; under an inline message, in their own private community."""
        if query.message is None:
            return await self.of_user(query.from_user)
        chat: Chat = query.message.chat
        thread = None
        if isinstance(query.message, Message) and query.message.is_topic_message:
            thread = query.message.message_thread_id
        return await self._asker(chat.id, Spot(chat_id=chat.id, thread=thread), query.from_user)

    async def of_user(self, user: User) -> Asker:
        """Somebody who is in a chat the bot does not know."""
        return await self._asker(user.id, Spot(chat_id=user.id), user, inline=True)

    async def is_admin(self, asker: Asker) -> bool:
        """Whether they run their community; everybody runs their private chat."""
        if asker.inline or asker.for_group:
            return asker.for_group
        if asker.spot.private:
            return True
        return asker.user_id is not None and await self._members.runs(
            asker.spot.chat_id, asker.user_id
        )

    def community(self, chat_id: int) -> Community:
        """The community of a group, or of a person's private chat, whose id is not written down."""
        if chat_id < 0:
            return Community(front=TELEGRAM, key=str(chat_id))
        return Community(
            front=TELEGRAM, key=f"dm:{self._records.pseudonym(TELEGRAM, str(chat_id))}"
        )

    def words(self, update: Update) -> Words:
        """The language of whoever an update is from, when their community cannot be asked."""
        user = update.effective_user
        return self._languages.of(user.language_code if user else None)

    async def _asker(
        self,
        chat_id: int,
        spot: Spot,
        user: User | None,
        *,
        member: str = "",
        for_group: bool = False,
        inline: bool = False,
    ) -> Asker:
        community = self.community(chat_id)
        chosen = (await self._communities.settings(community)).language
        return Asker(
            community=community,
            member=str(user.id) if user else member,
            spot=spot,
            words=self._languages.of(chosen, user.language_code if user else None),
            user_id=user.id if user else None,
            for_group=for_group,
            inline=inline,
        )


def post_of(query: CallbackQuery) -> Post:
    """The message whose button was pressed."""
    if query.message is None:
        return Post(front=TELEGRAM, place=INLINE, message=query.inline_message_id or "")
    place, message = str(query.message.chat.id), str(query.message.message_id)
    return Post(front=TELEGRAM, place=place, message=message)
