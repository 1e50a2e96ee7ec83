"""/retrain, /models, /rollback and /pause, for the admins of the bot."""

from collections.abc import Awaitable, Collection

from telegram import CallbackQuery, Message, Update

from bot.fronts.deciding import refused_sentence
from bot.fronts.telegram.askers import Asker, Askers, post_of
from bot.fronts.telegram.callbacks import answer
from bot.fronts.telegram.schooling import Schooling
from bot.fronts.telegram.sender import Sender
from bot.fronts.wording import Wording
from bot.learning import LearningRefused
from bot.pausing import Pause

__all__ = ["Administration"]

_CANCEL = "cancel"


class Administration:
    """`admins` are the ids of the users who may."""

    def __init__(
        self,
        *,
        schooling: Schooling,
        pause: Pause,
        admins: Collection[str],
        askers: Askers,
        sender: Sender,
    ) -> None:
        self._schooling = schooling
        self._pause = pause
        self._admins = admins
        self._askers = askers
        self._sender = sender

    async def retrain(self, update: Update, message: Message, rest: str) -> None:
        """Begin to learn from the votes, or stop."""
        if asker := await self._admin(message):
            wants_end = rest.strip().lower() == _CANCEL
            work = self._schooling.cancel if wants_end else self._schooling.retrain
            await self._unless_refused(asker, work(asker))

    async def models(self, update: Update, message: Message, rest: str) -> None:
        """Every version, and what members made of it."""
        if asker := await self._admin(message):
            await self._schooling.models(asker)

    async def roll_back(self, update: Update, message: Message, rest: str) -> None:
        """Serve an earlier version again."""
        if asker := await self._admin(message):
            await self._unless_refused(asker, self._schooling.roll_back(asker, rest.strip()))

    async def press(self, update: Update, query: CallbackQuery, data: str) -> None:
        """Obey the buttons under a trial, if an admin pressed them."""
        asker = await self._askers.of_press(query)
        if asker.member in self._admins:
            sentence = await self._schooling.decide(asker, post_of(query), data)
        else:
            sentence = Wording(words=asker.words).for_admins_of_the_bot()
        await answer(query, sentence, alert=True)

    async def pause(self, update: Update, message: Message, rest: str) -> None:
        """Stop telling jokes, or go on."""
        if asker := await self._admin(message):
            await self._pause.set(not self._pause.on)
            await self._say(asker, Wording(words=asker.words).paused(self._pause.on))

    async def _admin(self, message: Message) -> Asker | None:
        """Who asks, if they may; whoever may not is told so."""
        asker = await self._askers.of_message(message)
        if asker.member in self._admins:
            return asker
        await self._say(asker, Wording(words=asker.words).for_admins_of_the_bot())
        return None

    async def _unless_refused(self, asker: Asker, work: Awaitable[None]) -> None:
        try:
            await work
        except LearningRefused as refused:
            await self._say(asker, refused_sentence(refused, asker.words))

    async def _say(self, asker: Asker, text: str) -> None:
        await self._sender.say(asker.spot, text)
