"""/retrain, /models, /rollback, and the admins' decision about a trial."""

import logging

from telegram.error import TelegramError

from bot.fronts.actions import Actions
from bot.fronts.deciding import Deciding, refused_sentence
from bot.fronts.following import Following
from bot.fronts.telegram.askers import Asker
from bot.fronts.telegram.faults import GoneError, UncertainError
from bot.fronts.telegram.run_pages import TelegramPage
from bot.fronts.telegram.run_texts import RunTexts, run_wording
from bot.fronts.telegram.sender import Sender
from bot.fronts.wording import Wording
from bot.learning import Learner, LearningRefused
from bot.store.record_port import Post

__all__ = ["Schooling"]

_log = logging.getLogger("punchline.telegram")


class Schooling:
    """What admins may do about learning.

    Methods raise `StoreUnavailable`, `LearningRefused` and what sending raises.
    """

    def __init__(
        self,
        *,
        learner: Learner,
        actions: Actions,
        sender: Sender,
        texts: RunTexts,
        following: Following,
    ) -> None:
        self._learner = learner
        self._actions = actions
        self._sender = sender
        self._texts = texts
        self._following = following
        self._deciding = Deciding(learner=learner)

    async def retrain(self, asker: Asker) -> None:
        """Begin, and let the answer show how it goes; or say how the one that goes on stands."""
        try:
            run = await self._learner.retrain()
        except LearningRefused as refused:
            report = await self._learner.report()
            if report is None or report.ended:
                raise
            sentence = refused_sentence(refused, asker.words)
            text, _ = self._texts.run(report, asker.words, before=(sentence,))
            await self._sender.say(asker.spot, text)
            return
        post = await self._sender.say(asker.spot, run_wording(asker.words).began())
        page = TelegramPage(
            post=post,
            thread=asker.spot.thread,
            sender=self._sender,
            texts=self._texts,
            words=asker.words,
        )
        self._following.follow(run, page)

    async def cancel(self, asker: Asker) -> None:
        """End the run that goes on."""
        await self._learner.cancel()
        await self._sender.say(asker.spot, run_wording(asker.words).cancelled())

    async def models(self, asker: Asker) -> None:
        """Every version."""
        lines = await self._learner.models()
        await self._sender.say(asker.spot, self._texts.models(lines, asker.words))

    async def roll_back(self, asker: Asker, version: str) -> None:
        """Serve an earlier version again, by default the one before."""
        serves = await self._learner.roll_back(version or None)
        await self._sender.say(asker.spot, run_wording(asker.words).rolled_back(serves))

    async def decide(self, asker: Asker, post: Post, data: str) -> str:
        """Do what a button decides; returns what came of it."""
        decision = self._actions.read_decision(data)
        if decision is None:
            return Wording(words=asker.words).unknown_button()
        sentence = await self._deciding.decide(decision, asker.words)
        report = await self._learner.report()
        if report is not None and report.run.id == decision.run:
            text, keyboard = self._texts.run(report, asker.words)
            try:
                await self._sender.edit(post, text, keyboard=keyboard, attempts=1)
            except (GoneError, UncertainError, TelegramError) as error:
                _log.info("What was decided could not be shown: %s", error)
        return sentence
