"""What messages about learning look like."""

from collections.abc import Sequence

from telegram import InlineKeyboardMarkup

from bot.fronts.actions import Actions
from bot.fronts.model_table import model_lines
from bot.fronts.news import News, RolledBack
from bot.fronts.run_wording import RunWording
from bot.fronts.tables import shortened
from bot.fronts.telegram.keyboards import decision_keyboard
from bot.fronts.telegram.texts import LONGEST, Script, script
from bot.languages import Words
from bot.learning import ModelLine, RunReport
from finetune.gate.verdict import Verdict

__all__ = ["RunTexts", "run_wording"]

_LONGEST_QUOTE = 400
_ROOM_FOR_THE_REST = 100


def run_wording(words: Words) -> RunWording:
    """Sentences about runs, in which nothing from elsewhere takes up all the room."""
    return RunWording(words=words, quote=lambda text: shortened(text, _LONGEST_QUOTE))


class RunTexts:
    """Draws them: texts, and the buttons below."""

    def __init__(self, *, actions: Actions) -> None:
        self._actions = actions

    def news(self, news: News, words: Words) -> tuple[Script, InlineKeyboardMarkup | None]:
        """Something that the admins are told of."""
        if isinstance(news, RolledBack):
            return script(run_wording(words).rolled_back_by_itself(news.version, news.failed)), None
        return self.run(news, words)

    def run(
        self, report: RunReport, words: Words, *, before: Sequence[str] = ()
    ) -> tuple[Script, InlineKeyboardMarkup | None]:
        """How a run stands, after some lines of text."""
        sheet = run_wording(words).sheet(report)
        keyboard = decision_keyboard(self._actions, report.run.id, words) if sheet.asks else None
        text = script(
            "\n".join((*before, *sheet.head)),
            table="\n".join(sheet.table),
            rest="\n".join(sheet.rest),
        )
        return text, keyboard

    @staticmethod
    def samples(verdict: Verdict, words: Words) -> str:
        """Jokes of both versions; empty if there are none."""
        return "\n\n".join(run_wording(words).pairs(verdict))

    @staticmethod
    def models(lines: Sequence[ModelLine], words: Words) -> Script:
        """/models."""
        (heading, *table), more = model_lines(lines, words, room=LONGEST - _ROOM_FOR_THE_REST)
        return script(words.say("My versions:"), table="\n".join((heading, *table)), rest=more)
