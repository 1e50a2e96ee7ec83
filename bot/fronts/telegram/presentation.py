"""How a joke looks in a chat: its text, its votes, and the ways to vote on it."""

import logging

from telegram import Bot, InlineKeyboardMarkup
from telegram.error import BadRequest, TelegramError

from bot.communities import Communities, VoteStyle
from bot.fronts.actions import Actions
from bot.fronts.telegram.keyboards import flag_keyboard, vote_keyboard
from bot.fronts.telegram.members import Members
from bot.fronts.telegram.reports import CANNOT_REACT, HEARS_NO_REACTIONS, Reports
from bot.fronts.telegram.sender import INLINE
from bot.fronts.telegram.spots import described
from bot.fronts.telegram.texts import plain
from bot.fronts.wording import Wording
from bot.languages import Languages
from bot.store.port import ShownJoke
from bot.store.record_port import Post

__all__ = ["Presentation"]

_THUMB = "👍"

_log = logging.getLogger("punchline.telegram")


class Presentation:
    """Buttons, reactions, or both, as a community chose and Telegram permits."""

    def __init__(
        self,
        *,
        bot: Bot,
        actions: Actions,
        members: Members,
        communities: Communities,
        languages: Languages,
        reports: Reports,
    ) -> None:
        self._bot = bot
        self._actions = actions
        self._members = members
        self._communities = communities
        self._languages = languages
        self._reports = reports
        self._refusing: set[str] = set()

    async def render(self, shown: ShownJoke, place: str) -> tuple[str, InlineKeyboardMarkup | None]:
        """The text and the buttons of a joke in a place. Raises `StoreUnavailable`."""
        if shown.hidden:
            language = (await self._communities.settings(shown.community)).language
            return Wording(words=self._languages.of(language)).hidden(), None
        tally = shown.tally
        if await self._style(shown, place) is not VoteStyle.REACTIONS:
            return shown.text, vote_keyboard(self._actions, shown.id, tally)
        votes = f"\n\n👍 {tally.up} · 👎 {tally.down}" if tally.up or tally.down else ""
        return plain(shown.text, ending=votes), flag_keyboard(self._actions, shown.id)

    async def invite(self, shown: ShownJoke, post: Post) -> bool:
        """Put the bot's own reaction under a message, for members to add theirs.

        A bot may put one (https://core.telegram.org/bots/api#setmessagereaction). False when the
        chat turned out not to permit it, so that the message must be rendered again.
        """
        style = await self._style(shown, post.place)
        if style is VoteStyle.BUTTONS:
            await self._say_what_is_missing(shown, post)
            return True
        try:
            await self._bot.set_message_reaction(int(post.place), int(post.message), _THUMB)
        except BadRequest as error:
            _log.info("No reactions in %s: %s", described(post.place), error)
            self._refusing.add(post.place)
            await self._reports.missing(int(post.place), shown.community, CANNOT_REACT)
            return style is not VoteStyle.REACTIONS
        except TelegramError as error:
            _log.info("A reaction could not be put: %s", error)
        return True

    def rights_changed(self, place: str) -> None:
        """Reactions may be permitted now."""
        self._refusing.discard(place)

    async def _say_what_is_missing(self, shown: ShownJoke, post: Post) -> None:
        chosen = (await self._communities.settings(shown.community)).vote_style
        if chosen is VoteStyle.REACTIONS and post.place not in self._refusing:
            await self._reports.missing(int(post.place), shown.community, HEARS_NO_REACTIONS)

    async def _style(self, shown: ShownJoke, place: str) -> VoteStyle:
        """What was chosen; buttons where reactions are not put or not heard of."""
        chosen = (await self._communities.settings(shown.community)).vote_style
        if chosen is VoteStyle.BUTTONS or place == INLINE or place in self._refusing:
            return VoteStyle.BUTTONS
        private = not place.startswith("-")
        if private or await self._members.bot_runs(int(place)):
            return chosen
        return VoteStyle.BUTTONS
