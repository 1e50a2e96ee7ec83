"""What messages about learning look like."""

from collections.abc import Sequence

import discord

from bot.fronts.actions import Actions, Decision
from bot.fronts.discord.buttons import button
from bot.fronts.discord.escaping import LONGEST_MESSAGE, excerpt
from bot.fronts.discord.faces import Face
from bot.fronts.model_table import model_lines
from bot.fronts.news import News, RolledBack
from bot.fronts.run_wording import RunWording
from bot.languages import Words
from bot.learning import ModelLine, RunReport
from finetune.gate.verdict import Verdict

__all__ = ["RunFaces", "run_wording"]

_LONGEST_QUOTE = 240
_FENCE = "```"
_ROOM_FOR_THE_REST = 100


def run_wording(words: Words) -> RunWording:
    """Sentences about runs in which nothing formats, links or pings."""
    return RunWording(words=words, quote=lambda text: excerpt(text, _LONGEST_QUOTE))


class RunFaces:
    """Draws them, never longer than Discord takes."""

    def __init__(self, *, actions: Actions) -> None:
        self._actions = actions

    def news(self, news: News, words: Words) -> Face:
        """Something that the admins are told of."""
        if isinstance(news, RolledBack):
            sentence = run_wording(words).rolled_back_by_itself(news.version, news.failed)
            return Face(content=sentence, view=None, reactions=False)
        return self.run(news, words)

    def run(self, report: RunReport, words: Words, *, before: Sequence[str] = ()) -> Face:
        """How a run stands, after some lines of text."""
        wording = run_wording(words)
        sheet = wording.sheet(report)
        lines = _fitting((*before, *sheet.head), LONGEST_MESSAGE)
        if sheet.table:
            room = LONGEST_MESSAGE - _length(lines) - len(_fenced([])) - 1
            lines.append(_fenced(_fitting(sheet.table, room)))
        lines += _fitting(sheet.rest, LONGEST_MESSAGE - _length(lines) - 1)
        view = self._decision(report.run.id, wording) if sheet.asks else None
        return Face(content="\n".join(lines), view=view, reactions=False)

    @staticmethod
    def samples(verdict: Verdict, words: Words) -> str:
        """Jokes of both versions; empty if there are none."""
        return "\n".join(_fitting(run_wording(words).pairs(verdict), LONGEST_MESSAGE))

    @staticmethod
    def models(lines: Sequence[ModelLine], words: Words) -> str:
        """/models."""
        table, more = model_lines(lines, words, room=LONGEST_MESSAGE - _ROOM_FOR_THE_REST)
        return f"{_fenced(table)}\n{more}"

    def _decision(self, run: int, wording: RunWording) -> discord.ui.View:
        view = discord.ui.View(timeout=None)
        for promote, label, style in (
            (True, wording.promote(), discord.ButtonStyle.success),
            (False, wording.keep(), discord.ButtonStyle.secondary),
        ):
            data = self._actions.decision_data(Decision(run=run, promote=promote))
            view.add_item(button(data, label=label, style=style))
        return view


def _fenced(lines: Sequence[str]) -> str:
    """Where every character is as wide as the next, and none ends that too early."""
    return "\n".join((_FENCE, *(line.replace("`", "ˋ") for line in lines), _FENCE))


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    """The first of the lines, as many as have room."""
    found: list[str] = []
    for line in lines:
        if _length([*found, line]) > room:
            break
        found.append(line)
    return found


def _length(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines) - bool(lines)
