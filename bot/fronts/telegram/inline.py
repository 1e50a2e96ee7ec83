"""Inline mode: the bot's name and a topic, typed in any chat."""

import asyncio
import logging

from telegram import (
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
    Update,
)
from telegram.error import TelegramError

from bot.fronts.actions import Actions
from bot.fronts.telegram.askers import Asker, Askers
from bot.fronts.telegram.keyboards import vote_keyboard
from bot.fronts.telegram.texts import plain
from bot.jokes import Answer, Declined, Joke, JokeRequest, Reason
from bot.languages import Words
from bot.phrases import sentence
from bot.service import JokeService
from bot.store.port import Tally

__all__ = ["Inline"]

_PAUSE_SECONDS = 0.7
_DEADLINE_SECONDS = 8.0
_PREVIEW_CHARACTERS = 120
_START = "inline"

_log = logging.getLogger("punchline.telegram")


class Inline:
    """Offers one joke to whoever stops typing; going on typing gives the request up."""

    def __init__(self, *, service: JokeService, askers: Askers, actions: Actions) -> None:
        self._service = service
        self._askers = askers
        self._actions = actions
        self._latest: dict[int, asyncio.Task[None]] = {}

    async def query(self, update: Update) -> None:
        """Answer a query, unless a newer one of the same user comes."""
        query = update.inline_query
        if query is None:
            return
        user_id = query.from_user.id
        if earlier := self._latest.get(user_id):
            earlier.cancel()
        task = asyncio.create_task(self._answer(query, str(update.update_id)), name="inline")
        self._latest[user_id] = task
        try:
            # Waited for without being awaited: cancelled by a newer query is no error.
            await asyncio.wait({task})
        finally:
            task.cancel()
            if self._latest.get(user_id) is task:
                del self._latest[user_id]
        if not task.cancelled():
            task.result()

    async def _answer(self, query: InlineQuery, origin: str) -> None:
        await asyncio.sleep(_PAUSE_SECONDS)
        asker = await self._askers.of_user(query.from_user)
        answer = await self._tell(asker, query.query, origin)
        results = [] if isinstance(answer, Declined) else [self._result(answer, asker.words)]
        button = None
        if isinstance(answer, Declined):
            text = sentence(answer, asker.words)
            button = InlineQueryResultsButton(text, start_parameter=_START)
        try:
            await query.answer(results, cache_time=0, is_personal=True, button=button)
        except TelegramError as error:
            _log.info("An inline query could not be answered: %s", error)

    async def _tell(self, asker: Asker, topic: str, origin: str) -> Answer:
        request = JokeRequest(
            community=asker.community,
            member=asker.member,
            topic=topic.strip() or None,
            origin=origin,
            by_admin=True,
        )
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                return await self._service.tell(request)
        except TimeoutError:
            return Declined(reason=Reason.DEADLINE)

    def _result(self, joke: Joke, words: Words) -> InlineQueryResultArticle:
        keyboard: InlineKeyboardMarkup = vote_keyboard(
            self._actions, joke.id, Tally(up=0, down=0, flags=0)
        )
        return InlineQueryResultArticle(
            id=str(joke.id),
            title=words.say("A joke"),
            description=joke.text[:_PREVIEW_CHARACTERS],
            input_message_content=InputTextMessageContent(
                plain(joke.text), link_preview_options=LinkPreviewOptions(is_disabled=True)
            ),
            reply_markup=keyboard,
        )
