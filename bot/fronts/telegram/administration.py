"""/retrain, /models, /rollback and /pause, for the admins of the bot."""

from collections.abc import Collection

from telegram import Message, Update

from bot.fronts.telegram.askers import Asker, Askers
from bot.fronts.telegram.sender import Sender
from bot.fronts.wording import Wording
from bot.learning import Learner, LearningRefused
from bot.pausing import Pause

__all__ = ["Administration"]


class Administration:
    """`admins` are the ids of the users who may."""

    def __init__(
        self,
        *,
        learner: Learner,
        pause: Pause,
        admins: Collection[str],
        askers: Askers,
        sender: Sender,
    ) -> None:
        self._learner = learner
        self._pause = pause
        self._admins = admins
        self._askers = askers
        self._sender = sender

    async def retrain(self, update: Update, message: Message, rest: str) -> None:
        """Begin to learn from the votes."""
        if (asker := await self._admin(message)) is None:
            return
        try:
            await self._learner.retrain()
        except LearningRefused as refused:
            await self._say(asker, asker.words.say(str(refused)))
        else:
            await self._say(asker, Wording(words=asker.words).retraining())

    async def models(self, update: Update, message: Message, rest: str) -> None:
        """Every version, and what members made of it."""
        if asker := await self._admin(message):
            lines = Wording(words=asker.words).models(await self._learner.models())
            await self._say(asker, "\n".join(lines))

    async def roll_back(self, update: Update, message: Message, rest: str) -> None:
        """Serve an earlier version again."""
        if (asker := await self._admin(message)) is None:
            return
        try:
            await self._learner.roll_back(rest.strip() or None)
        except LearningRefused as refused:
            await self._say(asker, asker.words.say(str(refused)))
        else:
            await self._say(asker, Wording(words=asker.words).rolled_back())

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

    async def _say(self, asker: Asker, text: str) -> None:
        await self._sender.say(asker.spot, text)
