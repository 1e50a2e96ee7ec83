"""Votes, flags and the note's button: what members press under jokes."""

import logging

from telegram import CallbackQuery, Update
from telegram.error import TelegramError

from bot.fronts.actions import Action, Actions, Verb
from bot.fronts.telegram.askers import Asker, Askers, post_of
from bot.fronts.telegram.callbacks import answer
from bot.fronts.telegram.delivery import Delivery
from bot.fronts.telegram.faults import GoneError, UncertainError
from bot.fronts.telegram.turns import Turns
from bot.fronts.voting import Voting
from bot.fronts.wording import Wording
from bot.service import JokeService
from bot.store.port import UnknownJoke
from bot.store.record_port import Post, Records

__all__ = ["Presses"]

_log = logging.getLogger("punchline.telegram")


class Presses:
    """Obeys buttons; `turns` keeps a member's votes on a message in the order they were cast."""

    def __init__(
        self,
        *,
        service: JokeService,
        records: Records,
        actions: Actions,
        voting: Voting,
        askers: Askers,
        delivery: Delivery,
        turns: Turns,
    ) -> None:
        self._service = service
        self._records = records
        self._actions = actions
        self._voting = voting
        self._askers = askers
        self._delivery = delivery
        self._turns = turns

    async def press(self, update: Update, query: CallbackQuery, data: str) -> None:
        """Obey a button under a joke."""
        post = post_of(query)
        async with self._turns.turn((post, str(query.from_user.id))):
            asker = await self._askers.of_press(query)
            action = self._actions.read(data)
            if action is None:
                text = Wording(words=asker.words).unknown_button()
            elif action.verb is Verb.SHOW:
                text = await self._show(action, post, asker)
            else:
                text = await self._vote(action, post, asker, event=update.update_id)
        await answer(query, text)

    async def _vote(self, action: Action, post: Post, asker: Asker, *, event: int) -> str:
        try:
            await self._know(action.joke_id, post)
        except UnknownJoke:
            return Wording(words=asker.words).unknown_joke()
        moderator = action.verb is Verb.FLAG and await self._askers.is_admin(asker)
        return await self._voting.press(
            action, asker.member, event=event, moderator=moderator, words=asker.words
        )

    async def _know(self, joke_id: int, post: Post) -> None:
        """Take down where a joke is shown, if that got lost. Raises `UnknownJoke`."""
        if await self._records.joke_at(post) is None:
            await self._service.shown(joke_id)
            await self._records.posted(joke_id, post)

    async def _show(self, action: Action, post: Post, asker: Asker) -> str:
        wording = Wording(words=asker.words)
        try:
            await self._delivery.show(action.joke_id, post)
        except UnknownJoke:
            return wording.unknown_joke()
        except (GoneError, UncertainError, TelegramError) as error:
            _log.warning("Joke %d could not be shown: %s", action.joke_id, error)
            return wording.stumbled()
        return ""
