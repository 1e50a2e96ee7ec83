"""Brings answers to those who asked, each joke once."""

import logging

from telegram.error import TelegramError

from bot.fronts.actions import Actions
from bot.fronts.postings import Postings
from bot.fronts.telegram.faults import GoneError, UncertainError
from bot.fronts.telegram.keyboards import show_keyboard
from bot.fronts.telegram.presentation import Presentation
from bot.fronts.telegram.reports import CANNOT_SEND, Reports
from bot.fronts.telegram.sender import Sender
from bot.fronts.telegram.spots import Spot
from bot.fronts.wording import Wording
from bot.jokes import Answer, Community, Declined, Joke, Reason
from bot.languages import Words
from bot.phrases import sentence
from bot.service import JokeService
from bot.store.port import ShownJoke, StoreUnavailable, Tally
from bot.store.record_port import Post, Records

__all__ = ["Delivery"]

_NOTES = 3

_log = logging.getLogger("punchline.telegram")


class Delivery:
    """Telegram cannot be asked whether a message arrived, so one that may have is not repeated.

    In its stead comes a note with a button that shows the joke.
    """

    def __init__(
        self,
        *,
        service: JokeService,
        records: Records,
        sender: Sender,
        actions: Actions,
        presentation: Presentation,
        reports: Reports,
        postings: Postings,
    ) -> None:
        self._postings = postings
        self._service = service
        self._records = records
        self._sender = sender
        self._actions = actions
        self._presentation = presentation
        self._reports = reports

    async def answer(
        self,
        answer: Answer,
        *,
        spot: Spot,
        community: Community,
        words: Words,
        placeholder: Post | None = None,
    ) -> None:
        """Say a joke or why there is none, in the placeholder's stead if there is one."""
        if isinstance(answer, Declined):
            if answer.reason is not Reason.DUPLICATE:
                await self.say(sentence(answer, words), spot=spot, placeholder=placeholder)
            return
        shown = _new(answer, community)
        try:
            with self._postings.under_way(str(spot.chat_id)):
                post = await self._put(shown, spot, placeholder)
                await self._remember(answer.id, post)
        except UncertainError:
            await self.note(answer.id, spot=spot, words=words)
        except GoneError as gone:
            await self._settled(answer.id)
            if gone.silenced:
                await self._reports.missing(spot.chat_id, community, CANNOT_SEND)
        else:
            await self._invite(shown, post)

    async def say(self, text: str, *, spot: Spot, placeholder: Post | None = None) -> None:
        """Say a sentence; one that gets lost is not worth more than a line in the log."""
        try:
            if placeholder is None:
                await self._sender.say(spot, text)
            else:
                await self._sender.edit(placeholder, text)
        except (GoneError, UncertainError, TelegramError) as error:
            _log.info("A sentence could not be said: %s", error)

    async def note(self, joke_id: int, *, spot: Spot, words: Words) -> None:
        """Say that a joke may have got lost, with a button that shows it."""
        keyboard = show_keyboard(self._actions, joke_id, words)
        text = Wording(words=words).perhaps_lost()
        for _ in range(_NOTES):
            try:
                await self._sender.say(spot, text, keyboard=keyboard)
            except UncertainError:
                continue
            except GoneError:
                pass
            await self._settled(joke_id)
            return
        _log.warning("Joke %d may not have arrived; the next start will say so there.", joke_id)

    async def show(self, joke_id: int, post: Post) -> None:
        """Turn a note into the joke. Raises `UnknownJoke`, `GoneError` and `UncertainError`."""
        shown = await self._service.shown(joke_id)
        text, keyboard = await self._presentation.render(shown, post.place)
        await self._sender.edit(post, text, keyboard=keyboard)
        await self._remember(joke_id, post)
        if not shown.hidden:
            await self._invite(shown, post)

    async def _put(self, shown: ShownJoke, spot: Spot, placeholder: Post | None) -> Post:
        text, keyboard = await self._presentation.render(shown, str(spot.chat_id))
        if placeholder is not None:
            try:
                await self._sender.edit(placeholder, text, keyboard=keyboard)
            except GoneError:
                _log.info("The message with the place in line is gone.")
            else:
                return placeholder
        return await self._sender.say(spot, text, keyboard=keyboard)

    async def _invite(self, shown: ShownJoke, post: Post) -> None:
        if await self._presentation.invite(shown, post):
            return
        text, keyboard = await self._presentation.render(shown, post.place)
        try:
            await self._sender.edit(post, text, keyboard=keyboard)
        except (GoneError, UncertainError) as error:
            _log.info("Buttons could not be put under joke %d: %s", shown.id, error)

    async def _remember(self, joke_id: int, post: Post) -> None:
        try:
            await self._records.posted(joke_id, post)
        except StoreUnavailable as error:
            # The first press of a button makes up for it.
            _log.error("Where joke %d is shown could not be kept: %s", joke_id, error)

    async def _settled(self, joke_id: int) -> None:
        try:
            await self._service.delivered(joke_id)
        except StoreUnavailable as error:
            _log.error("The delivery of joke %d could not be kept: %s", joke_id, error)


def _new(joke: Joke, community: Community) -> ShownJoke:
    return ShownJoke(
        id=joke.id,
        community=community,
        text=joke.text,
        tally=Tally(up=0, down=0, flags=0),
        hidden=False,
    )
