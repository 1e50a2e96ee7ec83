"""An admin's decision about the challenger of a trial."""

from bot.fronts.actions import Decision
from bot.languages import Words
from bot.learning import Learner, LearningRefused, RunReport

__all__ = ["Deciding", "refused_sentence"]


def refused_sentence(refused: LearningRefused, words: Words) -> str:
    """Why something about learning cannot be done, in a member's language."""
    return words.say(refused.text, **refused.values)


class Deciding:
    """The same for a button on any platform and for a typed command."""

    def __init__(self, *, learner: Learner) -> None:
        self._learner = learner

    async def decide(self, decision: Decision, words: Words) -> str:
        """Do it, and say what came of it. Raises `StoreUnavailable`.

        A button may be older than the trial that goes on; it then decides nothing.
        """
        report = await self._learner.report()
        if report is None or report.run.id != decision.run:
            return words.say("That trial is over.")
        return await self.decide_now(report, promote=decision.promote, words=words)

    async def decide_now(self, report: RunReport | None, *, promote: bool, words: Words) -> str:
        """The same for the trial that goes on, if there is one."""
        if report is None or report.ended:
            return words.say("That trial is over.")
        trial = report.trial
        if trial is None:
            return words.say("The trial has not begun yet; try again in a moment.")
        try:
            await self._learner.decide(trial.challenger, promote=promote)
        except LearningRefused as refused:
            return refused_sentence(refused, words)
        serves = trial.challenger if promote else trial.champion
        return words.say("So be it: {version} it is.", version=serves)
